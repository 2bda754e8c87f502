"""Carriers: the places of an advertisement in which systems let a gaen ID travel.

Linux and Android send service data, Windows manufacturer data alone, Apple's systems
service UUIDs alone; docs/reference/radio.md has the layouts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from proximity.errors import FormatError, TruncatedError
from proximity.protocol import advertisement
from proximity.protocol.advertisement import Structure

ID_BYTES = 16
METADATA_BYTES = 4
PAYLOAD_BYTES = ID_BYTES + METADATA_BYTES

# LE general discoverable, simultaneous LE and BR/EDR on controller and host.
_FLAGS = b"\x1a"
_LISTS_128 = (advertisement.COMPLETE_UUIDS_128, advertisement.INCOMPLETE_UUIDS_128)


class Carrier(Enum):
    """Where in the advertising data the payload is."""

    SERVICE_DATA = "service-data"
    MANUFACTURER_DATA = "manufacturer-data"
    # The ID itself is a 128-bit service UUID; the metadata does not fit.
    SERVICE_UUID = "service-uuid"


@dataclass(frozen=True, slots=True)
class DeploymentProfile:
    """The assigned numbers under which a deployment sends.

    Attributes
    ----------
    service_uuid16 : int
        16-bit service; the default is assigned to Exposure Notification.
    company_id : int
        Company of the manufacturer data; the default is for tests only.
    marker_uuid16 : int
        16-bit service that marks the 128-bit UUID beside it as an ID; the default is
        for tests only.
    """

    service_uuid16: int = 0xFD6F
    company_id: int = 0xFFFF
    marker_uuid16: int = 0xFFFF

    def __post_init__(self) -> None:
        """Refuse numbers that no advertisement can carry."""
        numbers = (self.service_uuid16, self.company_id, self.marker_uuid16)
        if not all(0 <= number <= 0xFFFF for number in numbers):
            raise ValueError("assigned numbers have 16 bits")


DEFAULT_PROFILE = DeploymentProfile()


def encode_carrier(
    payload: bytes, carrier: Carrier, profile: DeploymentProfile = DEFAULT_PROFILE
) -> bytes:
    """Encode the advertising data that carries a payload.

    Parameters
    ----------
    payload : bytes
        20 bytes: the ephemeral ID and its encrypted metadata.
    carrier : Carrier
        SERVICE_UUID drops the metadata.
    profile : DeploymentProfile

    Returns
    -------
    bytes
        31, 26 or 22 bytes. Flags are there for SERVICE_DATA alone: the systems that
        need another carrier write their own.

    Raises
    ------
    ValueError
        If the payload has not 20 bytes.
    """
    if len(payload) != PAYLOAD_BYTES:
        raise ValueError("an ephemeral ID has 16 bytes and metadata has 4")
    service = profile.service_uuid16.to_bytes(2, "little")
    company = profile.company_id.to_bytes(2, "little")
    marker = profile.marker_uuid16.to_bytes(2, "little")
    structures = {
        Carrier.SERVICE_DATA: [
            Structure(advertisement.FLAGS, _FLAGS),
            Structure(advertisement.COMPLETE_UUIDS_16, service),
            Structure(advertisement.SERVICE_DATA_16, service + payload),
        ],
        Carrier.MANUFACTURER_DATA: [
            Structure(advertisement.MANUFACTURER_DATA, company + service + payload)
        ],
        Carrier.SERVICE_UUID: [
            Structure(advertisement.COMPLETE_UUIDS_16, marker),
            Structure(advertisement.COMPLETE_UUIDS_128, payload[:ID_BYTES][::-1]),
        ],
    }
    return advertisement.encode_structures(structures[carrier])


def decode_carrier(
    structures: Sequence[Structure], profile: DeploymentProfile = DEFAULT_PROFILE
) -> tuple[Carrier, bytes] | None:
    """Find the payload of an advertisement, in whichever carrier it came.

    Parameters
    ----------
    structures : sequence of Structure
        In any order; flags and other structures do not count, since systems differ.
    profile : DeploymentProfile

    Returns
    -------
    tuple of (Carrier, bytes), or None
        20 bytes, 16 in SERVICE_UUID; None if nothing of the profile is there. The
        first of several counts, service data before the other carriers.

    Raises
    ------
    TruncatedError, FormatError
        If what carries the profile's numbers has another length.
    """
    for data in advertisement.service_data(structures, profile.service_uuid16):
        return Carrier.SERVICE_DATA, _checked(data)
    tag = profile.service_uuid16.to_bytes(2, "little")
    for data in advertisement.manufacturer_data(structures, profile.company_id):
        # A company sends other things too, and anyone may use that of tests.
        if data.startswith(tag):
            return Carrier.MANUFACTURER_DATA, _checked(data[len(tag) :])
    marker = advertisement.service_uuid(profile.marker_uuid16)
    if marker in advertisement.service_uuids(structures):
        for kind, value in structures:
            if kind in _LISTS_128 and len(value) == ID_BYTES:
                return Carrier.SERVICE_UUID, value[::-1]
    return None


def _checked(payload: bytes) -> bytes:
    if len(payload) == PAYLOAD_BYTES:
        return payload
    error = TruncatedError if len(payload) < PAYLOAD_BYTES else FormatError
    raise error(
        f"A gaen payload has {PAYLOAD_BYTES} bytes, this has {len(payload)}.",
        "Leave the sighting out: its sender does not follow the format.",
    )
