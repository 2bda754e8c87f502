"""Diagnosis keys of an export, as columns: decoded and encoded a block at a time.

Decoding takes one step for all records at once: every record's cursor reads a tag,
then a value, until each has reached its end. It reads what a proto2 reader reads:
fields in any order, the last one wins, unknown ones are skipped.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from proximity.errors import (
    FormatError,
    NotCanonicalError,
    TooLargeError,
    TruncatedError,
)
from proximity.protocol.diagnosis_key import NO_ONSET, DiagnosisKeys, ReportType
from proximity.units import INTERVALS_PER_DAY

KEY_BYTES = 16
MAX_RECORD_FIELDS = 32
MAX_TRANSMISSION_RISK = 8
BLOCK_KEYS = 65_536

# Days beyond what a column holds stay what they are to every rule: out of range.
_MAX_ONSET = 32_767
# Outside sint32, so no record can hold it.
_ABSENT = 1 << 40

_KEY, _RISK, _START, _PERIOD, _REPORT, _ONSET = range(1, 7)
_NUMBER, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_HINT = "Fetch the file again; if it stays so, its publisher has to repair it."

Octets = NDArray[np.uint8]
Int64s = NDArray[np.int64]
Uint64s = NDArray[np.uint64]


class _Fields(NamedTuple):
    """Where each record's key lies, and its other values; defaults where absent."""

    key_at: Int64s
    key_length: Int64s
    numbers: dict[int, Int64s]


def empty_keys(count: int) -> DiagnosisKeys:
    """Return columns for `count` keys, to be filled."""
    return DiagnosisKeys(
        key=np.zeros((count, KEY_BYTES), np.uint8),
        start_interval=np.zeros(count, np.int64),
        period=np.zeros(count, np.int64),
        report_type=np.zeros(count, np.uint8),
        days_since_onset=np.zeros(count, np.int16),
        transmission_risk=np.zeros(count, np.uint8),
    )


def select_keys(keys: DiagnosisKeys, rows: slice | Int64s) -> DiagnosisKeys:
    """Return the keys of the given rows, in the order of the rows."""
    return DiagnosisKeys(
        key=keys.key[rows],
        start_interval=keys.start_interval[rows],
        period=keys.period[rows],
        report_type=keys.report_type[rows],
        days_since_onset=keys.days_since_onset[rows],
        transmission_risk=keys.transmission_risk[rows],
    )


def decode_keys(data: Octets, starts: Int64s, ends: Int64s) -> DiagnosisKeys:
    """Decode key records.

    Parameters
    ----------
    data : uint8[m]
    starts, ends : int64[n]
        Record i is `data[starts[i]:ends[i]]`, not empty and within the data.

    Returns
    -------
    DiagnosisKeys of length n
        Report types the format does not know are `UNKNOWN`; days since onset beyond
        16 bits are -32,767 or 32,767. Source: docs/reference/exports.md#key-records.

    Raises
    ------
    FormatError
        If a record is not protobuf, has more than 32 fields, a key that is not 16
        bytes, a negative start, a period outside 1..144 or a risk outside 0..8.
    """
    fields = _read_fields(data, starts, ends)
    start, period = fields.numbers[_START], fields.numbers[_PERIOD]
    risk, onset = fields.numbers[_RISK], fields.numbers[_ONSET]
    _check(fields.key_length == KEY_BYTES, "has no key of 16 bytes")
    _check(start >= 0, "starts before the epoch")
    _check((period >= 1) & (period <= INTERVALS_PER_DAY), "has a period outside 1..144")
    _check(
        (risk >= 0) & (risk <= MAX_TRANSMISSION_RISK),
        "has a transmission risk outside 0..8",
    )
    clamped = np.clip(onset, -_MAX_ONSET, _MAX_ONSET)
    return DiagnosisKeys(
        key=data[fields.key_at[:, None] + np.arange(KEY_BYTES)],
        start_interval=start,
        period=period,
        report_type=fields.numbers[_REPORT].astype(np.uint8),
        days_since_onset=np.where(onset == _ABSENT, NO_ONSET, clamped).astype(np.int16),
        transmission_risk=risk.astype(np.uint8),
    )


