"""How far apart two people were over time, from cameras or from what packets state."""

from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

import numpy as np

from proximity.research.datasets.signals import Bools, Collection, Float64, Int64
from proximity.research.evaluation.questions import Links
from proximity.research.truth import NEAR_M, ROUNDING_M, frame_minutes
from proximity.research.world import MAX_SILENCE_S, Tracks, active_spans, distance_m
from proximity.units import MS_PER_S

_MS_PER_MINUTE = 60 * MS_PER_S


class PairDistance(NamedTuple):
    """Samples of a pair's distance.

    Attributes
    ----------
    a, b : int
        Indices of the devices, ascending.
    t_ms : int64[k]
        Ascending.
    minutes : float64[k]
        For how long each sample stands.
    near : bool[k]
        Within 2 m.
    seen : bool[k]
        The distance is known, and both phones were active.
    """

    a: int
    b: int
    t_ms: Int64
    minutes: Float64
    near: Bools
    seen: Bools

    def within(self, start_ms: int, end_ms: int) -> tuple[float, float]:
        """Return the minutes seen, and those of them within 2 m, of a span."""
        first, end = np.searchsorted(self.t_ms, (start_ms, end_ms + 1))
        minutes = self.minutes[first:end]
        seen = self.seen[first:end]
        near = self.near[first:end] & seen
        return float(minutes[seen].sum()), float(minutes[near].sum())


def pair_distances(collection: Collection, links: Links) -> Iterator[PairDistance]:
    """Yield the distance over time of each two devices of which it is known.

    With camera tracks, every frame is a sample. Without, every packet that states a
    distance is one, of either direction: it stands for the time up to halfway to the
    samples beside it, at most `MAX_SILENCE_S` / 2 to each side.

    Parameters
    ----------
    collection : Collection
    links : Links
        Of that collection.
    """
    if collection.tracks is not None:
        yield from _filmed(collection, collection.tracks)
        return
    t_ms, metres = collection.sightings.t_ms, collection.distance_m
    for a, b in links.pairs():
        rows = np.sort(np.concatenate([links.of_link(a, b), links.of_link(b, a)]))
        rows = rows[np.isfinite(metres[rows])]
        if len(rows):
            near = metres[rows] <= NEAR_M + ROUNDING_M
            times = t_ms[rows]
            seen = np.ones(len(rows), np.bool_)
            yield PairDistance(a, b, times, _stands_for(times), near, seen)


def start_of(collection: Collection) -> int:
    """Return when the windows of a collection begin to be counted."""
    if collection.tracks is not None:
        return int(collection.tracks.t_ms[0])
    return int(collection.sightings.t_ms[0]) if len(collection.sightings.t_ms) else 0


def span_of(collection: Collection) -> tuple[int, int] | None:
    """Return the first and last millisecond of which distances are known.

    Phones are switched on before cameras and off after them: what they hear then is no
    part of a question whose answer is not known. None if no distance is known.
    """
    if collection.tracks is not None:
        t_ms = collection.tracks.t_ms
    else:
        t_ms = collection.sightings.t_ms[np.isfinite(collection.distance_m)]
    return (int(t_ms[0]), int(t_ms[-1])) if len(t_ms) else None


def _filmed(collection: Collection, tracks: Tracks) -> Iterator[PairDistance]:
    heard = collection.sightings
    active = []
    for device in range(len(collection.devices)):
        mine = (heard.receiver == device) | (heard.sender == device)
        active.append(_inside(tracks.t_ms, active_spans(heard.t_ms[mine])))
    minutes = np.full(len(tracks.t_ms), frame_minutes(tracks.t_ms))
    for a, b in combinations(range(len(collection.devices)), 2):
        metres = distance_m(tracks, a, b)
        known = np.isfinite(metres)
        if known.any():
            near = metres <= NEAR_M + ROUNDING_M
            seen = known & active[a] & active[b]
            yield PairDistance(a, b, tracks.t_ms, minutes, near, seen)


def _inside(t_ms: Int64, spans: Int64) -> Bools:
    inside = np.zeros(len(t_ms), np.bool_)
    for start, end in spans:
        inside[slice(*np.searchsorted(t_ms, (start, end + 1)))] = True
    return inside


def _stands_for(t_ms: Int64) -> Float64:
    """Return the minutes for which each of some samples stands."""
    half_ms = np.minimum(np.diff(t_ms) / 2, MAX_SILENCE_S * MS_PER_S / 2)
    to_each_side = np.concatenate(([0.0], half_ms, [0.0]))
    return (to_each_side[:-1] + to_each_side[1:]) / _MS_PER_MINUTE
