"""Answers to requests that devices send only to hide the real ones.

A chaff answer has the size and the latency of one of the last real answers at the same
door, drawn at random, so over many of them both have the same distributions.
"""

import secrets
from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

KEPT = 100
MAX_LATENCY_S = 1.0
_FRAME = b'{"padding":"'
_END = b'"}'


class Seen(NamedTuple):
    """What an observer of the line sees of one answer."""

    latency_s: float
    size: int


class ChaffMirror:
    """Remembers the last real answers of one door.

    Parameters
    ----------
    first : iterable of Seen
        What to look like before there are real answers.
    """

    def __init__(self, first: Iterable[Seen]) -> None:
        self._seen: deque[Seen] = deque(first, maxlen=KEPT)

    def observe(self, latency_s: float, size: int) -> None:
        """Remember a real answer that was a success."""
        self._seen.append(Seen(min(latency_s, MAX_LATENCY_S), size))

    def draw(self) -> Seen:
        """Return how the next chaff answer is to look."""
        return secrets.choice(self._seen)


def likely(latency_s: float, rest: int, padding_bytes: int) -> list[Seen]:
    """Return what the first real answers of a process will look like.

    Parameters
    ----------
    latency_s : float
    rest : int
        Size of an answer without its padding.
    padding_bytes : int
        Padding is base64 of so many random bytes, and up to as many more.
    """
    lengths = (padding_bytes + padding_bytes * n // KEPT for n in range(KEPT))
    return [Seen(latency_s, rest + 4 * -(-length // 3)) for length in lengths]


def chaff_body(size: int) -> bytes:
    """Return a JSON object of exactly this size, at least 14 bytes."""
    return _FRAME + b"A" * (size - len(_FRAME) - len(_END)) + _END
