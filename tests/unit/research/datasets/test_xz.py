"""Packed files are read within bounds, and damage has a name."""

import io
import lzma

import pytest

from proximity.errors import FormatError, TooLargeError, TruncatedError
from proximity.research.datasets.xz import unpack


def unpacked(tmp_path, data, max_bytes=1_000_000):
    source = tmp_path / "file.xz"
    source.write_bytes(data)
    target = io.BytesIO()
    unpack(source, target, max_bytes=max_bytes)
    return target.getvalue()


def test_what_was_packed_comes_out(tmp_path):
    assert unpacked(tmp_path, lzma.compress(b"tracks" * 1_000)) == b"tracks" * 1_000


def test_a_file_that_ends_early_is_truncated(tmp_path):
    with pytest.raises(TruncatedError):
        unpacked(tmp_path, lzma.compress(b"tracks" * 1_000)[:-5])


def test_a_bomb_stops_at_the_bound(tmp_path):
    with pytest.raises(TooLargeError):
        unpacked(tmp_path, lzma.compress(bytes(3_000_000)))


def test_what_is_no_xz_file_is_refused(tmp_path):
    with pytest.raises(FormatError):
        unpacked(tmp_path, b"SQLite format 3\0")


def test_a_flipped_byte_is_noticed(tmp_path):
    data = bytearray(lzma.compress(b"tracks" * 1_000))
    data[len(data) // 2] ^= 1

    with pytest.raises(FormatError):
        unpacked(tmp_path, bytes(data))


def test_a_file_that_cannot_be_opened_is_a_format_error(tmp_path):
    with pytest.raises(FormatError, match="cannot be read"):
        unpack(tmp_path / "nowhere.xz", io.BytesIO(), max_bytes=1)
