"""Fields of small JSON objects from outside, each checked as it is taken."""

import binascii
import contextlib
import json
from typing import Any

from proximity.errors import FormatError, TooLargeError


def load_object(data: bytes, what: str, *, max_bytes: int) -> dict[str, Any]:
    """Parse one JSON object.

    Parameters
    ----------
    data : bytes
        UTF-8.
    what : str
        Name of the object for messages, as a sentence begins.
    max_bytes : int
        Bound on the length.

    Returns
    -------
    dict

    Raises
    ------
    TooLargeError
        If there are more bytes.
    FormatError
        If it is not JSON, or not an object.
    """
    if len(data) > max_bytes:
        raise TooLargeError(
            f"{what} exceeds {max_bytes} bytes.", "Split it, or ask its sender."
        )
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise FormatError(
            f"{what} is not JSON.", "It may be cut short: fetch it again."
        ) from error
    return as_object(document, what)


def as_object(value: object, what: str) -> dict[str, Any]:
    """Return the value if it is a JSON object, else raise `FormatError`."""
    if not isinstance(value, dict):
        raise _field_error(what, "a JSON object")
    return value


def take_list(document: dict[str, Any], name: str, what: str) -> list[Any]:
    """Return the list in a field, else raise `FormatError`."""
    value = document.get(name)
    if not isinstance(value, list):
        raise _field_error(f"{what}: `{name}`", "a list")
    return value


def take_int(document: dict[str, Any], name: str, what: str, limits: range) -> int:
    """Return the integer in a field if it is within limits, else `FormatError`."""
    value = document.get(name)
    # To Python true is an integer, to JSON it is not.
    if not isinstance(value, int) or isinstance(value, bool) or value not in limits:
        raise _field_error(
            f"{what}: `{name}`", f"an integer from {limits.start} to {limits[-1]}"
        )
    return value


def take_bytes(document: dict[str, Any], name: str, what: str, length: int) -> bytes:
    """Return the bytes whose hex a field holds, else raise `FormatError`."""
    value = document.get(name)
    if isinstance(value, str) and len(value) == 2 * length:
        # `bytes.fromhex` would skip spaces.
        with contextlib.suppress(ValueError):
            return binascii.unhexlify(value)
    raise _field_error(f"{what}: `{name}`", f"{2 * length} hex digits")


def _field_error(where: str, expected: str) -> FormatError:
    return FormatError(
        f"{where} is not {expected}.", "Ask its sender for a file of this format."
    )
