"""The private copy of outside bytes."""

import gc
import hashlib
import io

import pytest

from proximity.errors import BadSignatureError, TooLargeError
from proximity.protocol import export_body
from proximity.protocol.export_body import PrivateCopy, bounded_pieces


def test_a_copy_knows_size_and_digest():
    copy = PrivateCopy([b"ab", b"", b"c"])

    assert copy.size == 3
    assert copy.digest == hashlib.sha256(b"abc").digest()


def test_a_copy_can_be_read_more_than_once():
    copy = PrivateCopy([b"abc"])

    assert b"".join(copy.read_again()) == b"".join(copy.read_again()) == b"abc"


def test_two_readers_do_not_disturb_each_other(monkeypatch):
    monkeypatch.setattr(export_body, "_CHUNK_BYTES", 4)
    data = bytes(range(10))
    copy = PrivateCopy([data])

    pairs = list(zip(copy.read_again(), copy.read_again(), strict=True))

    assert b"".join(a for a, _ in pairs) == b"".join(b for _, b in pairs) == data


def test_a_copy_that_was_changed_is_noticed_at_the_end():
    copy = PrivateCopy([b"abc"])
    copy.file.seek(1)
    copy.file.write(b"X")
    reader = copy.read_again()

    assert next(reader) == b"aXc"
    with pytest.raises(BadSignatureError, match="changed"):
        next(reader)


def test_a_large_copy_closes_its_file_without_being_told(monkeypatch):
    monkeypatch.setattr(export_body, "_IN_MEMORY_BYTES", 4)
    copy = PrivateCopy([bytes(10)])
    file = copy.file

    del copy
    gc.collect()

    assert file.closed


def test_a_stream_within_the_bound_is_read_whole():
    assert b"".join(bounded_pieces(io.BytesIO(b"abc"), 3)) == b"abc"


def test_a_stream_beyond_the_bound_is_refused():
    with pytest.raises(TooLargeError):
        list(bounded_pieces(io.BytesIO(b"abcd"), 3))
