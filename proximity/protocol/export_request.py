"""What an authority asks `proximity export build` to publish, read from JSON.

Two forms: the project's own, and that of the reference server's examples, which lacks
what its tool takes from options; the defaults here are those of that tool, and its
times those of its published example.
"""

import base64
import binascii
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from proximity.errors import FormatError
from proximity.protocol.diagnosis_key import NO_ONSET, DiagnosisKeys, ReportType
from proximity.protocol.export_columns import KEY_BYTES, MAX_TRANSMISSION_RISK
from proximity.protocol.export_message import MAX_TEXT_BYTES, MAX_TIME_S
from proximity.protocol.export_writer import ExportContent
from proximity.protocol.json_fields import as_object, load_object, take_int, take_list
from proximity.units import INTERVAL_S, INTERVALS_PER_DAY

MAX_REQUEST_BYTES = 32 << 20

_WHAT = "The key file"
_HINT = "docs/reference/commands/export.md lists the fields and their values."
_TIMES_S = range(MAX_TIME_S + 1)
_STARTS = range(1 << 31)
_PERIODS = range(1, INTERVALS_PER_DAY + 1)
_RISKS = range(MAX_TRANSMISSION_RISK + 1)
_ONSETS = range(NO_ONSET + 1, -NO_ONSET)
_REPORT_TYPES = range(len(ReportType))

_TOP_FIELDS = {"schema", "region", "start", "end", "key_id", "key_version"}
_LISTS = ("keys", "revised_keys")
_ENTRY_FIELDS = {
    "key",
    "start_interval",
    "period",
    "report_type",
    "days_since_onset",
    "transmission_risk",
}
_ENS_NAMES = {
    "key": "key",
    "rollingStartNumber": "start_interval",
    "rollingPeriod": "period",
    "transmissionRisk": "transmission_risk",
}
_ENS_DEFAULTS = {
    "region": "US",
    "key_id": "some_id",
    "key_version": "1",
    "start": 1_590_159_600,
    "end": 1_590_246_000,
}


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """An export to be signed, and the name to sign it under."""

    content: ExportContent
    key_id: str
    key_version: str


def parse_own_request(data: bytes, now_s: int) -> ExportRequest:
    """Read the project's own form.

    Parameters
    ----------
    data : bytes
        UTF-8 JSON of at most 32 MiB.
    now_s : int
        Unix seconds: the end, where the file names none.

    Returns
    -------
    ExportRequest

    Raises
    ------
    FormatError
        If it is not JSON of this form; an offending entry is named by its list and
        its number, counted from 1, never by its key.
    """
    document = load_object(data, _WHAT, max_bytes=MAX_REQUEST_BYTES)
    _refuse_unknown(document, _TOP_FIELDS | set(_LISTS), _WHAT)
    return _request(document, now_s)


def parse_ens_request(data: bytes) -> ExportRequest:
    """Read the form of the reference server: `temporaryExposureKeys`.

    `region`, `start`, `end`, `key_id` and `key_version` may stand beside it; other
    fields of a publish request are ignored.

    Raises
    ------
    FormatError
        As `parse_own_request`.
    """
    document = load_object(data, _WHAT, max_bytes=MAX_REQUEST_BYTES)
    entries = take_list(document, "temporaryExposureKeys", _WHAT)
    given = {name: document[name] for name in _ENS_DEFAULTS if name in document}
    keys = [_from_ens(entry, f"Entry {i}") for i, entry in enumerate(entries, 1)]
    return _request(_ENS_DEFAULTS | given | {"keys": keys}, 0)


def _from_ens(entry: object, what: str) -> dict[str, Any]:
    fields = as_object(entry, what)
    return {own: fields[name] for name, own in _ENS_NAMES.items() if name in fields}


