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
    head = _walk(data, 0, until_record=True)
    chain = _chain(data, head.end)
    tail = _walk(data, chain.end, until_record=False)
    parts = (head, chain, tail)
    return Frame(
        starts=np.concatenate([part.starts for part in parts]),
        ends=np.concatenate([part.ends for part in parts]),
        revised=np.concatenate([part.revised for part in parts]),
        others=head.others + tail.others,
        end=tail.end,
    )


def _chain(data: bytes, begin: int) -> Frame:
    """Frame the unbroken run of plain records that begins at `begin`."""
    octets = np.frombuffer(data, np.uint8)[begin:]
    marks = _record_marks(octets)
    if not len(marks) or marks[0] != 0:
        return _frame(data, (marks[:0], marks[:0]), (), begin)
    ends = marks + 2 + octets[marks + 1]
    broken = np.flatnonzero(ends[:-1] != marks[1:])
    count = int(broken[0]) + 1 if len(broken) else len(marks)
    # Only the last of a run can reach beyond the data.
    count -= int(ends[count - 1] > len(octets))
    marks, ends = marks[:count] + begin, ends[:count] + begin
    if np.any(ends - marks - 2 < MIN_RECORD_BYTES):
        raise _record_length_error()
    return _frame(data, (marks, ends), (), int(ends[-1]) if count else begin)


def _record_marks(octets: NDArray[np.uint8]) -> Int64s:
    """Return where `3a|42 LL 0a 10` stands with a one-byte length."""
    tags, lengths, first, second = (octets[i : len(octets) - 3 + i] for i in range(4))
    if len(octets) < 4:
        return np.zeros(0, np.int64)
    found = (first == 0x0A) & (second == 0x10) & (lengths < 0x80)
    found &= (tags == KEYS_TAG) | (tags == REVISED_TAG)
    return np.flatnonzero(found)


def _walk(data: bytes, begin: int, *, until_record: bool) -> Frame:
    """Frame field by field, to the first incomplete one or the first key record."""
    begins: list[int] = []
    ends: list[int] = []
    others: list[bytes] = []
    other_bytes = 0
    cursor = begin
    while (field := _field(data, cursor)) is not None:
        tag, start, end = field
        is_record = tag in _RECORD_TAGS
        if is_record:
            if until_record:
                break
            _check_record(cursor, start, end)
        else:
            other_bytes += end - cursor
            _check_others(other_bytes)
        if end > len(data):
            break
        if is_record:
            begins.append(cursor)
            ends.append(end)
        else:
            others.append(data[cursor:end])
        cursor = end
    return _frame(
        data,
        (np.array(begins, np.int64), np.array(ends, np.int64)),
        tuple(others),
        cursor,
    )


def _field(data: bytes, cursor: int) -> tuple[int, int, int] | None:
    """Return tag, start and end of the field at `cursor`; None if it is incomplete."""
    # Most fields are plain records; a hostile file may have millions to walk.
    plain = cursor + 1 < len(data) and data[cursor + 1] < 0x80
    if plain and data[cursor] in _RECORD_TAGS:
        return data[cursor], cursor + 2, cursor + 2 + data[cursor + 1]
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


def _check_record(cursor: int, start: int, end: int) -> None:
    """Refuse records of a wrong length, and heads that are not in shortest form.

    A padded length means the same, but no writer pads it, and a file full of such
    records would take minutes instead of a second.
    """
    length = end - start
    if not MIN_RECORD_BYTES <= length <= MAX_RECORD_BYTES:
        raise _record_length_error()
    if start - cursor != (2 if length < 0x80 else 3):
        raise NotCanonicalError("the head of a key record is padded", _HINT)


def _check_others(size: int) -> None:
    if size > MAX_OTHER_BYTES:
        raise TooLargeError("the header fields exceed 64 KiB", _HINT)


def _record_length_error() -> FormatError:
    return NotCanonicalError(
        f"a key record is not {MIN_RECORD_BYTES} to {MAX_RECORD_BYTES} bytes long",
        _HINT,
    )


def _frame(
    data: bytes, bounds: tuple[Int64s, Int64s], others: tuple[bytes, ...], end: int
) -> Frame:
    begins, ends = bounds
    # One byte of tag, and two of length from 128 on: padded heads were refused.
    heads = np.where(ends - begins < 2 + 0x80, 2, 3)
    tags = np.frombuffer(data, np.uint8)[begins]
    return Frame(begins + heads, ends, tags == REVISED_TAG, others, end)