def encode_keys(keys: DiagnosisKeys, tag: int) -> Iterator[bytes]:
    """Write key records as the reference server does.

    Fields ascend; the transmission risk is always written; a start of 0, a period of
    144, an unknown report type and an absent onset are not.

    Parameters
    ----------
    keys : DiagnosisKeys
    tag : int
        `KEYS_TAG` or `REVISED_TAG`.

    Yields
    ------
    bytes
        The records of up to 65,536 keys, in their order.

    Raises
    ------
    ValueError
        If a column holds what a reader refuses.
    """
    _check_columns(keys)
    for begin in range(0, len(keys.key), BLOCK_KEYS):
        rows = slice(begin, begin + BLOCK_KEYS)
        yield _encode_block(select_keys(keys, rows), tag)


def _read_fields(data: Octets, starts: Int64s, ends: Int64s) -> _Fields:
    count = len(starts)
    fields = _Fields(
        key_at=np.zeros(count, np.int64),
        key_length=np.full(count, -1, np.int64),
        numbers={
            _RISK: np.zeros(count, np.int64),
            _START: np.zeros(count, np.int64),
            _PERIOD: np.full(count, INTERVALS_PER_DAY, np.int64),
            _REPORT: np.zeros(count, np.int64),
            _ONSET: np.full(count, _ABSENT, np.int64),
        },
    )
    rows, cursors, limits = np.arange(count), starts, ends
    for _ in range(MAX_RECORD_FIELDS):
        if not len(rows):
            break
        tags, cursors = _varints(data, cursors, limits, max_bytes=5)
        _check_tags(tags)
        _read_bytes(data, (rows, tags, cursors, limits), fields)
        _read_numbers(data, (rows, tags, cursors, limits), fields)
        cursors[tags & 7 == _FIXED64] += 8
        cursors[tags & 7 == _FIXED32] += 4
        if np.any(cursors > limits):
            raise TruncatedError("a key record ends inside a field", _HINT)
        unread = cursors < limits
        rows, cursors, limits = rows[unread], cursors[unread], limits[unread]
    if len(rows):
        raise TooLargeError(
            f"a key record has more than {MAX_RECORD_FIELDS} fields", _HINT
        )
    return fields


_Step = tuple[Int64s, Uint64s, Int64s, Int64s]


def _read_bytes(data: Octets, step: _Step, fields: _Fields) -> None:
    """Take the key of each record that has a length-delimited field here."""
    rows, tags, cursors, limits = step
    here = np.flatnonzero(tags & 7 == _BYTES)
    lengths, begins = _varints(data, cursors[here], limits[here], max_bytes=5)
    # A record is short: one comparison here keeps the sum below far from overflow.
    if np.any(lengths > np.uint64(len(data))):
        raise TruncatedError("a key record ends inside a field", _HINT)
    cursors[here] = begins + lengths.astype(np.int64)
    is_key = tags[here] >> 3 == _KEY
    fields.key_at[rows[here][is_key]] = begins[is_key]
    fields.key_length[rows[here][is_key]] = lengths[is_key].astype(np.int64)


def _read_numbers(data: Octets, step: _Step, fields: _Fields) -> None:
    """Take the number of each record that has a varint field here."""
    rows, tags, cursors, limits = step
    here = np.flatnonzero(tags & 7 == _NUMBER)
    values, cursors[here] = _varints(data, cursors[here], limits[here], max_bytes=10)
    numbers = (tags[here] >> 3).astype(np.uint32)
    # An int32 on the wire is the low 32 bits of its varint.
    low = values.astype(np.uint32)
    for number, column in fields.numbers.items():
        wanted = numbers == number
        if number == _REPORT:
            # A closed enum: an unknown value counts as an unknown field.
            wanted &= low <= max(ReportType)
        at = np.flatnonzero(wanted)
        if not len(at):
            continue
        found = low[at]
        if number == _ONSET:
            zigzag = (found >> 1).astype(np.int64) ^ -(found & 1).astype(np.int64)
            column[rows[here[at]]] = zigzag
        else:
            column[rows[here[at]]] = found.view(np.int32)


