"""The interface that every scheme fills, and the schemes that are known."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from proximity.protocol import bluezone, gaen
from proximity.protocol.advertisement import Structure, decode_structures
from proximity.protocol.carrier import DEFAULT_PROFILE, Carrier, DeploymentProfile
from proximity.protocol.ephemeral_id import Disclosure, EphemeralId


class Scheme(Protocol):
    """A key schedule with its wire format; a module fills it.

    Attributes
    ----------
    NAME : str
        Lower case, as in `Sighting.scheme`.
    """

    NAME: str

    def ids_of_day(self, secret: bytes, day: int, /) -> tuple[EphemeralId, ...]:
        """Derive the IDs of a UTC day number from that day's secret."""
        ...

    def disclose_day(self, secret: bytes, day: int, /) -> Disclosure:
        """Return what is published for a case, and what that gives away."""
        ...

    def encode_advertisement(self, ephemeral_id: bytes, metadata: bytes, /) -> bytes:
        """Encode the advertisement; `metadata` is empty where a scheme has none."""
        ...

    def decode_advertisement(
        self, structures: Sequence[Structure], profile: DeploymentProfile, /
    ) -> tuple[bytes, bytes, Carrier] | None:
        """Find the ephemeral ID, its metadata and carrier; None if it is another's."""
        ...


@dataclass(frozen=True, slots=True)
class Recognised:
    """An advertisement of a known scheme.

    Attributes
    ----------
    scheme : str
        Name of the scheme.
    ephemeral_id : bytes
        16 bytes for gaen, 12 for bluezone.
    metadata : bytes
        Encrypted metadata; 4 bytes for gaen, none if a 128-bit service UUID carried
        the ID; empty for schemes that have none.
    carrier : Carrier
        Where in the advertising data they were.
    """

    scheme: str
    ephemeral_id: bytes
    metadata: bytes
    carrier: Carrier

    def __repr__(self) -> str:
        """Tell the scheme, never the ID."""
        return f"<Recognised {self.scheme}>"


KNOWN_SCHEMES: tuple[Scheme, ...] = (gaen, bluezone)


def recognise(
    data: bytes, profile: DeploymentProfile = DEFAULT_PROFILE
) -> Recognised | None:
    """Find out which scheme sent an advertisement, and its ephemeral ID.

    Parameters
    ----------
    data : bytes
        Advertising data, 0..1,650 bytes.
    profile : DeploymentProfile
        The numbers under which IDs of this deployment are sent.

    Returns
    -------
    Recognised or None
        None if it is well-formed and of no known scheme, or carries no ID.

    Raises
    ------
    FormatError
        If the advertising data or the scheme's part of it is malformed.
    """
    structures = decode_structures(data)
    for scheme in KNOWN_SCHEMES:
        heard = scheme.decode_advertisement(structures, profile)
        if heard is not None:
            return Recognised(scheme.NAME, *heard)
    return None
