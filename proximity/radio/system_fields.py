"""Advertisements as systems hand them over or take them: fields instead of bytes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from proximity.errors import AdvertisingUnsupportedError
from proximity.protocol import advertisement
from proximity.protocol.advertisement import (
    EXTENDED_BYTES,
    Structure,
    decode_structures,
    encode_structures,
)

# A short UUID written out ends like this; its 16 bits come before, after four zeros.
_BASE_TAIL = "-0000-1000-8000-00805f9b34fb"
_SHORT_HEAD = "0000"
_SERVICE_DATA_128 = 0x21
_UUID_BYTES = 16
_TX_POWERS_DBM = range(-127, 128)


@dataclass(frozen=True, slots=True)
class Fields:
    """What an advertisement says, by field.

    Attributes
    ----------
    service_uuids : sequence of str
        Written out with dashes, lower case.
    service_data : mapping of str to bytes
        By service UUID.
    manufacturer_data : mapping of int to bytes
        By company, 0..65,535.
    tx_power_dbm : int | None
        As stated; None where it is not.
    """

    service_uuids: Sequence[str] = field(repr=False)
    service_data: Mapping[str, bytes] = field(repr=False)
    manufacturer_data: Mapping[int, bytes] = field(repr=False)
    tx_power_dbm: int | None = None


def join_fields(fields: Fields) -> bytes | None:
    """Write fields as advertising data.

    Parameters
    ----------
    fields : Fields
        As heard, hence unchecked.

    Returns
    -------
    bytes or None
        Service UUIDs first, then service data, manufacturer data, and a transmit power
        that can be one; None if a UUID is none or the whole is longer than any
        advertisement.
    """
    try:
        structures = [_listed(_uuid(text)) for text in fields.service_uuids]
        for text, data in fields.service_data.items():
            number = _uuid(text)
            short = len(number) == 2
            kind = advertisement.SERVICE_DATA_16 if short else _SERVICE_DATA_128
            structures.append(Structure(kind, number + data))
        for company, data in fields.manufacturer_data.items():
            tag = company.to_bytes(2, "little")
            structures.append(Structure(advertisement.MANUFACTURER_DATA, tag + data))
        power_dbm = fields.tx_power_dbm
        if power_dbm is not None and power_dbm in _TX_POWERS_DBM:
            stated = power_dbm.to_bytes(1, signed=True)
            structures.append(Structure(advertisement.TX_POWER_LEVEL, stated))
        return encode_structures(structures, limit=EXTENDED_BYTES)
    except (ValueError, OverflowError):
        return None


def split_fields(data: bytes) -> Fields:
    """Read fields from the advertising data of a frame.

    Parameters
    ----------
    data : bytes
        Flags are left out: the system writes its own.

    Returns
    -------
    Fields

    Raises
    ------
    FormatError
        If the data is malformed.
    AdvertisingUnsupportedError
        If a structure has no field.
    """
    uuids: list[str] = []
    service_data: dict[str, bytes] = {}
    manufacturer_data: dict[int, bytes] = {}
    for kind, value in decode_structures(data):
        if kind == advertisement.COMPLETE_UUIDS_16:
            uuids += [_short(value[at : at + 2]) for at in range(0, len(value), 2)]
        elif kind == advertisement.COMPLETE_UUIDS_128 and len(value) == _UUID_BYTES:
            uuids.append(_dashed(value[::-1].hex()))
        elif kind == advertisement.SERVICE_DATA_16:
            service_data[_short(value[:2])] = value[2:]
        elif kind == advertisement.MANUFACTURER_DATA:
            manufacturer_data[int.from_bytes(value[:2], "little")] = value[2:]
        elif kind != advertisement.FLAGS:
            raise AdvertisingUnsupportedError(
                f"The system cannot send a structure of type 0x{kind:02x}.",
                "Use `--backend linux-mgmt`, which sends bytes as they are.",
            )
    return Fields(uuids, service_data, manufacturer_data)


def _listed(number: bytes) -> Structure:
    short = len(number) == 2
    return Structure(
        advertisement.COMPLETE_UUIDS_16 if short else advertisement.COMPLETE_UUIDS_128,
        number,
    )


def _uuid(text: str) -> bytes:
    """Return 2 or 16 bytes, least significant first, of a UUID written out."""
    text = text.lower()
    if text.startswith(_SHORT_HEAD) and text.endswith(_BASE_TAIL) and len(text) == 36:
        return bytes.fromhex(text[4:8])[::-1]
    number = bytes.fromhex(text.replace("-", ""))
    if len(number) != _UUID_BYTES:
        raise ValueError("no UUID")
    return number[::-1]


def _short(number: bytes) -> str:
    return _SHORT_HEAD + number[::-1].hex() + _BASE_TAIL


def _dashed(digits: str) -> str:
    cuts = ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32))
    return "-".join(digits[start:end] for start, end in cuts)
