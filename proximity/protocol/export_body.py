"""Private copies of outside bytes, and an `export.bin` in one, read more than once."""

import hashlib
import tempfile
import weakref
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import IO, Protocol, TypeVar

from proximity.errors import BadSignatureError, TooLargeError, TruncatedError
from proximity.protocol.export_frame import MAX_OTHER_BYTES

# The header, "EK Export v1" and four spaces.
HEAD_BYTES = 16

# Above this the copy moves from memory to an anonymous temporary file.
_IN_MEMORY_BYTES = 4 << 20
_CHUNK_BYTES = 2 << 20
_HINT = "Fetch the file again; if it stays so, its publisher has to repair it."


class Stretch(Protocol):
    """What a parser made of one stretch of a body."""

    @property
    def end(self) -> int:
        """Where the first incomplete field begins."""
        ...


_Stretch = TypeVar("_Stretch", bound=Stretch)


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
    file : binary stream
        Seekable; for reading only.
    """

    __slots__ = ("__weakref__", "file", "size")

    def __init__(self, pieces: Iterable[bytes]) -> None:
        # Lives as long as the copy, which closes it at its end.
        self.file = tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES)  # noqa: SIM115
        weakref.finalize(self, self.file.close)
        self.size = 0
        for piece in pieces:
            self.file.write(piece)
            self.size += len(piece)

    def read_into(self, buffer: memoryview, offset: int) -> int:
        """Fill a buffer with the bytes from `offset` on; return how many there were."""
        # Several readers share the stream, so none relies on where another left it.
        self.file.seek(offset)
        return self.file.readinto(buffer)


@dataclass(frozen=True, slots=True)
class ExportBody:
    """An `export.bin` within a private copy, with the digest that it must keep.

    Attributes
    ----------
    copy : PrivateCopy
    begin, size : int
        It is `size` bytes from byte `begin` of the copy on.
    digest : bytes
        SHA-256 of all of them.
    """

    copy: PrivateCopy
    begin: int
    size: int
    digest: bytes

    def head(self) -> bytes:
        """Return the first 16 bytes, or all there are."""
        head = memoryview(bytearray(min(HEAD_BYTES, self.size)))
        return bytes(head[: self.copy.read_into(head, self.begin)])

    def parse(
        self, parse: Callable[[memoryview], _Stretch], *, hashed: bool
    ) -> Iterator[_Stretch]:
        """Parse what follows the head, in stretches of some 2 MiB.

        Parameters
        ----------
        parse : callable
            Takes a stretch that begins where a field begins and may end inside one;
            keeps nothing of it.
        hashed : bool
            Whether to hash everything once more on the way.

        Yields
        ------
        Stretch
            As `parse` returns it; what `parse` raises passes through.

        Raises
        ------
        TruncatedError
            If the last field is incomplete.
        BadSignatureError
            At the end, if the bytes are not those of the first time, if hashed: all
            that was made of them has to be discarded.
        """
        sha256 = hashlib.sha256(self.head())
        # What a stretch leaves is less than one field, so it has room before the next.
        buffer = memoryview(bytearray(MAX_OTHER_BYTES + _CHUNK_BYTES))
        offset, rest = HEAD_BYTES, 0
        while offset < self.size:
            wanted = min(_CHUNK_BYTES, self.size - offset)
            piece = buffer[rest : rest + wanted]
            if self.copy.read_into(piece, self.begin + offset) != wanted:
                raise changed_meanwhile()
            if hashed:
                sha256.update(piece)
            offset += wanted
            stretch = parse(buffer[: rest + wanted])
            left = buffer[stretch.end : rest + wanted]
            rest = len(left)
            buffer[:rest] = left
            yield stretch
        if rest:
            raise TruncatedError("export.bin ends inside a field", _HINT)
        if hashed and sha256.digest() != self.digest:
            raise changed_meanwhile()


def hash_stored(copy: PrivateCopy, begin: int, pieces: Iterable[bytes]) -> ExportBody:
    """Hash an `export.bin` that lies in a copy as it is.

    Parameters
    ----------
    copy : PrivateCopy
    begin : int
        Where it begins.
    pieces : iterable of bytes
        The bytes themselves, from there on.
    """
    sha256 = hashlib.sha256()
    size = 0
    for piece in pieces:
        sha256.update(piece)
        size += len(piece)
    return ExportBody(copy, begin, size, sha256.digest())


def hash_inflated(pieces: Iterable[bytes]) -> ExportBody:
    """Hash an `export.bin` while it is inflated into a copy of its own."""
    sha256 = hashlib.sha256()

    def hashed() -> Iterator[bytes]:
        for piece in pieces:
            sha256.update(piece)
            yield piece

    copy = PrivateCopy(hashed())
    return ExportBody(copy, 0, copy.size, sha256.digest())


def changed_meanwhile() -> BadSignatureError:
    """Return the error of bytes that are not those that were verified."""
    return BadSignatureError(
        "the export changed between its verification and its reading",
        "Look for what writes to this machine's temporary files, then retry.",
    )


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
