"""Where the key records of an export lie; not a byte inside them is interpreted.

A protobuf message is a chain: each field says where the next one begins. Nearly all
of an export is one record after another, so whatever could be the head of a record is
found by comparing columns, and of that is kept what is reached from the first record
by going from end to begin. The few fields between records are walked one by one. Time
depends on the size alone, also where an attacker wrote every byte.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from proximity.errors import FormatError, NotCanonicalError, TooLargeError

# Top-level fields 7 (`keys`) and 8 (`revised_keys`), wire type 2.
KEYS_TAG = 7 << 3 | 2
REVISED_TAG = 8 << 3 | 2

# A record holds at least its 16-byte key; the longest a writer needs is 40 bytes.
MIN_RECORD_BYTES = 18
MAX_RECORD_BYTES = 256
MAX_OTHER_BYTES = 65_536
# Six kinds of fields, one of them once for each of at most 64 signers.
MAX_OTHER_FIELDS = 1_024

# Tags and lengths have at most 32 bits, so at most five varint bytes.
_MAX_HEAD_BYTES = 5
# One jump over 16 records instead of 16 steps.
_JUMP_LEVELS = 4
_RECORD_TAGS = (KEYS_TAG, REVISED_TAG)
_FIXED_SIZES = {1: 8, 5: 4}
_TOO_LARGE = f"the header fields exceed 64 KiB or are more than {MAX_OTHER_FIELDS:,}"
_HINT = "Fetch the file again; if it stays so, its publisher has to repair it."

Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Frame:
    """The complete fields of one stretch of an export.

    Attributes
    ----------
    starts, ends : int64[n]
        Content of key record i is `data[starts[i]:ends[i]]`.
    revised : bool[n]
        Whether record i is of `revised_keys`.
    others : tuple of bytes
        All other fields, each with its tag.
    end : int
        Where the first incomplete field begins; the length of the data if none.
    """

    starts: Int64s
    ends: Int64s
    revised: NDArray[np.bool_]
    others: tuple[bytes, ...]
    end: int


class _Places(NamedTuple):
    """What could be records, a row each, in the order of their begins.

    `row_at[i]` is the row that begins at byte i; `jumps[k][i]` is the row 2**k records
    after row i. Both give the number of rows where there is none.
    """

    begins: Int32s
    ends: Int32s
    row_at: Int32s
    jumps: list[Int32s]


def frame_fields(data: bytes | memoryview) -> Frame:
    """Find the fields of a stretch of an export that begins where a field begins.

    Parameters
    ----------
    data : bytes or memoryview
        May end inside a field.

    Returns
    -------
    Frame
        Positions ascend.

    Raises
    ------
    FormatError
        If it is not protobuf, a record is not 18..256 bytes long, another field is
        longer than 64 KiB, or a deprecated group begins.
    """
    octets = np.frombuffer(data, np.uint8)
    places = _possible_records(octets)
    others, cursor = walk_fields(data, 0)
    chains = [np.zeros(0, np.int32)]
    while len(chain := _chain(places, cursor, len(data))):
        chains.append(chain)
        fields, cursor = walk_fields(data, int(places.ends[chain[-1]]))
        others += fields
        check_others(others)
    rows = np.concatenate(chains)
    begins = places.begins[rows].astype(np.int64)
    return Frame(
        starts=begins + 2 + (octets[begins + 1] >= 0x80),
        ends=places.ends[rows].astype(np.int64),
        revised=octets[begins] == REVISED_TAG,
        others=tuple(others),
        end=cursor,
    )


def _possible_records(octets: NDArray[np.uint8]) -> _Places:
    """Find what would be a record if a field began there.

    Nearly all are records; the others are chance, or a trap, inside a field.
    """
    tags, low, high = (octets[i : len(octets) - 2 + i] for i in range(3))
    # Of lengths from 128 to 256, the low seven bits stand first.
    found = (low >= 0x80) & ((high == 1) | ((high == 2) & (low == 0x80)))
    found |= (low >= MIN_RECORD_BYTES) & (low < 0x80)
    found &= (tags == KEYS_TAG) | (tags == REVISED_TAG)
    begins = np.flatnonzero(found).astype(np.int32)
    sizes = low[begins].astype(np.int32)
    long = np.flatnonzero(sizes >= 0x80)
    sizes[long] += ((high[begins[long]].astype(np.int32) - 1) << 7) + 1
    ends = begins + sizes + 2
    count = len(begins)
    # The last ones may end beyond the data.
    row_at = np.full(len(octets) + MAX_RECORD_BYTES + 3, count, np.int32)
    row_at[begins] = np.arange(count, dtype=np.int32)
    jumps = [np.append(row_at[ends], np.int32(count))]
    for _ in range(_JUMP_LEVELS):
        jumps.append(jumps[-1][jumps[-1]])
    return _Places(begins, ends, row_at, jumps)


def _chain(places: _Places, cursor: int, size: int) -> Int32s:
    """Return the rows of the complete records that follow each other from `cursor`."""
    count = len(places.begins)
    *shorter, longest = places.jumps
    landings = []
    row = int(places.row_at[cursor])
    while row < count:
        landings.append(row)
        row = int(longest[row])
    rows = np.array(landings, np.int32)
    # Between two landings lie those half as far, between these half as far again.
    for jump in reversed(shorter):
        rows = np.stack([rows, jump[rows]], axis=1).ravel()
    rows = rows[rows < count]
    if len(rows) and places.ends[rows[-1]] > size:
        return rows[:-1]
    return rows


def walk_fields(data: bytes | memoryview, begin: int) -> tuple[list[bytes], int]:
    """Return the fields from `begin` to the first record, and where they end.

    The last of them ends where a record begins, or the first incomplete field.

    Raises
    ------
    FormatError
        As `frame_fields`.
    """
    fields: list[bytes] = []
    cursor = begin
    while field := _field(data, cursor):
        tag, start, end = field
        if tag in _RECORD_TAGS:
            _check_record(start - cursor, end - start)
            break
        # Before it came: a field may say that it is gigabytes long.
        if end - begin > MAX_OTHER_BYTES or len(fields) == MAX_OTHER_FIELDS:
            raise TooLargeError(_TOO_LARGE, _HINT)
        if end > len(data):
            break
        fields.append(bytes(data[cursor:end]))
        cursor = end
    return fields, cursor


def check_others(fields: Sequence[bytes]) -> None:
    """Raise `TooLargeError` if all fields but the key records are too many or long."""
    if len(fields) > MAX_OTHER_FIELDS or sum(map(len, fields)) > MAX_OTHER_BYTES:
        raise TooLargeError(_TOO_LARGE, _HINT)


def _field(data: bytes | memoryview, cursor: int) -> tuple[int, int, int] | None:
    """Return tag, start and end of the field at `cursor`; None if it is incomplete."""
    head = _varint(data, cursor, _MAX_HEAD_BYTES)
    if head is None:
        return None
    tag, start = head
    wire_type = tag & 7
    if not 0 < tag >> 3 < 1 << 29:
        raise FormatError("the export is not valid protobuf", _HINT)
    if wire_type == 2:
        length = _varint(data, start, _MAX_HEAD_BYTES)
        return None if length is None else (tag, length[1], sum(length))
    if wire_type in _FIXED_SIZES:
        return tag, start, start + _FIXED_SIZES[wire_type]
    if wire_type == 0:
        value = _varint(data, start, 10)
        return None if value is None else (tag, start, value[1])
    raise NotCanonicalError("the export has protobuf groups", _HINT)


def _varint(
    data: bytes | memoryview, cursor: int, max_bytes: int
) -> tuple[int, int] | None:
    """Return value and end of a varint; None where the data ends inside it."""
    value = 0
    for i, octet in enumerate(data[cursor : cursor + max_bytes]):
        value |= (octet & 0x7F) << 7 * i
        if octet < 0x80:
            return value, cursor + i + 1
    if len(data) - cursor >= max_bytes:
        raise FormatError("the export is not valid protobuf", _HINT)
    return None


def _check_record(head: int, length: int) -> None:
    """Refuse records of a wrong length, and heads that are not in shortest form.

    A padded length means the same, but no writer pads it.
    """
    if head != (2 if length < 0x80 else 3):
        raise NotCanonicalError("the head of a key record is padded or too long", _HINT)
    if not MIN_RECORD_BYTES <= length <= MAX_RECORD_BYTES:
        raise NotCanonicalError(
            f"a key record is not {MIN_RECORD_BYTES} to {MAX_RECORD_BYTES} bytes long",
            _HINT,
        )
