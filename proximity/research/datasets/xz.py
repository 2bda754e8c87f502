"""Unpack .xz files within bounds."""

import lzma
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from proximity.errors import FormatError, TooLargeError, TruncatedError

PACKED = ".xz"
CHUNK_BYTES = 1 << 20
# The decoder of the strongest preset needs 65 MiB; a header may ask for more.
DECODER_MEMORY_BYTES = 128 << 20
HINT = "Fetch the file again; compare its size with the source's."


def unpack(source: Path, target: IO[bytes], *, max_bytes: int) -> None:
    """Write what an .xz file holds to an open file.

    Parameters
    ----------
    source : Path
    target : binary file
    max_bytes : int
        Most that may be written.

    Raises
    ------
    TruncatedError
        The file ends early.
    TooLargeError
        It holds more than `max_bytes`.
    FormatError
        It is not an .xz file, is damaged, or cannot be read.
    """
    written = 0
    for chunk in packed_chunks(source):
        written += len(chunk)
        if written > max_bytes:
            raise TooLargeError(
                f"{source.name} unpacks to more than {max_bytes} bytes",
                "This is not one of the published files.",
            )
        target.write(chunk)


def packed_chunks(source: Path) -> Iterator[bytes]:
    """Yield what an .xz file holds, in pieces of at most `CHUNK_BYTES`.

    Raises
    ------
    FormatError
        As `unpack`; the caller bounds the total.
    """
    decoder = lzma.LZMADecompressor(lzma.FORMAT_XZ, DECODER_MEMORY_BYTES)
    with _opened(source) as packed:
        while not decoder.eof:
            fresh = packed.read(CHUNK_BYTES) if decoder.needs_input else b""
            if decoder.needs_input and not fresh:
                raise TruncatedError(f"{source.name} ends early", HINT)
            try:
                yield decoder.decompress(fresh, CHUNK_BYTES)
            except lzma.LZMAError as error:
                raise FormatError(f"{source.name} is damaged: {error}", HINT) from error


def plain_chunks(source: Path) -> Iterator[bytes]:
    """Yield what a file holds, in pieces of at most `CHUNK_BYTES`.

    Raises
    ------
    FormatError
        It cannot be read.
    """
    with _opened(source) as stream:
        while chunk := stream.read(CHUNK_BYTES):
            yield chunk


def _opened(source: Path) -> IO[bytes]:
    try:
        return source.open("rb")
    except OSError as error:
        raise FormatError(
            f"{source.name} cannot be read",
            f"See that it is there and may be read ({error.strerror}).",
        ) from error
