"""Bluezone beside Apple's phones: the IDs they serve, and how they are woken."""

from collections.abc import Sequence
from enum import Enum

from proximity.protocol import advertisement
from proximity.protocol.advertisement import Structure
from proximity.protocol.bluezone import ID_BYTES, decode_id

# UUIDs, most significant byte first.
SERVICE_UUID = bytes.fromhex("00004e5673f54bc4a12f17d1ad07a667")
CHARACTERISTIC_UUID = bytes.fromhex("00004e5673f54bc4a12f17d1ad07a689")
BEACON_UUID = bytes.fromhex("c7afef7b17884f4aa87d691d53bf21c4")

_APPLE = 0x004C
_LOCAL_NAME = b"Bluezone"
# LE general discoverable, simultaneous LE and BR/EDR on controller and host.
_IOS_FLAGS = b"\x1a"
# LE general discoverable, no BR/EDR.
_BEACON_FLAGS = b"\x06"
_OVERFLOW_TYPE = 0x01
_OVERFLOW_BYTES = 17
# Bit of the overflow mask to which iOS hashes `SERVICE_UUID`.
_OVERFLOW_BYTE, _OVERFLOW_BIT = 1, 0x08
_BEACON_START = b"\x02\x15" + BEACON_UUID
_BEACON_BYTES = 23
_BEACON_NUMBERS = (20).to_bytes(2, "big") * 2
_BEACON_POWER = (-59).to_bytes(1, signed=True)


class WakeUp(Enum):
    """An advertisement that carries no ID but tells that a Bluezone phone is near."""

    # An iPhone in use: connect and read the characteristic.
    IOS_SERVICE = "ios-service"
    # An iPhone asleep, its service in Apple's overflow area: connect and read.
    IOS_OVERFLOW = "ios-overflow"
    # An Android phone, sent to wake the iPhones around it.
    IBEACON = "ibeacon"


def encode_service() -> bytes:
    """Return the 31 bytes that an iPhone in use sends: name and service, no ID."""
    return advertisement.encode_structures(
        [
            Structure(advertisement.FLAGS, _IOS_FLAGS),
            Structure(advertisement.COMPLETE_UUIDS_128, SERVICE_UUID[::-1]),
            Structure(advertisement.COMPLETE_LOCAL_NAME, _LOCAL_NAME),
        ]
    )


def encode_overflow() -> bytes:
    """Return the manufacturer structure of an iPhone that sleeps, 21 bytes."""
    mask = bytearray(_OVERFLOW_BYTES)
    mask[0] = _OVERFLOW_TYPE
    mask[_OVERFLOW_BYTE] = _OVERFLOW_BIT
    return advertisement.encode_structures([_apple(bytes(mask))])


def encode_beacon() -> bytes:
    """Return the iBeacon that wakes iPhones around, 30 bytes."""
    data = _BEACON_START + _BEACON_NUMBERS + _BEACON_POWER
    return advertisement.encode_structures(
        [Structure(advertisement.FLAGS, _BEACON_FLAGS), _apple(data)]
    )


def decode_wake_up(structures: Sequence[Structure]) -> WakeUp | None:
    """Tell whether an advertisement without an ID announces a Bluezone phone.

    Parameters
    ----------
    structures : sequence of Structure
        In any order.

    Returns
    -------
    WakeUp or None
        None if it does not. Other services that iOS hashes to the same overflow
        bit give IOS_OVERFLOW too: only the characteristic tells.
    """
    if SERVICE_UUID in advertisement.service_uuids(structures):
        return WakeUp.IOS_SERVICE
    for data in advertisement.manufacturer_data(structures, _APPLE):
        if _is_overflow(data):
            return WakeUp.IOS_OVERFLOW
        if len(data) == _BEACON_BYTES and data.startswith(_BEACON_START):
            return WakeUp.IBEACON
    return None


def encode_characteristic(ephemeral_id: bytes) -> bytes:
    """Return the value that the GATT characteristic serves: the ID itself.

    Raises
    ------
    ValueError
        If the ID has not 12 bytes.
    """
    if len(ephemeral_id) != ID_BYTES:
        raise ValueError("an ephemeral ID has 12 bytes")
    return ephemeral_id


def decode_characteristic(value: bytes) -> bytes:
    """Read the ephemeral ID from the GATT characteristic of an iPhone.

    Raises
    ------
    TruncatedError, FormatError
        If there are fewer or more than 12 bytes.
    UnsupportedVersionError
        If it is the fixed ID of version 1.
    """
    return decode_id(value)


def _is_overflow(data: bytes) -> bool:
    # The original asks for this bit alone, and so misses an iPhone on which a
    # second app advertises in the background.
    return (
        len(data) == _OVERFLOW_BYTES
        and data[0] == _OVERFLOW_TYPE
        and bool(data[_OVERFLOW_BYTE] & _OVERFLOW_BIT)
    )


def _apple(data: bytes) -> Structure:
    return Structure(
        advertisement.MANUFACTURER_DATA, _APPLE.to_bytes(2, "little") + data
    )
