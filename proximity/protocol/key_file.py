"""KEYS.json: the temporary exposure keys that one person hands out."""

import base64
import binascii
import contextlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from proximity.errors import FormatError
from proximity.protocol.diagnosis_key import ReportType
from proximity.protocol.json_fields import as_object, load_object, take_int, take_list
from proximity.units import INTERVALS_PER_DAY

KEY_BYTES = 16
# The same-day rule of GAEN v1.5 makes several keys with one start legal; the
# key server of reference refuses a fourth.
MAX_KEYS_PER_START = 3
# |day of the key - day of onset| beyond which clients ignore the onset.
MAX_ONSET_DISTANCE_DAYS = 14
MAX_FILE_BYTES = 1 << 20
# As wide as the fields of the export format; the rules of publication are narrower.
_INTEGERS = range(-(2**31), 2**31)
_TYPES = range(len(ReportType))


@dataclass(frozen=True, slots=True)
class UploadedKey:
    """One temporary exposure key as its owner hands it out.

    Attributes
    ----------
    key : bytes
        16 bytes where the rules of publication hold.
    start_interval : int
        First ten-minute interval of validity.
    period : int
        Number of intervals of validity; 144 where the file has none.
    report_type : ReportType
        A confirmed test where the file has none.
    days_since_onset : int | None
        Day of the key minus day of symptom onset.
    transmission_risk : int
        Deprecated by the format; 0 where the file has none.
    """

    key: bytes
    start_interval: int
    period: int = INTERVALS_PER_DAY
    report_type: ReportType = ReportType.CONFIRMED_TEST
    days_since_onset: int | None = None
    transmission_risk: int = 0

    def __repr__(self) -> str:
        """Tell the length of the key, never its bytes or its day."""
        return f"<UploadedKey {len(self.key)} bytes>"

    @property
    def end_interval(self) -> int:
        """First interval in which the key is no longer valid."""
        return self.start_interval + self.period


@dataclass(frozen=True, slots=True)
class KeyFile:
    """What one KEYS.json holds.

    Attributes
    ----------
    keys : tuple of UploadedKey
        Those of `keys`, then those of `revised_keys`, in the order of the file.
    region : str | None
        Where the file says for which region it is.
    """

    keys: tuple[UploadedKey, ...]
    region: str | None = None


def encode_key_file(keys: Iterable[UploadedKey]) -> bytes:
    """Write keys as KEYS.json.

    Parameters
    ----------
    keys : iterable of UploadedKey

    Returns
    -------
    bytes
        UTF-8 JSON; `parse_key_file` gives the same keys back.
    """
    document = {"keys": [_entry_of(key) for key in keys]}
    return (json.dumps(document, indent=2) + "\n").encode()


def parse_key_file(data: bytes) -> KeyFile:
    """Read KEYS.json.

    Values keep the range that they have in the file; what may be published is for the
    authority to decide.

    Parameters
    ----------
    data : bytes
        UTF-8 JSON of at most `MAX_FILE_BYTES`.

    Returns
    -------
    KeyFile

    Raises
    ------
    TooLargeError
        If the file is larger than the bound.
    FormatError
        If it is not JSON of this shape; the message names the entry by its number,
        counted from 1, never by its key.
    """
    document = load_object(data, "The key file", max_bytes=MAX_FILE_BYTES)
    region = document.get("region")
    if region is not None and not isinstance(region, str):
        raise _malformed("The key file: `region`", "a string")
    document = {"keys": [], "revised_keys": []} | document
    entries = [
        *take_list(document, "keys", "The key file"),
        *take_list(document, "revised_keys", "The key file"),
    ]
    keys = tuple(
        _parse_entry(entry, f"Entry {number} of the key file")
        for number, entry in enumerate(entries, 1)
    )
    return KeyFile(keys, region)


def _entry_of(key: UploadedKey) -> dict[str, Any]:
    entry = {
        "key": key.key.hex(),
        "start_interval": key.start_interval,
        "period": key.period,
        "report_type": key.report_type.name,
        "days_since_onset": key.days_since_onset,
        "transmission_risk": key.transmission_risk,
    }
    return {name: value for name, value in entry.items() if value is not None}


def _parse_entry(value: object, what: str) -> UploadedKey:
    given = {
        name: item for name, item in as_object(value, what).items() if item is not None
    }
    entry = {"period": INTERVALS_PER_DAY, "transmission_risk": 0, **given}
    onset = "days_since_onset"
    return UploadedKey(
        key=_key_bytes(entry.get("key"), what),
        start_interval=take_int(entry, "start_interval", what, _INTEGERS),
        period=take_int(entry, "period", what, _INTEGERS),
        report_type=_report_type(entry, what),
        days_since_onset=(
            take_int(entry, onset, what, _INTEGERS) if onset in entry else None
        ),
        transmission_risk=take_int(entry, "transmission_risk", what, _INTEGERS),
    )


def _key_bytes(text: object, what: str) -> bytes:
    if not isinstance(text, str):
        raise _malformed(f"{what}: `key`", "hex or base64")
    # 16 bytes in base64 end with "==", so their hex is never taken for it.
    for decode in (binascii.unhexlify, _from_base64):
        with contextlib.suppress(ValueError):
            return decode(text)
    raise _malformed(f"{what}: `key`", "hex or base64")


def _from_base64(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _report_type(entry: dict[str, Any], what: str) -> ReportType:
    value = entry.get("report_type", ReportType.CONFIRMED_TEST.value)
    if isinstance(value, str):
        with contextlib.suppress(KeyError):
            return ReportType[value.upper()]
        raise _malformed(f"{what}: `report_type`", "the name of a report type")
    return ReportType(
        take_int(entry | {"report_type": value}, "report_type", what, _TYPES)
    )


def _malformed(where: str, expected: str) -> FormatError:
    return FormatError(
        f"{where} is not {expected}.",
        "A key file is what `proximity report` writes.",
    )
