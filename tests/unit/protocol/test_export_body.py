"""Private copies of outside bytes, and an export.bin read from one."""

import gc
import hashlib
import io
from collections.abc import Callable
from typing import NamedTuple

import pytest

from proximity.errors import BadSignatureError, TooLargeError, TruncatedError
from proximity.protocol import export_body
from proximity.protocol.export_body import (
    HEAD_BYTES,
    ExportBody,
    PrivateCopy,
    bounded_pieces,
    check_size,
    hash_inflated,
    hash_stored,
)

DATA = b"EK Export v1    " + bytes(range(100))


class Taken(NamedTuple):
    """What a stand-in for a parser took of a stretch."""

    content: bytes
    end: int


def take(step: int = 1) -> Callable[[memoryview], Taken]:
    """Return a parser of fields of `step` bytes each."""

    def parse(data: memoryview) -> Taken:
        end = len(data) // step * step
        return Taken(bytes(data[:end]), end)

    return parse


def joined(body: ExportBody, *, hashed: bool = True, step: int = 1) -> bytes:
    return b"".join(part.content for part in body.parse(take(step), hashed=hashed))


def test_a_copy_knows_its_size():
    assert PrivateCopy([b"ab", b"", b"c"]).size == 3


@pytest.mark.parametrize("offset", [0, 1, 3])
def test_a_copy_is_read_from_any_place(offset):
    buffer = bytearray(2)

    count = PrivateCopy([b"abc"]).read_into(memoryview(buffer), offset)

    assert buffer[:count] == b"abc"[offset : offset + 2]


def test_an_inflated_body_has_the_digest_of_all_its_bytes():
    body = hash_inflated([DATA[:50], b"", DATA[50:]])

    assert (body.begin, body.size) == (0, len(DATA))
    assert body.digest == hashlib.sha256(DATA).digest()


def test_a_stored_body_is_read_where_it_lies():
    archive = PrivateCopy([b"before" + DATA + b"behind"])
    body = hash_stored(archive, 6, [DATA[:9], DATA[9:]])

    assert body.copy is archive
    assert body.head() == DATA[:HEAD_BYTES]
    assert joined(body) == DATA[HEAD_BYTES:]


@pytest.mark.parametrize("size", [0, 1, HEAD_BYTES])
def test_a_body_that_is_no_longer_than_its_head_has_nothing_to_parse(size):
    body = hash_inflated([DATA[:size]])

    assert body.head() == DATA[:size]
    assert joined(body) == b""


@pytest.mark.parametrize("chunk", [7, 10, 100, 1_000])
def test_what_a_stretch_leaves_begins_the_next_one(monkeypatch, chunk):
    monkeypatch.setattr(export_body, "_CHUNK_BYTES", chunk)

    assert joined(hash_inflated([DATA]), step=5) == DATA[HEAD_BYTES:]


def test_a_field_that_the_body_does_not_end_is_refused():
    with pytest.raises(TruncatedError, match="inside a field"):
        joined(hash_inflated([DATA]), step=3)


def test_a_body_can_be_read_more_than_once():
    body = hash_inflated([DATA])

    assert joined(body) == joined(body) == DATA[HEAD_BYTES:]


def test_two_readers_do_not_disturb_each_other(monkeypatch):
    monkeypatch.setattr(export_body, "_CHUNK_BYTES", 4)
    body = hash_inflated([DATA])
    readers = [body.parse(take(), hashed=True) for _ in range(2)]

    pairs = list(zip(*readers, strict=True))

    for column in zip(*pairs, strict=True):
        assert b"".join(part.content for part in column) == DATA[HEAD_BYTES:]


@pytest.mark.parametrize("at", [0, HEAD_BYTES, len(DATA) - 1])
def test_a_copy_that_was_changed_is_noticed_at_the_end(at):
    body = hash_inflated([DATA])
    body.copy.file.seek(at)
    body.copy.file.write(b"\xff")
    reader = body.parse(take(), hashed=True)

    next(reader)
    with pytest.raises(BadSignatureError, match="changed"):
        next(reader)
    # Nothing promises it of a reading that was not to be hashed.
    assert len(joined(body, hashed=False)) == len(DATA) - HEAD_BYTES


@pytest.mark.parametrize("hashed", [False, True])
def test_a_copy_that_was_cut_is_noticed(hashed):
    body = hash_inflated([DATA])
    body.copy.file.truncate(len(DATA) - 1)

    with pytest.raises(BadSignatureError, match="changed"):
        joined(body, hashed=hashed)


def test_what_the_parser_raises_passes_through():
    def fail(data: memoryview) -> Taken:
        raise KeyError(len(data))

    with pytest.raises(KeyError):
        list(hash_inflated([DATA]).parse(fail, hashed=True))


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


def test_a_size_beyond_the_bound_is_refused():
    check_size(3, 3)
    with pytest.raises(TooLargeError, match="3 bytes"):
        check_size(4, 3)
