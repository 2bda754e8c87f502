import io
import struct
import zlib

import pytest

from proximity.errors import (
    FormatError,
    TooLargeError,
    TruncatedError,
    UnsupportedVersionError,
)
from proximity.protocol.recording_frame import (
    MAX_BLOCK_BYTES,
    Block,
    read_block,
    read_magic,
    write_block,
    write_magic,
)


def written(block):
    stream = io.BytesIO()
    write_block(stream, block)
    return stream.getvalue()


def framed(kind, n, packed, *, inflated, body):
    """Frame by hand, with a checksum that holds for `body`."""
    crc = zlib.crc32(struct.pack("<BI", kind, n) + body)
    return struct.pack("<BIIII", kind, n, len(packed), inflated, crc) + packed


def test_a_block_is_laid_out_as_documented():
    packed = zlib.compress(b"columns", 9)

    assert written(Block(2, 5, b"columns")) == framed(
        2, 5, packed, inflated=7, body=b"columns"
    )


def test_a_block_is_read_as_written():
    block = Block(2, 5, b"columns")

    assert read_block(io.BytesIO(written(block))) == block


def test_every_strict_prefix_of_a_block_is_truncated():
    data = written(Block(2, 5, b"columns"))

    for end in range(len(data)):
        with pytest.raises(TruncatedError):
            read_block(io.BytesIO(data[:end]))


def test_every_changed_byte_of_a_block_is_noticed():
    data = written(Block(2, 5, b"columns"))
    for i in range(len(data)):
        changed = data[:i] + bytes([data[i] ^ 1]) + data[i + 1 :]
        with pytest.raises(FormatError):
            read_block(io.BytesIO(changed))


def test_more_than_announced_is_never_inflated():
    bomb = zlib.compress(bytes(1_000_000), 9)

    with pytest.raises(FormatError):
        read_block(io.BytesIO(framed(2, 1, bomb, inflated=100, body=bytes(100))))


def test_a_block_may_not_announce_more_than_eight_mebibytes():
    head = struct.pack("<BIIII", 2, 1, 10, MAX_BLOCK_BYTES + 1, 0)

    with pytest.raises(TooLargeError):
        read_block(io.BytesIO(head))


def test_a_block_may_not_be_packed_larger_than_it_inflates():
    head = struct.pack("<BIIII", 2, 1, 2**32 - 1, 10, 0)

    with pytest.raises(TooLargeError):
        read_block(io.BytesIO(head))


def test_bytes_after_the_zlib_stream_are_refused():
    packed = zlib.compress(b"columns", 9) + b"more"

    with pytest.raises(FormatError):
        read_block(io.BytesIO(framed(2, 5, packed, inflated=7, body=b"columns")))


def test_the_magic_is_read_as_written():
    stream = io.BytesIO()
    write_magic(stream)

    assert stream.getvalue() == b"\x89PXREC\n\x01"
    assert read_magic(io.BytesIO(stream.getvalue()[1:]), b"\x89") is None


def test_another_version_is_refused_by_its_number():
    with pytest.raises(UnsupportedVersionError, match="version 2"):
        read_magic(io.BytesIO(b"\x89PXREC\n\x02"), b"")


def test_another_kind_of_file_is_refused():
    with pytest.raises(FormatError, match="not a recording"):
        read_magic(io.BytesIO(b"\x89PNG\r\n\x1a\n"), b"")
