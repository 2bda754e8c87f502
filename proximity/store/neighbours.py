"""Which ephemeral ID follows which: encounters of one neighbour across an ID change."""

from array import array
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import NamedTuple

from proximity.protocol.sighting import MISSING_RSSI_DBM

# One ends and one begins within this time of each other,
CHANGE_MS = 5_000
# each shows this many measured sightings within a minute of the change,
EVIDENCE = 8
EVIDENCE_MS = 60_000
# of medians no further apart than this,
LIKE_DB = 6
# and the one that ended stays silent while the other is heard for this long.
SILENCE_MS = 60_000


@dataclass(slots=True)
class Neighbour:
    """A device as far as it can be followed; `row` is its first stored row."""

    row: int | None = None


class Heard(NamedTuple):
    """One sighting at the edge of a series."""

    t_ms: int
    rssi_dbm: int


@dataclass(slots=True)
class Edges:
    """What tells about the change at either end of a series of one ephemeral ID.

    Attributes
    ----------
    scheme : str
    neighbour : Neighbour
    first_ms, last_ms : int
        Unix milliseconds of the first and the last sighting.
    head, tail : sequence of Heard
        The first and the last few sightings whose RSSI was measured.
    known_before, known_after : bool
        Whether what came before the series, or after it, is settled.
    endings : int
        Series that ended when this one began, and are no longer in memory.
    """

    scheme: str
    neighbour: Neighbour
    first_ms: int
    last_ms: int
    head: list[Heard] = field(default_factory=list)
    tail: deque[Heard] = field(default_factory=lambda: deque(maxlen=EVIDENCE))
    known_before: bool = False
    known_after: bool = False
    endings: int = 0

    def hear(self, t_ms: int, rssi_dbm: int) -> None:
        """Take one more sighting into account."""
        self.first_ms = min(self.first_ms, t_ms)
        self.last_ms = max(self.last_ms, t_ms)
        if rssi_dbm == MISSING_RSSI_DBM:
            return
        heard = Heard(t_ms, rssi_dbm)
        if len(self.head) < EVIDENCE:
            self.head.append(heard)
        self.tail.append(heard)


def plain_successions(
    ended: Sequence[Edges], known: Iterable[Edges]
) -> list[tuple[Edges, Edges]]:
    """Find which series go on under a new ID, where no other reading is possible.

    Exactly one series ends and exactly one begins within a few seconds, with like
    RSSI, and the first stays silent while the second is heard. Everything else stays
    apart.

    Parameters
    ----------
    ended : sequence of Edges
        Series that are not going to be heard again; afterwards they may be dropped.
        Those that stay alone are counted in the `endings` of what began with them.
    known : iterable of Edges
        All series in memory, those that ended too.

    Returns
    -------
    list of (Edges, Edges)
        Before and after the change, in the order of the changes.
    """
    series = list(known)
    begun = _Times((each for each in series if not each.known_before), "first_ms")
    ending = _Times((each for each in series if not each.known_after), "last_ms")
    pairs = []
    for before in sorted(ended, key=lambda each: each.last_ms):
        if before.known_after:
            continue
        successors = begun.near(before.last_ms, before)
        if len(successors) == 1 and _is_plain(before, successors[0], ending):
            pairs.append((before, successors[0]))
            continue
        for after in successors:
            after.endings += 1
    return pairs


class _Times:
    """Series in the order of one of their edges."""

    __slots__ = ("_series", "_times")

    def __init__(self, series: Iterable[Edges], edge: str) -> None:
        pairs = [(getattr(each, edge), each) for each in series]
        pairs.sort(key=lambda pair: pair[0])
        self._series = [each for _, each in pairs]
        self._times = array("q", [time for time, _ in pairs])

    def near(self, t_ms: int, other: Edges) -> list[Edges]:
        """Return the series of like scheme, but not `other`, with their edge at t."""
        first = bisect_left(self._times, t_ms - CHANGE_MS)
        last = bisect_right(self._times, t_ms + CHANGE_MS)
        return [
            each
            for each in self._series[first:last]
            if each is not other and each.scheme == other.scheme
        ]


def _is_plain(before: Edges, after: Edges, ending: _Times) -> bool:
    rivals = [each for each in ending.near(after.first_ms, after) if each is not before]
    if rivals or after.endings or after.first_ms < before.last_ms:
        return False
    if after.last_ms - before.last_ms < SILENCE_MS:
        return False
    tail = [h.rssi_dbm for h in before.tail if before.last_ms - h.t_ms <= EVIDENCE_MS]
    head = [h.rssi_dbm for h in after.head if h.t_ms - after.first_ms <= EVIDENCE_MS]
    if len(tail) < EVIDENCE or len(head) < EVIDENCE:
        return False
    return abs(median(tail) - median(head)) <= LIKE_DB
