"""The zip around an export: exactly `export.bin` and `export.sig`, nothing else.

The reader is strict, so that no two readers can see two different files: the two
entries, the central directory and the end record fill the archive without a gap.
All sizes are checked against the file before anything is read or inflated.
"""

import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import IO

from proximity.errors import (
    FormatError,
    NotCanonicalError,
    TooLargeError,
    TruncatedError,
    UnsupportedVersionError,
)

BODY_NAME = "export.bin"
SIGNATURE_NAME = "export.sig"

# PKWARE APPNOTE 4.3.16, 4.3.12, 4.3.7 and 4.3.9.
_END = struct.Struct("<4s4H2LH")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_DESCRIPTOR = struct.Struct("<3L")
_DESCRIPTOR_MARK = b"PK\x07\x08"

_STORED, _DEFLATED = 0, 8
# Encryption (bit 0), strong encryption (6), masked headers (13): APPNOTE 4.4.4.
_ENCRYPTED_FLAGS = 1 | 1 << 6 | 1 << 13
_DESCRIPTOR_FLAG = 1 << 3
_MAX_DIRECTORY_BYTES = 8_192
_CHUNK_BYTES = 1 << 18

_HINT = "Fetch the file again; if it stays so, its publisher has to repair it."


@dataclass(frozen=True, slots=True)
class ArchiveEntry:
    """Where an entry lies; sizes in bytes as the archive states them."""

    name: str
    compressed_size: int
    size: int
    method: int
    crc32: int
    header_offset: int
    flags: int

    @property
    def stored(self) -> bool:
        """Whether the content lies in the archive as it is."""
        return self.method == _STORED


def read_entries(file: IO[bytes], file_size: int) -> dict[str, ArchiveEntry]:
    """Read the directory of an export's archive; nothing is inflated.

    Parameters
    ----------
    file : seekable binary stream
    file_size : int
        Length of the stream in bytes.

    Returns
    -------
    dict of str to ArchiveEntry
        Exactly `export.bin` and `export.sig`.

    Raises
    ------
    FormatError
        If it is not a zip file, or not of exactly this shape.
    """
    end_at = file_size - _END.size
    mark, *numbers = _END.unpack(_read(file, end_at, _END.size))
    if mark != b"PK\x05\x06":
        raise TruncatedError("not a zip file, or its end is missing", _HINT)
    disk, first_disk, here, total, length, offset, comment = numbers
    if (disk, first_disk, comment) != (0, 0, 0):
        raise NotCanonicalError("the zip is split or carries a comment", _HINT)
    if (here, total) != (2, 2):
        raise NotCanonicalError(f"the zip has {total} entries, not 2", _HINT)
    if length > _MAX_DIRECTORY_BYTES or offset + length != end_at:
        raise NotCanonicalError("the zip's directory is not where it belongs", _HINT)
    entries = _directory(_read(file, offset, length))
    names = sorted(entry.name for entry in entries)
    if names != [BODY_NAME, SIGNATURE_NAME]:
        raise NotCanonicalError(
            f"the zip does not hold exactly {BODY_NAME} and {SIGNATURE_NAME}", _HINT
        )
    _check_layout(file, entries, offset)
    return {entry.name: entry for entry in entries}


def unpack(file: IO[bytes], entry: ArchiveEntry, max_bytes: int) -> Iterator[bytes]:
    """Inflate an entry piece by piece.

    Parameters
    ----------
    file : seekable binary stream
    entry : ArchiveEntry
        From `read_entries` of the same stream.
    max_bytes : int
        Bound on the inflated size.

    Yields
    ------
    bytes
        Pieces of at most 256 KiB.

    Raises
    ------
    TooLargeError
        If the entry says that it is larger, or turns out to be.
    FormatError
        If it does not inflate to exactly the stated size and checksum.
    """
    if entry.size > max_bytes:
        raise TooLargeError(
            f"{entry.name} inflates to {entry.size} bytes; the bound is {max_bytes}",
            "Raise --max-bytes only for a publisher of whom you expect such files.",
        )
    checksum = size = 0
    for piece in _pieces(file, entry):
        size += len(piece)
        if size > entry.size:
            raise NotCanonicalError(f"{entry.name} is larger than it states", _HINT)
        checksum = zlib.crc32(piece, checksum)
        yield piece
    if (size, checksum) != (entry.size, entry.crc32):
        raise FormatError(f"{entry.name} is damaged: size or checksum differ", _HINT)


def content_offset(file: IO[bytes], entry: ArchiveEntry) -> int:
    """Return where in the archive the content of an entry begins.

    Raises
    ------
    FormatError
        If the local header is not as the directory has it.
    """
    return _check_local_header(file, entry)


def write_archive(
    file: IO[bytes], entries: Iterable[tuple[str, Iterable[bytes]]]
) -> None:
    """Write a deflated zip of the entries; the same content gives the same bytes.

    Parameters
    ----------
    file : binary stream
    entries : iterable of (str, iterable of bytes)
        Name and content; each is consumed before the next one is asked for.
    """
    with zipfile.ZipFile(file, "w") as archive:
        for name, pieces in entries:
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            # The same on every system, and for everyone to read.
            info.create_system = 3
            info.external_attr = 0o644 << 16
            with archive.open(info, "w") as entry:
                for piece in pieces:
                    entry.write(piece)


