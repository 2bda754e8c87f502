"""Canonical JSON: one value, one byte string; read back with bounds."""

import json
import math
from typing import NoReturn

from proximity.errors import FormatError, NotCanonicalError, TooLargeError

MAX_BYTES = 262_144
MAX_DEPTH = 16
# Whole numbers above this are not exact in every JSON reader.
MAX_EXACT_INTEGER = 2**53

HINT = "The file is damaged or not what it is said to be; get it again."


def encode_canonical(value: object) -> bytes:
    """Return the canonical bytes of a JSON value.

    ASCII, no spaces, members sorted by name; a number that is whole has no decimal
    point, any other is the shortest decimal that reads back as the same float.

    Parameters
    ----------
    value : object
        Objects, lists, texts, finite numbers, booleans, null.

    Raises
    ------
    ValueError
        If a number is not finite.
    """
    text = json.dumps(
        _plain(value), sort_keys=True, separators=(",", ":"), allow_nan=False
    )
    return text.encode("ascii")


def parse_json(data: bytes) -> object:
    """Return the JSON value of bytes from outside.

    Raises
    ------
    FormatError
        If they are too many, not JSON, nested too deep, name a member twice, or
        hold a number that is not finite.
    """
    if len(data) > MAX_BYTES:
        message = f"JSON of {len(data)} bytes exceeds the bound of {MAX_BYTES}"
        raise TooLargeError(message, HINT)
    try:
        value: object = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_members,
            parse_constant=_refuse_constant,
            parse_float=_finite,
        )
    except (ValueError, RecursionError) as error:
        message = "not JSON as this program writes it"
        raise FormatError(message, HINT) from error
    if _is_too_deep(value):
        message = f"JSON nested more than {MAX_DEPTH} deep"
        raise FormatError(message, HINT)
    return value


def parse_canonical(data: bytes) -> object:
    """Return the JSON value of canonical bytes.

    Raises
    ------
    NotCanonicalError
        If another byte string is the canonical one.
    FormatError
        As `parse_json`.
    """
    value = parse_json(data)
    if encode_canonical(value) != data:
        message = "JSON that is not in canonical form"
        raise NotCanonicalError(message, HINT)
    return value


def _is_too_deep(value: object) -> bool:
    """Tell whether containers nest beyond the bound; without recursion."""
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        inner: list[object] = []
        for item in level:
            if isinstance(item, dict):
                inner += item.values()
            elif isinstance(item, list):
                inner += item
        level = inner
    return bool(level)


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value) if abs(value) < MAX_EXACT_INTEGER else value
    return value


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        message = "a member is named twice"
        raise ValueError(message)
    return members


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        _refuse_constant(text)
    return value


def _refuse_constant(text: str) -> NoReturn:
    message = f"{text[:16]} is not a number of JSON"
    raise ValueError(message)
