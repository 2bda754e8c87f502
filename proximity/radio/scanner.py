"""The interface of every scanner, and what it yields."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Protocol

from proximity.errors import FormatError
from proximity.protocol import advertisement, gaen
from proximity.protocol.advertisement import decode_structures
from proximity.protocol.carrier import DEFAULT_PROFILE, Carrier, DeploymentProfile
from proximity.protocol.reception import LEAST_RSSI_DBM, MOST_RSSI_DBM
from proximity.protocol.scheme import Recognised, recognise
from proximity.protocol.sighting import Sighting
from proximity.radio.capabilities import Capabilities


@dataclass(frozen=True, slots=True)
class Heard:
    """One advertisement, as the radio reports it; hostile until it is recognised.

    What it carries is decoded when it is asked for, each time anew: most of what is
    on air is never asked, and a recording keeps the bytes.

    Attributes
    ----------
    t_wall_ms, t_monotonic_ms : int
        When it was heard, by the clock that the scanner was given.
    data : bytes
        Advertising data as heard; where a system hands over fields only, joined anew.
    rssi_dbm : int | None
        -127..20, or None where it was not measured.
    address : bytes | None
        The sender's 6-byte address, most significant first, if known.
    backend : str
        Which kind of scanner heard it, for example "linux-mgmt".
    profile : DeploymentProfile
        Whose IDs the scanner listens for.
    carrier : Carrier | None
        Where the ID travelled; None if no known scheme sent it, or it is malformed.
    payload : bytes | None
        The ID and its metadata: 20 bytes, or 16 in a service UUID, of gaen, 12 of
        bluezone; None where the carrier is.
    tx_power_dbm : int | None
        -127..127, where the advertisement states it in the clear. gaen states it in
        its metadata, which opens with a diagnosis key only.
    """

    t_wall_ms: int
    t_monotonic_ms: int
    data: bytes = field(repr=False)
    rssi_dbm: int | None
    address: bytes | None = field(repr=False)
    backend: str
    profile: DeploymentProfile = field(default=DEFAULT_PROFILE, repr=False)

    @property
    def carrier(self) -> Carrier | None:
        """Where the ID travelled."""
        sent = _recognised(self)
        return None if sent is None else sent.carrier

    @property
    def payload(self) -> bytes | None:
        """The ID and its metadata."""
        sent = _recognised(self)
        return None if sent is None else sent.ephemeral_id + sent.metadata

    @property
    def tx_power_dbm(self) -> int | None:
        """Transmit power that is stated in the clear."""
        try:
            return advertisement.tx_power_dbm(decode_structures(self.data))
        except FormatError:
            return None


@dataclass(frozen=True, slots=True)
class ScanReport:
    """A listening period that has ended, also one that heard nothing.

    Attributes
    ----------
    start_ms, end_ms : int
        Unix milliseconds, start <= end.
    monotonic_ms : int
        Monotonic milliseconds at the start.
    backend : str
        Which kind of scanner listened.
    duty : float
        0..1, the share of the period in which the receiver was on.
    """

    start_ms: int
    end_ms: int
    monotonic_ms: int
    backend: str
    duty: float


class Scanner(Protocol):
    """A receiver of advertisements."""

    @property
    def capabilities(self) -> Capabilities:
        """What this scanner can do."""
        ...

    def listen(self, seconds: float) -> AsyncIterator[Heard | ScanReport]:
        """Listen once, for so long; another scan may follow, never at the same time.

        Parameters
        ----------
        seconds : float
            Length of the scan by the monotonic clock, > 0.

        Yields
        ------
        Heard or ScanReport
            What is heard, in the order of hearing; last, and once, the report of the
            scan. Cancellation, or closing the iterator, stops the radio.

        Raises
        ------
        RadioOffError
            If the adapter is off or gone, also in the middle of the scan.
        PermissionDeniedError
            If the system does not let this process listen.
        RadioError
            If the radio cannot listen for another reason.
        """
        ...


def measured_rssi(value: int | None) -> int | None:
    """Return an RSSI as a controller reports it, None where it did not measure.

    Parameters
    ----------
    value : int or None
        127 stands for "not measured" (Core, volume 4, part E, 7.7.65.2).

    Returns
    -------
    int or None
        -127..20.
    """
    if value is None or not LEAST_RSSI_DBM <= value <= MOST_RSSI_DBM:
        return None
    return value


def sighting_of(heard: Heard) -> Sighting | None:
    """Make a sighting of what was heard, if it is one that can be matched.

    Parameters
    ----------
    heard : Heard

    Returns
    -------
    Sighting or None
        None if no known scheme sent it, if it is malformed (the air is hostile), or
        if it is a gaen ID without metadata: an unknown transmit power matches nothing.
    """
    sent = _recognised(heard)
    if sent is None or (sent.scheme == gaen.NAME and not sent.metadata):
        return None
    return Sighting(
        heard.t_wall_ms,
        heard.rssi_dbm,
        sent.scheme,
        sent.ephemeral_id,
        sent.metadata,
        heard.address,
    )


def _recognised(heard: Heard) -> Recognised | None:
    try:
        return recognise(heard.data, heard.profile)
    except FormatError:
        return None
