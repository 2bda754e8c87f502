"""Fields of a JSON object from outside, each read with its type and bounds."""

import binascii
from collections.abc import Iterable
from itertools import pairwise
from typing import NoReturn

from proximity.errors import FormatError

HINT = "It is damaged or of another version; see docs/reference/configurations.md."


class Fields:
    """One JSON object, read field by field; `finish` refuses what nobody read.

    Parameters
    ----------
    value : object
        Decoded JSON.
    place : str
        Where it stands, for messages.

    Raises
    ------
    FormatError
        From every method: the field is missing, or has another type or range.
    """

    def __init__(self, value: object, place: str) -> None:
        self._place = place
        self._read: set[str] = set()
        if not isinstance(value, dict):
            refuse(place, "is not an object")
        self._value: dict[str, object] = value

    def raw(self, name: str) -> object:
        """Return a field as it is."""
        if name not in self._value:
            refuse(self._path(name), "is missing")
        self._read.add(name)
        return self._value[name]

    def has(self, name: str) -> bool:
        """Tell whether a field is there and not null; then it counts as read."""
        return self.raw(name) is not None

    def number(self, name: str, low: float, high: float) -> float:
        """Return a number in [low, high]."""
        return as_number(self.raw(name), self._path(name), low, high)

    def integer(self, name: str, low: int, high: int) -> int:
        """Return a whole number in [low, high]."""
        value = self.raw(name)
        if not isinstance(value, int) or isinstance(value, bool):
            refuse(self._path(name), "is not a whole number")
        if not low <= value <= high:
            refuse(self._path(name), f"is not within {low}..{high}")
        return value

    def numbers(
        self, name: str, lengths: range, low: float, high: float
    ) -> tuple[float, ...]:
        """Return a list of numbers in [low, high], its length one of `lengths`."""
        items = self._items(name, lengths)
        return tuple(
            as_number(item, f"{self._path(name)}[{i}]", low, high)
            for i, item in enumerate(items)
        )

    def ascending(self, name: str, lengths: range, high: float) -> tuple[float, ...]:
        """Return a list of numbers in [0, high], each above the one before."""
        values = self.numbers(name, lengths, 0, high)
        if any(b <= a for a, b in pairwise(values)):
            refuse(self._path(name), "is not strictly ascending")
        return values

    def text(self, name: str, max_length: int) -> str:
        """Return a text of 1 to `max_length` characters."""
        value = self.raw(name)
        if not isinstance(value, str):
            refuse(self._path(name), "is not a text")
        if not 0 < len(value) <= max_length:
            refuse(self._path(name), f"is not of 1..{max_length} characters")
        return value

    def choice(self, name: str, names: Iterable[str]) -> str:
        """Return a text that is one of `names`."""
        value = self.text(name, 64)
        allowed = list(names)
        if value not in allowed:
            refuse(self._path(name), f"is not one of {', '.join(allowed)}")
        return value

    def hex_list(self, name: str, lengths: range, max_bytes: int) -> tuple[bytes, ...]:
        """Return a list of bytes in hex, 1 to `max_bytes` each."""
        items = self._items(name, lengths)
        found = []
        for i, item in enumerate(items):
            place = f"{self._path(name)}[{i}]"
            if not isinstance(item, str) or not 0 < len(item) <= 2 * max_bytes:
                refuse(place, f"is not hex of 1..{max_bytes} bytes")
            try:
                found.append(binascii.unhexlify(item))
            except ValueError:
                refuse(place, "is not hex")
        return tuple(found)

    def member(self, name: str) -> "Fields":
        """Return a field that is itself an object."""
        return Fields(self.raw(name), self._path(name))

    def members(self, name: str, lengths: range) -> list["Fields"]:
        """Return a list of objects, its length one of `lengths`."""
        items = self._items(name, lengths)
        return [Fields(x, f"{self._path(name)}[{i}]") for i, x in enumerate(items)]

    def finish(self) -> None:
        """Refuse fields that nobody read: they could mean something to their writer."""
        for name in self._value:
            if name not in self._read:
                refuse(self._path(repr(name[:64])), "is not known here")

    def _items(self, name: str, lengths: range) -> list[object]:
        value = self.raw(name)
        if not isinstance(value, list) or len(value) not in lengths:
            bounds = f"{lengths[0]}..{lengths[-1]}"
            refuse(self._path(name), f"is not a list of {bounds} items")
        return value

    def _path(self, name: str) -> str:
        return f"{self._place}.{name}"


def as_number(value: object, place: str, low: float, high: float) -> float:
    """Return a JSON number in [low, high] as a float."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        refuse(place, "is not a number")
    if not low <= value <= high:
        refuse(place, f"is not within {low:g}..{high:g}")
    return float(value)


def refuse(place: str, problem: str) -> NoReturn:
    """Raise FormatError naming the place."""
    message = f"{place} {problem}"
    raise FormatError(message, HINT)
