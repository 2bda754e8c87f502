"""A private copy of outside bytes, with the digest that it must keep."""

import hashlib
import tempfile
import weakref
from collections.abc import Iterable, Iterator
from typing import IO

from proximity.errors import BadSignatureError, TooLargeError

# Above this the copy moves from memory to an anonymous temporary file.
_IN_MEMORY_BYTES = 4 << 20
_CHUNK_BYTES = 2 << 20


class PrivateCopy:
    """Bytes in memory or an anonymous temporary file, which nobody else can change.

    Parameters
    ----------
    pieces : iterable of bytes
        Consumed at once, never held together.

    Attributes
    ----------
    size : int
        Bytes in total.
    digest : bytes
        SHA-256 of all of them.
    file : binary stream
        Seekable; for reading only.
    """

    __slots__ = ("__weakref__", "digest", "file", "size")

    def __init__(self, pieces: Iterable[bytes]) -> None:
        # Lives as long as the copy, which closes it at its end.
        self.file: IO[bytes] = tempfile.SpooledTemporaryFile(  # noqa: SIM115
            _IN_MEMORY_BYTES
        )
        weakref.finalize(self, self.file.close)
        sha256 = hashlib.sha256()
        self.size = 0
        for piece in pieces:
            self.file.write(piece)
            sha256.update(piece)
            self.size += len(piece)
        self.digest = sha256.digest()

    def read_again(self) -> Iterator[bytes]:
        """Read everything once more, in pieces of 2 MiB, and hash it again.

        Yields
        ------
        bytes

        Raises
        ------
        BadSignatureError
            At the end, if the bytes are not those of the first time: all that was
            made of them has to be discarded.
        """
        sha256 = hashlib.sha256()
        offset = 0
        while piece := self._read_at(offset):
            sha256.update(piece)
            offset += len(piece)
            yield piece
        if sha256.digest() != self.digest:
            raise BadSignatureError(
                "the export changed between its verification and its reading",
                "Look for what writes to this machine's temporary files, then retry.",
            )

    def _read_at(self, offset: int) -> bytes:
        # Several readers share the stream, so none relies on where another left it.
        self.file.seek(offset)
        return self.file.read(_CHUNK_BYTES)


def bounded_pieces(stream: IO[bytes], max_bytes: int) -> Iterator[bytes]:
    """Read a stream to its end, piece by piece.

    Raises
    ------
    TooLargeError
        Once more than `max_bytes` came.
    """
    size = 0
    while piece := stream.read(_CHUNK_BYTES):
        size += len(piece)
        check_size(size, max_bytes)
        yield piece


def check_size(size: int, max_bytes: int) -> None:
    """Raise `TooLargeError` if there are more than `max_bytes`."""
    if size > max_bytes:
        raise TooLargeError(
            f"the file is larger than {max_bytes} bytes",
            "Raise --max-bytes only for a publisher of whom you expect such files.",
        )
