"""Advertising data: the list of typed structures that one advertisement carries."""

from collections.abc import Sequence
from typing import NamedTuple

from proximity.errors import TooLargeError, TruncatedError

# Bluetooth Core 5.4, volume 6, part B: one legacy PDU, one extended set.
LEGACY_BYTES = 31
EXTENDED_BYTES = 1_650
VALUE_BYTES = 254

# Structure types; Bluetooth Assigned Numbers, 2.3.
FLAGS = 0x01
INCOMPLETE_UUIDS_16 = 0x02
COMPLETE_UUIDS_16 = 0x03
INCOMPLETE_UUIDS_32 = 0x04
COMPLETE_UUIDS_32 = 0x05
INCOMPLETE_UUIDS_128 = 0x06
COMPLETE_UUIDS_128 = 0x07
COMPLETE_LOCAL_NAME = 0x09
TX_POWER_LEVEL = 0x0A
SERVICE_DATA_16 = 0x16
MANUFACTURER_DATA = 0xFF

_LEAST_TX_POWER_DBM = -127
_UUID_WIDTHS = {
    INCOMPLETE_UUIDS_16: 2,
    COMPLETE_UUIDS_16: 2,
    INCOMPLETE_UUIDS_32: 4,
    COMPLETE_UUIDS_32: 4,
    INCOMPLETE_UUIDS_128: 16,
    COMPLETE_UUIDS_128: 16,
}
# The Bluetooth base UUID after its first 32 bits, which a short UUID fills.
_BASE_UUID_TAIL = bytes.fromhex("00001000800000805f9b34fb")


class Structure(NamedTuple):
    """One structure of an advertisement.

    Attributes
    ----------
    kind : int
        Assigned type number, 0..255.
    value : bytes
        At most 254 bytes.
    """

    kind: int
    value: bytes

    def __repr__(self) -> str:
        """Tell the type and the length, never what may be an ephemeral ID."""
        return f"<Structure 0x{self.kind:02x} {len(self.value)} bytes>"


def decode_structures(data: bytes) -> tuple[Structure, ...]:
    """Split advertising data into its structures.

    Parameters
    ----------
    data : bytes
        0..1,650 bytes, legacy or extended, as the controller reports them.

    Returns
    -------
    tuple of Structure
        In the order on air. A length of zero ends the list early, as the Core
        specification has it (volume 3, part C, 11); what follows is padding.

    Raises
    ------
    TooLargeError
        If there are more than 1,650 bytes.
    TruncatedError
        If the last structure is longer than what is left.
    """
    size = len(data)
    if size > EXTENDED_BYTES:
        raise TooLargeError(
            f"An advertisement has at most {EXTENDED_BYTES} bytes, this has {size}.",
            "Hand in the advertising data of one report.",
        )
    structures = []
    at = 0
    while at < size:
        end = at + 1 + data[at]
        if end == at + 1:
            break
        if end > size:
            raise TruncatedError(
                f"The structure at byte {at} is longer than what is left of the "
                "advertisement.",
                "Record the advertising data whole, without the report's header.",
            )
        structures.append(Structure(data[at + 1], bytes(data[at + 2 : end])))
        at = end
    return tuple(structures)


def encode_structures(
    structures: Sequence[Structure], *, limit: int = LEGACY_BYTES
) -> bytes:
    """Join structures to advertising data.

    Parameters
    ----------
    structures : sequence of Structure
        In the order in which they go on air.
    limit : int
        Bytes that the radio accepts: `LEGACY_BYTES` or up to `EXTENDED_BYTES`.

    Returns
    -------
    bytes
        At most `limit` bytes.

    Raises
    ------
    ValueError
        If a value is longer than 254 bytes or the whole is longer than `limit`.
    """
    if any(len(value) > VALUE_BYTES for _, value in structures):
        raise ValueError(f"a structure holds at most {VALUE_BYTES} bytes")
    data = b"".join(bytes((1 + len(value), kind)) + value for kind, value in structures)
    if len(data) > limit:
        raise ValueError(f"{len(data)} bytes do not fit an advertisement of {limit}")
    return data


def service_data(structures: Sequence[Structure], uuid16: int) -> tuple[bytes, ...]:
    """Return the data of every 16-bit service `uuid16`, without the UUID."""
    return _tagged(structures, SERVICE_DATA_16, uuid16)


def manufacturer_data(
    structures: Sequence[Structure], company: int
) -> tuple[bytes, ...]:
    """Return the data of every manufacturer `company`, without the identifier."""
    return _tagged(structures, MANUFACTURER_DATA, company)


def tx_power_dbm(structures: Sequence[Structure]) -> int | None:
    """Return the transmit power that an advertisement states in the clear.

    Parameters
    ----------
    structures : sequence of Structure

    Returns
    -------
    int or None
        -127..127 (Core supplement, part A, 1.5), from the first such structure that
        has one byte; None if there is none. Nothing authenticates it.
    """
    for kind, value in structures:
        if kind == TX_POWER_LEVEL and len(value) == 1:
            stated = int.from_bytes(value, signed=True)
            return stated if stated >= _LEAST_TX_POWER_DBM else None
    return None


def service_uuids(structures: Sequence[Structure]) -> frozenset[bytes]:
    """Return every listed service, short UUIDs widened on the Bluetooth base UUID.

    Parameters
    ----------
    structures : sequence of Structure
        A list whose length is no multiple of its UUIDs gives its whole UUIDs.

    Returns
    -------
    frozenset of bytes
        Of the complete and incomplete lists of 16, 32 and 128 bits; 16 bytes each,
        most significant first, as UUIDs are written.
    """
    found = set()
    for kind, value in structures:
        width = _UUID_WIDTHS.get(kind)
        if width is None:
            continue
        for at in range(0, len(value) - width + 1, width):
            found.add(_widen(value[at : at + width][::-1]))
    return frozenset(found)


def service_uuid(uuid16: int) -> bytes:
    """Return a 16-bit service UUID, 0..65535, as `service_uuids` gives it."""
    return _widen(uuid16.to_bytes(2, "big"))


def _widen(number: bytes) -> bytes:
    """Return 2, 4 or 16 bytes, most significant first, as 16 bytes."""
    if len(number) == 16:
        return number
    return number.rjust(4, b"\0") + _BASE_UUID_TAIL


def _tagged(
    structures: Sequence[Structure], kind: int, number: int
) -> tuple[bytes, ...]:
    tag = number.to_bytes(2, "little")
    return tuple(
        s.value[2:] for s in structures if s.kind == kind and s.value[:2] == tag
    )