def _request(document: dict[str, Any], now_s: int) -> ExportRequest:
    given = {name: value for name, value in document.items() if value is not None}
    keys, revised = (_columns(given, name) for name in _LISTS)
    starts = [*keys.start_interval.tolist(), *revised.start_interval.tolist()]
    times = {"end": now_s, **given}
    end_s = take_int(times, "end", _WHAT, _TIMES_S)
    earliest_s = min((start * INTERVAL_S for start in starts), default=end_s)
    times = {"start": min(earliest_s, end_s), **times}
    start_s = take_int(times, "start", _WHAT, _TIMES_S)
    if start_s > end_s:
        raise FormatError(f"{_WHAT} ends before it starts", _HINT)
    region = _text(given, "region", "")
    return ExportRequest(
        ExportContent(region, start_s, end_s, keys, revised),
        key_id=_text(given, "key_id", region),
        key_version=_text(given, "key_version", "v1"),
    )


def _columns(document: dict[str, Any], name: str) -> DiagnosisKeys:
    entries = take_list({name: [], **document}, name, _WHAT)
    rows = [_row(entry, f"Entry {i} of `{name}`") for i, entry in enumerate(entries, 1)]
    keys = [row[0] for row in rows]
    _refuse_repeated(keys, name)
    numbers = np.array([row[1:] for row in rows], np.int64).reshape(-1, 5)
    return DiagnosisKeys(
        key=np.frombuffer(b"".join(keys), np.uint8).reshape(-1, KEY_BYTES),
        start_interval=numbers[:, 0],
        period=numbers[:, 1],
        report_type=numbers[:, 2].astype(np.uint8),
        days_since_onset=numbers[:, 3].astype(np.int16),
        transmission_risk=numbers[:, 4].astype(np.uint8),
    )


def _row(value: object, what: str) -> tuple[bytes, int, int, int, int, int]:
    entry = as_object(value, what)
    _refuse_unknown(entry, _ENTRY_FIELDS, what)
    given = {name: item for name, item in entry.items() if item is not None}
    fields = {"period": INTERVALS_PER_DAY, "transmission_risk": 0, **given}
    onset = "days_since_onset"
    return (
        _key(fields.get("key"), what),
        take_int(fields, "start_interval", what, _STARTS),
        take_int(fields, "period", what, _PERIODS),
        _report_type(fields.get("report_type", 0), what),
        take_int(fields, onset, what, _ONSETS) if onset in fields else NO_ONSET,
        take_int(fields, "transmission_risk", what, _RISKS),
    )


def _key(text: object, what: str) -> bytes:
    if isinstance(text, str) and text.isascii():
        with contextlib.suppress(ValueError):
            is_hex = len(text) == 2 * KEY_BYTES
            key = (
                binascii.unhexlify(text)
                if is_hex
                else base64.b64decode(text, validate=True)
            )
            if len(key) == KEY_BYTES:
                return key
    raise FormatError(f"{what}: `key` is not 16 bytes in hex or base64", _HINT)


def _report_type(value: object, what: str) -> int:
    if isinstance(value, str):
        with contextlib.suppress(KeyError):
            return ReportType[value.upper()]
        raise FormatError(f"{what}: `report_type` is not the name of one", _HINT)
    return take_int({"report_type": value}, "report_type", what, _REPORT_TYPES)


def _text(document: dict[str, Any], name: str, default: str) -> str:
    value = document.get(name, default)
    # Escaped halves of surrogate pairs are not printable, so never reach `encode`.
    if (
        not isinstance(value, str)
        or not value.isprintable()
        or len(value.encode()) > MAX_TEXT_BYTES
    ):
        raise FormatError(
            f"{_WHAT}: `{name}` is not plain text of at most {MAX_TEXT_BYTES} bytes",
            _HINT,
        )
    return value


def _refuse_unknown(document: dict[str, Any], known: set[str], what: str) -> None:
    # The name is not repeated: what stands in a wrong place may be a key.
    if not document.keys() <= known:
        raise FormatError(f"{what} has a field that this format does not have", _HINT)


def _refuse_repeated(keys: Sequence[bytes], name: str) -> None:
    first: dict[bytes, int] = {}
    for number, key in enumerate(keys, 1):
        earlier = first.setdefault(key, number)
        if earlier != number:
            raise FormatError(
                f"Entry {number} of `{name}` repeats the key of entry {earlier}", _HINT
            )
