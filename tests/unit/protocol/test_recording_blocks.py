import io
import struct

import numpy as np
import pytest

from proximity.errors import FormatError, TooLargeError, TruncatedError
from proximity.protocol import reception
from proximity.protocol.reception import Broadcast, gather_receptions
from proximity.protocol.recording_blocks import read_blocks, write_blocks
from proximity.protocol.recording_frame import Block, write_block, write_magic
from proximity.protocol.sighting import Scans

ADDRESS = bytes.fromhex("a1b2c3d4e5f6")
END, BROADCASTS, RECEPTIONS, SCANS = range(4)


def scans_of(*rows):
    columns = np.array(rows, np.int64).reshape(-1, 3).T
    return Scans(*columns)


def encoded(receptions, scans):
    stream = io.BytesIO()
    write_blocks(stream, receptions, scans)
    return stream.getvalue()


def written_by_hand(*blocks, n_receptions=0, n_scans=0):
    stream = io.BytesIO()
    write_magic(stream)
    for block in (*blocks, Block(END, 0, struct.pack("<QQ", n_receptions, n_scans))):
        write_block(stream, block)
    return stream.getvalue()


def equal(a, b):
    return all(
        np.array_equal(x, y) if isinstance(x, np.ndarray) else x == y
        for x, y in zip(a, b, strict=True)
    )


RECEPTIONS_HEARD = gather_receptions(
    [
        (1_585_785_600_000, -60, Broadcast(ADDRESS, b"one")),
        (1_585_785_599_000, None, Broadcast(None, b"")),
        (1_585_785_600_250, -127, Broadcast(ADDRESS, b"one")),
    ]
)
SCANS_MADE = scans_of((1_585_785_599_000, 1_585_785_603_000, 17), (5, 5, -1))


def test_a_recording_is_read_as_written():
    receptions, scans = read_blocks(io.BytesIO(encoded(RECEPTIONS_HEARD, SCANS_MADE)))

    assert equal(receptions, RECEPTIONS_HEARD)
    assert equal(scans, SCANS_MADE)
    assert [c.dtype for c in receptions[:3]] == [np.int64, np.int8, np.int32]


def test_an_empty_recording_is_read_as_written():
    nothing = gather_receptions([])
    receptions, scans = read_blocks(io.BytesIO(encoded(nothing, scans_of())))

    assert (len(receptions.t_ms), len(scans.start_ms)) == (0, 0)


def test_columns_are_laid_out_as_documented():
    # One broadcast with an address and three bytes, one reception of it, one scan.
    heard = gather_receptions([(3, -60, Broadcast(ADDRESS, b"one"))])
    by_hand = written_by_hand(
        Block(BROADCASTS, 1, b"\1" + ADDRESS + b"\1\3" + b"one"),
        Block(RECEPTIONS, 1, b"\1\6" + b"\xc4" + b"\1\0"),
        Block(SCANS, 1, b"\1\4" + b"\1\5" + b"\1\1"),
        n_receptions=1,
        n_scans=1,
    )

    assert encoded(heard, scans_of((2, 7, -1))) == by_hand


def test_every_strict_prefix_is_truncated():
    data = encoded(RECEPTIONS_HEARD, SCANS_MADE)

    for end in range(1, len(data)):
        with pytest.raises(TruncatedError):
            read_blocks(io.BytesIO(data[:end]))


@pytest.mark.parametrize(
    "block",
    [
        Block(9, 1, b""),
        Block(BROADCASTS, 2, b"\0\0" + b"\1\1\1" + b"aa"),
        Block(BROADCASTS, 1, b"\0" + b"\2\x73\6" + bytes(1_651)),
        Block(BROADCASTS, 1, b"\1" + ADDRESS[:5]),
        Block(BROADCASTS, 1, b"\0" + b"\1\1" + b"a" + b"left over"),
        Block(RECEPTIONS, 0, b"\1" + b"\1"),
        Block(RECEPTIONS, 1, b"\1\6" + b"\xc4" + b"\1\0"),
        Block(SCANS, 1, b"\1\1" + b"\1\0" + b"\1\0"),
        Block(SCANS, 1, b"\1\0" + b"\x08" + b"\xff" * 8 + b"\1\0"),
        Block(SCANS, 1, b"\1\0" + b"\1\0" + b"\1\3"),
    ],
    ids=[
        "unknown kind",
        "broadcast twice",
        "data too long",
        "address cut",
        "bytes left over",
        "no receptions",
        "broadcast unknown",
        "scan before 1970",
        "scan of negative length",
        "monotonic time below -1",
    ],
)
def test_blocks_that_break_the_format_are_refused(block):
    with pytest.raises(FormatError):
        read_blocks(io.BytesIO(written_by_hand(block)))


@pytest.mark.parametrize("rssi", [0x80, 21, 126])
def test_an_impossible_rssi_is_refused(rssi):
    data = written_by_hand(
        Block(BROADCASTS, 1, b"\0" + b"\1\1" + b"a"),
        Block(RECEPTIONS, 1, b"\1\6" + bytes([rssi]) + b"\1\0"),
        n_receptions=1,
    )

    with pytest.raises(FormatError, match="impossible"):
        read_blocks(io.BytesIO(data))


def test_a_file_that_lacks_a_block_is_noticed_at_its_end():
    with pytest.raises(FormatError, match="announces"):
        read_blocks(io.BytesIO(written_by_hand(n_receptions=1)))


def test_bytes_after_the_end_are_refused():
    data = encoded(RECEPTIONS_HEARD, SCANS_MADE)

    with pytest.raises(FormatError, match="announces"):
        read_blocks(io.BytesIO(data + b"\0"))


@pytest.mark.parametrize(
    ("bound", "limit"),
    [
        ("MAX_RECEPTIONS", 2),
        ("MAX_BROADCASTS", 1),
        ("MAX_BROADCAST_BYTES", 2),
        ("MAX_SCANS", 1),
    ],
)
def test_a_recording_is_bounded(monkeypatch, bound, limit):
    data = encoded(RECEPTIONS_HEARD, SCANS_MADE)
    monkeypatch.setattr(reception, bound, limit)

    with pytest.raises(TooLargeError):
        read_blocks(io.BytesIO(data))
