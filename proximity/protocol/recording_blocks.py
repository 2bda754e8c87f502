"""The compressed form of recordings: blocks of columns, in the order of recording.

docs/reference/recordings.md gives the columns of each kind of block. The last block
tells how much there is: a file that was cut anywhere is refused.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from proximity.errors import FormatError
from proximity.protocol.reception import (
    ADDRESS_BYTES,
    LEAST_RSSI_DBM,
    MAX_DATA_BYTES,
    MAX_T_MS,
    MOST_RSSI_DBM,
    Broadcast,
    Receptions,
    check_broadcasts,
    check_receptions,
    check_scans,
)
from proximity.protocol.recording_columns import (
    ColumnReader,
    encode_column,
    encode_differences,
)
from proximity.protocol.recording_frame import (
    HINT,
    Block,
    read_block,
    read_magic,
    write_block,
    write_magic,
)
from proximity.protocol.sighting import MISSING_RSSI_DBM, Scans

_END, _BROADCASTS, _RECEPTIONS, _SCANS = range(4)
_TOTALS = struct.Struct("<QQ")
_ROWS_PER_BLOCK = 65_536
# Of the longest data, with 9 bytes beside: below the limit of a block.
_BROADCASTS_PER_BLOCK = 4_096


@dataclass(slots=True)
class _Parts:
    """What was read so far."""

    t_ms: list[NDArray[np.int64]] = field(default_factory=list)
    rssi_dbm: list[NDArray[np.int8]] = field(default_factory=list)
    broadcast: list[NDArray[np.int32]] = field(default_factory=list)
    broadcasts: dict[Broadcast, None] = field(default_factory=dict, repr=False)
    broadcast_bytes: int = 0
    scans: list[NDArray[np.int64]] = field(default_factory=list)
    n_receptions: int = 0
    n_scans: int = 0


def read_blocks(stream: BinaryIO, head: bytes = b"") -> tuple[Receptions, Scans]:
    """Read a compressed recording.

    Parameters
    ----------
    stream : binary file
        Read to its end; one block at a time is inflated.
    head : bytes
        The first byte, where the caller has read it.

    Returns
    -------
    tuple of (Receptions, Scans)

    Raises
    ------
    TruncatedError
        If the file ends before its end block does.
    UnsupportedVersionError
        If its version is not 1.
    TooLargeError
        If a block would inflate beyond 8 MiB, or the recording exceeds a bound of
        `reception`.
    FormatError
        If a checksum does not hold, or anything else breaks the format.
    """
    read_magic(stream, head)
    parts = _Parts()
    block = read_block(stream)
    while block.kind != _END:
        unpack = _UNPACK.get(block.kind)
        if unpack is None:
            raise FormatError(f"a block is of the unknown kind {block.kind}", HINT)
        columns = ColumnReader(block.body)
        unpack(columns, block.n, parts)
        columns.finish()
        block = read_block(stream)
    if block.body != _TOTALS.pack(parts.n_receptions, parts.n_scans) or stream.read(1):
        raise FormatError("the recording does not end as it announces", HINT)
    return _join(parts)


def write_blocks(stream: BinaryIO, receptions: Receptions, scans: Scans) -> None:
    """Write a compressed recording.

    Parameters
    ----------
    stream : binary file
        Written once from start to end, without seeking.
    receptions : Receptions
    scans : Scans
    """
    write_magic(stream)
    known = before_ms = 0
    for rows in _slices(0, len(receptions.t_ms), _ROWS_PER_BLOCK):
        index = receptions.broadcast[rows].astype(np.int64)
        known = _write_broadcasts(stream, receptions, known, int(index.max()) + 1)
        t_ms = receptions.t_ms[rows]
        body = (
            encode_differences(t_ms, before_ms)
            + receptions.rssi_dbm[rows].tobytes()
            # Counted back from the newest: small, since few senders are near at once.
            + encode_column(known - 1 - index)
        )
        write_block(stream, Block(_RECEPTIONS, len(t_ms), body))
        before_ms = int(t_ms[-1])
    _write_broadcasts(stream, receptions, known, len(receptions.broadcasts))
    for rows in _slices(0, len(scans.start_ms), _ROWS_PER_BLOCK):
        body = (
            encode_differences(scans.start_ms[rows], 0)
            + encode_column((scans.end_ms - scans.start_ms)[rows])
            + encode_differences(scans.monotonic_ms[rows].astype(np.int64), 0)
        )
        write_block(stream, Block(_SCANS, len(scans.start_ms[rows]), body))
    totals = _TOTALS.pack(len(receptions.t_ms), len(scans.start_ms))
    write_block(stream, Block(_END, 0, totals))


def _slices(first: int, end: int, step: int) -> Iterator[slice]:
    for start in range(first, end, step):
        yield slice(start, min(start + step, end))


def _write_broadcasts(
    stream: BinaryIO, receptions: Receptions, known: int, wanted: int
) -> int:
    """Write the broadcasts known..wanted, if any; return how many are known then."""
    for rows in _slices(known, wanted, _BROADCASTS_PER_BLOCK):
        broadcasts = receptions.broadcasts[rows]
        addresses = [b.address for b in broadcasts if b.address is not None]
        body = (
            bytes(b.address is not None for b in broadcasts)
            + b"".join(addresses)
            + encode_column(np.array([len(b.data) for b in broadcasts], np.int64))
            + b"".join(b.data for b in broadcasts)
        )
        write_block(stream, Block(_BROADCASTS, len(broadcasts), body))
    return max(known, wanted)


def _unpack_broadcasts(columns: ColumnReader, count: int, parts: _Parts) -> None:
    check_broadcasts(len(parts.broadcasts) + count, parts.broadcast_bytes)
    flags = columns.take(count)
    addresses = [columns.take(ADDRESS_BYTES) if flag else None for flag in flags]
    lengths = columns.column(count)
    if not _all_within(lengths, 0, MAX_DATA_BYTES):
        raise FormatError("a broadcast has an impossible length", HINT)
    parts.broadcast_bytes += int(lengths.sum())
    check_broadcasts(len(parts.broadcasts) + count, parts.broadcast_bytes)
    before = len(parts.broadcasts)
    for address, length in zip(addresses, lengths.tolist(), strict=True):
        parts.broadcasts[Broadcast(address, columns.take(length))] = None
    if len(parts.broadcasts) != before + count:
        raise FormatError("a broadcast is listed twice", HINT)


def _unpack_receptions(columns: ColumnReader, count: int, parts: _Parts) -> None:
    parts.n_receptions += count
    check_receptions(parts.n_receptions)
    before_ms = int(parts.t_ms[-1][-1]) if parts.t_ms else 0
    t_ms = columns.differences(count, before_ms)
    rssi_dbm = np.frombuffer(columns.take(count), np.int8)
    index = len(parts.broadcasts) - 1 - columns.column(count)
    measured = rssi_dbm[rssi_dbm != MISSING_RSSI_DBM]
    if not (
        count
        and _all_within(t_ms, 0, MAX_T_MS)
        and _all_within(measured, LEAST_RSSI_DBM, MOST_RSSI_DBM)
        and _all_within(index, 0, len(parts.broadcasts) - 1)
    ):
        raise FormatError("a reception has an impossible value", HINT)
    parts.t_ms.append(t_ms)
    parts.rssi_dbm.append(rssi_dbm)
    parts.broadcast.append(index.astype(np.int32))


def _unpack_scans(columns: ColumnReader, count: int, parts: _Parts) -> None:
    parts.n_scans += count
    check_scans(parts.n_scans)
    start_ms = columns.differences(count, 0)
    length_ms = columns.column(count)
    monotonic_ms = columns.differences(count, 0)
    if not (
        _all_within(start_ms, 0, MAX_T_MS)
        and _all_within(length_ms, 0, MAX_T_MS)
        and _all_within(start_ms + length_ms, 0, MAX_T_MS)
        and _all_within(monotonic_ms, -1, MAX_T_MS)
    ):
        raise FormatError("a scan has an impossible value", HINT)
    parts.scans.append(np.stack([start_ms, start_ms + length_ms, monotonic_ms]))


_UNPACK = {
    _BROADCASTS: _unpack_broadcasts,
    _RECEPTIONS: _unpack_receptions,
    _SCANS: _unpack_scans,
}


def _all_within(values: NDArray[Any], least: int, most: int) -> bool:
    return bool(((values >= least) & (values <= most)).all())


def _join(parts: _Parts) -> tuple[Receptions, Scans]:
    receptions = Receptions(
        np.concatenate([np.zeros(0, np.int64), *parts.t_ms]),
        np.concatenate([np.zeros(0, np.int8), *parts.rssi_dbm]),
        np.concatenate([np.zeros(0, np.int32), *parts.broadcast]),
        tuple(parts.broadcasts),
    )
    return receptions, Scans(
        *np.concatenate([np.zeros((3, 0), np.int64), *parts.scans], axis=1)
    )
