"""Frames of a compressed recording: a magic, then blocks with a checksum each.

    file  = magic block* end     magic = 89 "PXREC" 0A, version 01
    block = kind u8, n u32, packed u32, inflated u32, crc u32, little endian,
            then `packed` bytes: a zlib stream of `inflated` bytes

The checksum is the CRC-32 of kind, n and the inflated bytes. docs/reference/
recordings.md describes the format in full.
"""

import struct
import zlib
from typing import BinaryIO, NamedTuple

from proximity.errors import (
    FormatError,
    TooLargeError,
    TruncatedError,
    UnsupportedVersionError,
)

HINT = "The recording is damaged, or it is another kind of file."
FIRST_BYTE = b"\x89"
MAGIC = FIRST_BYTE + b"PXREC\n"
VERSION = 1
MAX_BLOCK_BYTES = 8 * 2**20

_HEAD = struct.Struct("<BIIII")
# What zlib may add to data that does not compress, generously.
_PACKING_BYTES = 65_536


class Block(NamedTuple):
    """One inflated block.

    Attributes
    ----------
    kind, n : int
        What it holds, and how many of them.
    body : bytes
        At most 8 MiB.
    """

    kind: int
    n: int
    body: bytes


def write_magic(stream: BinaryIO) -> None:
    """Begin a compressed recording."""
    stream.write(MAGIC + bytes((VERSION,)))


def read_magic(stream: BinaryIO, head: bytes) -> None:
    """Read the start of a compressed recording.

    Parameters
    ----------
    stream : binary file
    head : bytes
        What was read of it already.

    Raises
    ------
    TruncatedError, FormatError
        If the stream is shorter, or no compressed recording.
    UnsupportedVersionError
        If its version is not 1.
    """
    start = head + _take(stream, len(MAGIC) + 1 - len(head))
    if not start.startswith(MAGIC):
        raise FormatError("the file is not a recording", HINT)
    if start[-1] != VERSION:
        raise UnsupportedVersionError(
            f"recordings of version {start[-1]} are not supported",
            f"Write the recording in version {VERSION}, or update this program.",
        )


def write_block(stream: BinaryIO, block: Block) -> None:
    """Compress a block and write it."""
    packed = zlib.compress(block.body, level=9)
    sizes = (len(packed), len(block.body), _checksum(block))
    stream.write(_HEAD.pack(block.kind, block.n, *sizes) + packed)


def read_block(stream: BinaryIO) -> Block:
    """Read and inflate one block.

    Raises
    ------
    TruncatedError
        If the stream ends within it.
    TooLargeError
        If it announces more than 8 MiB; no more than announced is ever inflated.
    FormatError
        If it does not inflate to what is announced, or its checksum does not hold.
    """
    head = _HEAD.unpack(_take(stream, _HEAD.size))
    kind, n, n_packed, n_inflated, crc = head
    if max(n_inflated, n_packed - _PACKING_BYTES, n) > MAX_BLOCK_BYTES:
        raise TooLargeError("a block of the recording exceeds 8 MiB", HINT)
    packed = _take(stream, n_packed)
    inflate = zlib.decompressobj()
    try:
        # One byte more than announced is enough to see that there is more.
        body = inflate.decompress(packed, n_inflated + 1)
    except zlib.error:
        raise FormatError("a block of the recording does not inflate", HINT) from None
    block = Block(kind, n, body)
    whole = inflate.eof and not inflate.unused_data and len(body) == n_inflated
    if not whole or crc != _checksum(block):
        raise FormatError("a checksum of the recording does not hold", HINT)
    return block


def _checksum(block: Block) -> int:
    return zlib.crc32(block.body, zlib.crc32(struct.pack("<BI", *block[:2])))


def _take(stream: BinaryIO, n: int) -> bytes:
    data = stream.read(n)
    if len(data) < n:
        raise TruncatedError("the recording ends before it is complete", HINT)
    return data