def _read(file: IO[bytes], offset: int, length: int) -> bytes:
    if offset < 0:
        raise TruncatedError("the zip is shorter than a zip can be", _HINT)
    file.seek(offset)
    data = file.read(length)
    if len(data) != length:
        raise TruncatedError("the zip ends too early", _HINT)
    return data


def _directory(data: bytes) -> list[ArchiveEntry]:
    entries = []
    cursor = 0
    for _ in range(2):
        if cursor + _CENTRAL.size > len(data):
            raise TruncatedError("the zip's directory ends too early", _HINT)
        fields = _CENTRAL.unpack_from(data, cursor)
        name_size, extra_size, comment_size = fields[10:13]
        name_at = cursor + _CENTRAL.size
        cursor = name_at + name_size + extra_size + comment_size
        if fields[0] != b"PK\x01\x02":
            raise FormatError("the zip's directory is damaged", _HINT)
        name = data[name_at : name_at + name_size].decode("latin-1")
        entry = ArchiveEntry(
            name=name,
            compressed_size=fields[8],
            size=fields[9],
            method=fields[4],
            crc32=fields[7],
            header_offset=fields[16],
            flags=fields[3],
        )
        _check_entry(entry)
        entries.append(entry)
    if cursor != len(data):
        raise NotCanonicalError("the zip's directory has a wrong length", _HINT)
    return entries


def _check_entry(entry: ArchiveEntry) -> None:
    if entry.flags & _ENCRYPTED_FLAGS:
        raise UnsupportedVersionError("the zip has an encrypted entry", _HINT)
    if entry.method not in (_STORED, _DEFLATED):
        raise UnsupportedVersionError(
            f"the zip uses compression method {entry.method}; 0 and 8 are read", _HINT
        )


def _check_layout(file: IO[bytes], entries: list[ArchiveEntry], end: int) -> None:
    """Refuse gaps, overlaps and local headers that tell another story."""
    cursor = 0
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        if entry.header_offset != cursor:
            raise NotCanonicalError("the zip has gaps or overlapping entries", _HINT)
        data_at = _check_local_header(file, entry)
        cursor = data_at + entry.compressed_size
        if entry.flags & _DESCRIPTOR_FLAG:
            cursor += _descriptor_size(file, entry, cursor)
    if cursor != end:
        raise NotCanonicalError("the zip has gaps or overlapping entries", _HINT)


def _check_local_header(file: IO[bytes], entry: ArchiveEntry) -> int:
    """Compare a local header with the directory; return where the data begins."""
    fields = _LOCAL.unpack(_read(file, entry.header_offset, _LOCAL.size))
    name_size, extra_size = fields[9:11]
    same = (
        fields[0] == b"PK\x03\x04"
        and fields[2:4] == (entry.flags, entry.method)
        and name_size == len(entry.name)
        and file.read(name_size) == entry.name.encode()
    )
    sizes = (entry.crc32, entry.compressed_size, entry.size)
    if not entry.flags & _DESCRIPTOR_FLAG:
        same = same and fields[6:9] == sizes
    if not same:
        raise NotCanonicalError("the zip's headers contradict each other", _HINT)
    return entry.header_offset + _LOCAL.size + int(name_size) + int(extra_size)


def _descriptor_size(file: IO[bytes], entry: ArchiveEntry, offset: int) -> int:
    """Return the length of the data descriptor: its mark is optional (4.3.9.3)."""
    content = _DESCRIPTOR.pack(entry.crc32, entry.compressed_size, entry.size)
    marked = _DESCRIPTOR_MARK + content
    file.seek(offset)
    found = file.read(len(marked))
    if found == marked:
        return len(marked)
    if found[: len(content)] == content:
        return len(content)
    raise NotCanonicalError("the zip's headers contradict each other", _HINT)


def _pieces(file: IO[bytes], entry: ArchiveEntry) -> Iterator[bytes]:
    file.seek(content_offset(file, entry))
    if entry.stored:
        yield from _stored_pieces(file, entry.compressed_size)
    else:
        yield from _inflated_pieces(file, entry)


def _stored_pieces(file: IO[bytes], remaining: int) -> Iterator[bytes]:
    while remaining:
        piece = file.read(min(_CHUNK_BYTES, remaining))
        if not piece:
            raise TruncatedError("the zip ends too early", _HINT)
        remaining -= len(piece)
        yield piece


def _inflated_pieces(file: IO[bytes], entry: ArchiveEntry) -> Iterator[bytes]:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        for piece in _stored_pieces(file, entry.compressed_size):
            data = piece
            while data and not inflater.eof:
                yield inflater.decompress(data, _CHUNK_BYTES)
                data = inflater.unconsumed_tail
            if data or inflater.unused_data:
                raise FormatError(f"{entry.name} has bytes after its end", _HINT)
        while not inflater.eof and (rest := inflater.decompress(b"", _CHUNK_BYTES)):
            yield rest
    except zlib.error as error:
        raise FormatError(f"{entry.name} does not inflate", _HINT) from error
    if not inflater.eof:
        raise TruncatedError(f"{entry.name} ends too early", _HINT)
