"""Where the key records of an export lie; not a byte inside them is interpreted.

A protobuf message is a chain: each field says where the next one begins. Nearly all
of an export is one record after another that begins `3a LL 0a 10` (field 7, length,
16 key bytes), so their starts are found by comparing columns, and kept only as far as
each one ends where the next begins. A walk, field by field, does the rest.
"""

from dataclasses import dataclass

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

# A key holds a mark by chance once in some five million; a file full of them is made
# so, and is walked instead.
_MAX_CHAIN_RUNS = 64
# Tags and lengths have at most 32 bits, so at most five varint bytes.
_MAX_HEAD_BYTES = 5
_RECORD_TAGS = (KEYS_TAG, REVISED_TAG)
_FIXED_SIZES = {1: 8, 5: 4}
_HINT = "Fetch the file again; if it stays so, its publisher has to repair it."

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


def frame_fields(data: bytes) -> Frame:
    """Find the fields of a stretch of an export that begins where a field begins.

    Parameters
    ----------
    data : bytes
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
    head, others, cursor = _walk(data, 0, until_record=True)
    chain, cursor = _chain(octets, cursor)
    tail, later, cursor = _walk(data, cursor, until_record=False)
    begins = np.concatenate([head, chain, tail])
    # A padded head was refused: one byte of tag, and two of length from 128 on.
    lengths = octets[begins + 1].astype(np.int64)
    long = lengths >= 0x80
    lengths[long] += (octets[begins[long] + 2].astype(np.int64) - 1) << 7
    if np.any((lengths < MIN_RECORD_BYTES) | (lengths > MAX_RECORD_BYTES)):
        raise NotCanonicalError(
            f"a key record is not {MIN_RECORD_BYTES} to {MAX_RECORD_BYTES} bytes long",
            _HINT,
        )
    starts = begins + 2 + long
    return Frame(
        starts=starts,
        ends=starts + lengths,
        revised=octets[begins] == REVISED_TAG,
        others=others + later,
        end=cursor,
    )


def _chain(octets: NDArray[np.uint8], begin: int) -> tuple[Int64s, int]:
    """Find the plain records that follow each other from `begin` on."""
    marks = _record_marks(octets[begin:]) + begin
    if not len(marks) or marks[0] != begin:
        return marks[:0], begin
    ends = marks + 2 + octets[marks + 1]
    breaks = np.append(np.flatnonzero(ends[:-1] != marks[1:]), len(marks) - 1)
    runs = []
    first = 0
    for _ in range(_MAX_CHAIN_RUNS):
        last = int(breaks[np.searchsorted(breaks, first)])
        runs.append(np.arange(first, last + 1))
        # What looks like a mark inside a record is a coincidence; jump over it.
        first = int(np.searchsorted(marks, ends[last]))
        if first == len(marks) or marks[first] != ends[last]:
            break
    rows = np.concatenate(runs)
    # Only the last record can reach beyond the data.
    rows = rows[ends[rows] <= len(octets)]
    return marks[rows], int(ends[rows[-1]]) if len(rows) else begin


def _record_marks(octets: NDArray[np.uint8]) -> Int64s:
    """Return where `3a|42 LL 0a 10` stands with a one-byte length."""
    tags, lengths, first, second = (octets[i : len(octets) - 3 + i] for i in range(4))
    if len(octets) < 4:
        return np.zeros(0, np.int64)
    found = (first == 0x0A) & (second == 0x10) & (lengths < 0x80)
    found &= (tags == KEYS_TAG) | (tags == REVISED_TAG)
    return np.flatnonzero(found)


def _walk(
    data: bytes, cursor: int, *, until_record: bool
) -> tuple[Int64s, tuple[bytes, ...], int]:
    """Go field by field, to the first incomplete one or the first key record.

    Return where key records begin, all other fields, and where the walk ended.
    """
    begins: list[int] = []
    others: list[bytes] = []
    other_bytes = 0
    while True:
        if not until_record:
            cursor = _walk_plain_records(data, cursor, begins)
        field = _field(data, cursor)
        if field is None:
            break
        tag, start, end = field
        is_record = tag in _RECORD_TAGS
        if is_record:
            if until_record:
                break
            _check_head(start - cursor, end - start)
        else:
            other_bytes += end - cursor
            _check_others(other_bytes)
        if end > len(data):
            break
        if is_record:
            begins.append(cursor)
        else:
            others.append(data[cursor:end])
        cursor = end
    return np.array(begins, np.int64), tuple(others), cursor


def _walk_plain_records(data: bytes, cursor: int, begins: list[int]) -> int:
    """Append where records with one-byte lengths begin.

    A hostile file has millions of them: each costs two looks and no check.
    """
    keys_tag, revised_tag = _RECORD_TAGS
    last = len(data) - 1
    begin = cursor
    while cursor < last:
        tag, length = data[cursor], data[cursor + 1]
        if (tag != keys_tag and tag != revised_tag) or length > 0x7F:  # noqa: PLR1714
            break
        begin = cursor
        begins.append(begin)
        cursor += 2 + length
    if cursor > len(data):
        begins.pop()
        return begin
    return cursor


def _field(data: bytes, cursor: int) -> tuple[int, int, int] | None:
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


def _varint(data: bytes, cursor: int, max_bytes: int) -> tuple[int, int] | None:
    """Return value and end of a varint; None where the data ends inside it."""
    value = 0
    for i, octet in enumerate(data[cursor : cursor + max_bytes]):
        value |= (octet & 0x7F) << 7 * i
        if octet < 0x80:
            return value, cursor + i + 1
    if len(data) - cursor >= max_bytes:
        raise FormatError("the export is not valid protobuf", _HINT)
    return None


def _check_head(head: int, length: int) -> None:
    """Refuse heads of key records that are not in shortest form.

    A padded length means the same, but no writer pads it, and a file full of such
    records would take minutes instead of a second.
    """
    if head != (2 if length < 0x80 else 3):
        raise NotCanonicalError("the head of a key record is padded or too long", _HINT)


def _check_others(size: int) -> None:
    if size > MAX_OTHER_BYTES:
        raise TooLargeError("the header fields exceed 64 KiB", _HINT)