def _varints(
    data: Octets, cursors: Int64s, limits: Int64s, *, max_bytes: int
) -> tuple[Uint64s, Int64s]:
    """Read a varint at every cursor; return the values and where they end."""
    if np.any(cursors >= limits):
        raise TruncatedError("a key record ends inside a field", _HINT)
    octets = data[cursors]
    values = (octets & 0x7F).astype(np.uint64)
    ends = cursors + 1
    unread = np.flatnonzero(octets >= 0x80)
    for i in range(1, max_bytes):
        if not len(unread):
            break
        at = ends[unread]
        if np.any(at >= limits[unread]):
            raise TruncatedError("a key record ends inside a field", _HINT)
        octets = data[at]
        values[unread] |= (octets & 0x7F).astype(np.uint64) << np.uint64(7 * i)
        ends[unread] = at + 1
        unread = unread[octets >= 0x80]
    if len(unread):
        raise FormatError("a key record is not valid protobuf", _HINT)
    return values, ends


def _check_tags(tags: Uint64s) -> None:
    wire_types = tags & 7
    known = (wire_types <= _BYTES) | (wire_types == _FIXED32)
    if np.any(tags >> 32) or not np.all(tags >> 3):
        raise FormatError("a key record is not valid protobuf", _HINT)
    if not np.all(known):
        raise NotCanonicalError("a key record has protobuf groups", _HINT)


def _check(holds: NDArray[np.bool_], complaint: str) -> None:
    if not np.all(holds):
        raise NotCanonicalError(f"a diagnosis key {complaint}", _HINT)


def _check_columns(keys: DiagnosisKeys) -> None:
    sound = (
        keys.key.shape == (len(keys.period), KEY_BYTES)
        and np.all((keys.start_interval >= 0) & (keys.start_interval < 1 << 31))
        and np.all((keys.period >= 1) & (keys.period <= INTERVALS_PER_DAY))
        and np.all(keys.report_type <= max(ReportType))
        and np.all(keys.transmission_risk <= MAX_TRANSMISSION_RISK)
    )
    if not sound:
        raise ValueError("a column of diagnosis keys is out of range")


def _encode_block(keys: DiagnosisKeys, tag: int) -> bytes:
    """Lay every possible byte of a record in a row, then keep those that are meant."""
    count = len(keys.key)
    # Tag and length, key, risk, start, period, report type, onset.
    cells = np.zeros((count, 2 + 18 + 2 + 6 + 3 + 2 + 4), np.uint8)
    kept = np.zeros(cells.shape, np.bool_)
    cells[:, 2:4] = _KEY << 3 | _BYTES, KEY_BYTES
    cells[:, 4:20] = keys.key
    kept[:, :20] = True
    onset = keys.days_since_onset.astype(np.int64)
    always = np.ones(count, np.bool_)
    columns: list[tuple[int, int, NDArray[Any], NDArray[np.bool_]]] = [
        (_RISK, 1, keys.transmission_risk, always),
        (_START, 5, keys.start_interval, keys.start_interval != 0),
        (_PERIOD, 2, keys.period, keys.period != INTERVALS_PER_DAY),
        (_REPORT, 1, keys.report_type, keys.report_type != ReportType.UNKNOWN),
        (_ONSET, 3, (onset << 1) ^ (onset >> 63), onset != NO_ONSET),
    ]
    at = 20
    for number, width, column, present in columns:
        cells[:, at] = number << 3 | _NUMBER
        kept[:, at] = present
        value = column.astype(np.int64)
        for i in range(at + 1, at + 1 + width):
            kept[:, i] = present & ((value > 0) | (i == at + 1))
            cells[:, i] = (value & 0x7F) | ((value > 0x7F) << 7)
            value >>= 7
        at += 1 + width
    cells[:, 0] = tag
    cells[:, 1] = kept.sum(axis=1) - 2
    return cells[kept].tobytes()
