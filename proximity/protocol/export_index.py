"""The index file of a published directory: one relative path of an export a line."""

import re
from collections.abc import Iterable
from itertools import pairwise

from proximity.errors import (
    FormatError,
    NotCanonicalError,
    TooLargeError,
)

INDEX_NAME = "index.txt"
# Below a published directory: keys of contacts, with an index of their own.
RECURSIVE_FOLDER = "recursive"
MAX_INDEX_BYTES = 1 << 20
MAX_PATH_CHARACTERS = 255

_PATH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*")
_HINT = "Ask the publisher to repair the index; nothing of it was used."


def encode_index(paths: Iterable[str]) -> bytes:
    r"""Write an index: US-ASCII, sorted, joined by "\n", none at the end.

    Raises
    ------
    ValueError
        If a path could not be read again.
    """
    lines = sorted(set(paths))
    data = "\n".join(lines).encode()
    try:
        parse_index(data)
    except FormatError as error:
        raise ValueError("a path is not fit for an index") from error
    return data


def parse_index(data: bytes) -> tuple[str, ...]:
    r"""Read an index; an empty one has no exports.

    Parameters
    ----------
    data : bytes
        At most 1 MiB; one "\n" at the end is tolerated.

    Returns
    -------
    tuple of str
        Ascending. Each is a plain relative path: letters, digits, `.`, `_`, `-`, no
        part of it empty or beginning with a dot, so it stays below its directory.

    Raises
    ------
    FormatError
        If a line is anything else, or they are not sorted and distinct.
    """
    if len(data) > MAX_INDEX_BYTES:
        raise TooLargeError(f"the index exceeds {MAX_INDEX_BYTES} bytes", _HINT)
    if not data.isascii():
        raise FormatError("the index is not US-ASCII", _HINT)
    text = data.decode("ascii").removesuffix("\n")
    lines = tuple(text.split("\n")) if text else ()
    for number, line in enumerate(lines, start=1):
        if len(line) > MAX_PATH_CHARACTERS or not _PATH.fullmatch(line):
            raise FormatError(f"line {number} of the index is no plain path", _HINT)
    if any(a >= b for a, b in pairwise(lines)):
        raise NotCanonicalError("the index is not sorted, or repeats a line", _HINT)
    return lines
