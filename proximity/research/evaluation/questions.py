"""Sets of questions with the truth beside them."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from proximity.research.datasets.signals import (
    Bools,
    Collection,
    Device,
    Float64,
    Int64,
    Sightings,
)
from proximity.research.evaluation.scorer import Case, Knowledge, Unit

# Cases that are handed to a scorer at once.
BATCH = 64


@dataclass(frozen=True, slots=True)
class Item:
    """The truth of one ask.

    Attributes
    ----------
    positive : bool
    minutes : float
        Minutes within 2 m during the time that is asked about.
    stratum : str
        Scenario or collection.
    clusters : tuple of str
        Names of what the item shares with others: its phones, or its collection.
    distance_m : float
        Of a run; NaN where people moved, or where it is not known.
    """

    positive: bool
    minutes: float
    stratum: str
    clusters: tuple[str, ...]
    distance_m: float = math.nan


class Truth(NamedTuple):
    """The truth of all items, in columns.

    Attributes
    ----------
    positive : bool[n]
    minutes : float64[n]
    stratum : int64[n]
        Index in `strata`.
    strata : tuple of str
    cluster : int64[n, k]
    distance_m : float64[n] | None
        NaN where it is not known.
    """

    positive: Bools
    minutes: Float64
    stratum: Int64
    strata: tuple[str, ...]
    cluster: Int64
    distance_m: Float64 | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """One case that can be made, and the truth of its asks.

    Attributes
    ----------
    make : callable
        Builds the case; cases are large and made when they are needed.
    items : tuple of Item
        One for each ask.
    """

    make: Callable[[], Case]
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Questions:
    """What one line of a result is computed from.

    Attributes
    ----------
    name : str
        Of the data set.
    unit : Unit
    self_calibrated : bool
        Whether a case shows all that its devices heard, or the asked link alone.
    plans : tuple of Plan
    collections : tuple of Collection
        The recordings themselves, for what is refitted without those it is asked
        about; their names are the strata of the items.
    """

    name: str
    unit: Unit
    self_calibrated: bool
    plans: tuple[Plan, ...]
    collections: tuple[Collection, ...] = ()

    def truth(self) -> Truth:
        """Return the truth of every item, in the order of the asks."""
        return truth_of(self.plans)


def truth_of(plans: Sequence[Plan]) -> Truth:
    """Return the truth of every item of some plans."""
    items = [item for plan in plans for item in plan.items]
    strata = tuple(dict.fromkeys(item.stratum for item in items))
    place = {name: i for i, name in enumerate(strata)}
    known: dict[str, int] = {}
    cluster = [
        [known.setdefault(name, len(known)) for name in item.clusters] for item in items
    ]
    width = len(items[0].clusters) if items else 1
    return Truth(
        np.array([item.positive for item in items], np.bool_),
        np.array([item.minutes for item in items], np.float64),
        np.array([place[item.stratum] for item in items], np.int64),
        strata,
        np.array(cluster, np.int64).reshape(len(items), width),
        np.array([item.distance_m for item in items], np.float64),
    )


def batches(plans: Sequence[Plan]) -> Iterator[tuple[Case, ...]]:
    """Make the cases of some plans, a few at a time."""
    for first in range(0, len(plans), BATCH):
        yield tuple(plan.make() for plan in plans[first : first + BATCH])


class Links:
    """Finds the sightings of links and receivers in a collection."""

    def __init__(self, collection: Collection) -> None:
        heard = collection.sightings
        self._n = len(collection.devices)
        link = heard.receiver.astype(np.int64) * self._n + heard.sender
        # A stable sort: rows of one link stay in the order of time.
        self._order = np.argsort(link, kind="stable")
        self._sorted = link[self._order]
        self._sightings = heard

    def pairs(self) -> list[tuple[int, int]]:
        """Return each two devices of which one heard the other, ascending."""
        receiver, sender = np.divmod(np.unique(self._sorted), max(self._n, 1))
        both = np.stack((np.minimum(receiver, sender), np.maximum(receiver, sender)))
        found = np.unique(both[:, both[0] != both[1]], axis=1)
        return [(int(a), int(b)) for a, b in found.T]

    def of_link(self, receiver: int, sender: int) -> Int64:
        """Return rows of what one device heard of another, in time order."""
        link = receiver * self._n + sender
        return self._rows(link, link + 1)

    def of_receiver(self, receiver: int) -> Int64:
        """Return rows of all that one device heard, sender by sender."""
        return self._rows(receiver * self._n, (receiver + 1) * self._n)

    def take(self, *rows: Int64) -> Sightings:
        """Return the sightings of some rows, in time order."""
        # Rows are in time order, so that sorting them sorts the times.
        chosen = np.sort(np.concatenate([np.zeros(0, np.int64), *rows]))
        return Sightings._make(column[chosen] for column in self._sightings)

    def times(self, rows: Int64) -> Int64:
        """Return the times of some rows."""
        times: Int64 = self._sightings.t_ms[rows]
        return times

    def _rows(self, first: int, end: int) -> Int64:
        low, high = np.searchsorted(self._sorted, (first, end))
        return self._order[low:high].astype(np.int64)


def shown(devices: Sequence[Device], knowledge: Knowledge) -> tuple[Device, ...]:
    """Return devices as a scorer may see them."""
    known = knowledge >= Knowledge.MODEL
    return tuple(
        Device(f"device {i}", device.model if known else "")
        for i, device in enumerate(devices)
    )
