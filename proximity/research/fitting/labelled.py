"""Recordings with known distances, as looks and encounters."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np

from proximity.ranging.looks import (
    MS_PER_LOOK,
    Float64,
    Heard,
    Int64,
    Looks,
    looks_of,
)
from proximity.research.datasets.signals import NO_SEGMENT, Collection, Sightings
from proximity.research.world import Tracks, distance_m

# Nearer than this the logarithm would run away; no two people are.
NEAREST_M = 0.2
ASSUMED_TX_POWER_DBM = 0.0


class Labelled(NamedTuple):
    """One collection, ready to be fitted.

    Attributes
    ----------
    name : str
    models, carriages : tuple of str
        Of each device; "" where it is not known, or tells nothing: the device is in no
        look.
    first, second : int64[n]
        Devices of each encounter.
    looks : Looks
    log10_m : float64[m]
        True distance of each look, decades of metres; finite.
    """

    name: str
    models: tuple[str, ...]
    carriages: tuple[str, ...]
    first: Int64
    second: Int64
    looks: Looks
    log10_m: Float64


def labelled(collection: Collection) -> Labelled | None:
    """Return what of a collection has a known distance; None if nothing has.

    A run of a grid is an encounter of its own; elsewhere two devices meet once.
    """
    heard = collection.sightings
    encounter, first, second, metres, carriages = encounters_in(collection)
    kept = (encounter >= 0) & np.isfinite(metres) & np.isfinite(heard.rssi_dbm)
    if not kept.any():
        return None
    encounter, metres = encounter[kept], np.maximum(metres[kept], NEAREST_M)
    heard = Sightings._make(column[kept] for column in heard)
    forward = heard.receiver == first[encounter]
    power = _power_dbm(collection, heard)
    attenuation_db = power - heard.rssi_dbm.astype(np.float64)
    sightings = Heard(encounter, forward, heard.t_ms, attenuation_db)
    looks = looks_of(sightings)
    truth = _mean_by_look(looks, sightings, np.log10(metres))
    present = np.unique(looks.encounter)
    met = {*first[present].tolist(), *second[present].tolist()}

    def of_met(names: Iterable[str]) -> tuple[str, ...]:
        return tuple(name if i in met else "" for i, name in enumerate(names))

    return Labelled(
        collection.name,
        of_met(device.model for device in collection.devices),
        of_met(carriages),
        first,
        second,
        looks,
        truth,
    )


class Found(NamedTuple):
    """Encounters of a collection.

    Attributes
    ----------
    encounter : int64[n]
        Of each sighting; -1 for none.
    first, second : int64[k]
        Devices of each encounter.
    metres : float64[n]
        True distance at each sighting, NaN where it is not known.
    carriages : tuple of str
        Of each device.
    """

    encounter: Int64
    first: Int64
    second: Int64
    metres: Float64
    carriages: tuple[str, ...]


def encounters_in(collection: Collection) -> Found:
    """Return the encounters of a collection, as `labelled` counts them."""
    return _by_run(collection) if collection.segments else _by_pair(collection)


def all_labelled(collections: Sequence[Collection]) -> list[Labelled]:
    """Return what of some collections has a known distance."""
    return [found for each in collections if (found := labelled(each)) is not None]


def _power_dbm(collection: Collection, heard: Sightings) -> Float64:
    stated = heard.tx_power_dbm.astype(np.float64)
    believed = np.isfinite(stated) & collection.calibrated_power
    return np.where(believed, stated, ASSUMED_TX_POWER_DBM)


def _by_run(collection: Collection) -> Found:
    runs: dict[tuple[object, ...], int] = {}
    rows, first, second = [], [], []
    carriages = [""] * len(collection.devices)
    for segment in collection.segments:
        key = segment.run, segment.distance_m, segment.receiver, segment.sender
        if key not in runs:
            runs[key] = len(runs)
            first.append(segment.receiver)
            second.append(segment.sender)
        rows.append(runs[key])
        carriages[segment.receiver] = segment.receiver_placement.carriage
        carriages[segment.sender] = segment.sender_placement.carriage
    metres = [
        np.nan if s.distance_m is None else s.distance_m for s in collection.segments
    ]
    of_segment = np.array([*rows, -1], np.int64)
    of_row = collection.segment
    if of_row is None:
        raise AssertionError("a collection of segments says to which sightings belong")
    at = np.where(of_row == NO_SEGMENT, len(rows), of_row)
    return Found(
        of_segment[at],
        np.array(first, np.int64),
        np.array(second, np.int64),
        np.array([*metres, np.nan])[at],
        tuple(carriages),
    )


def _by_pair(collection: Collection) -> Found:
    heard, count = collection.sightings, len(collection.devices)
    low = np.minimum(heard.receiver, heard.sender).astype(np.int64)
    high = np.maximum(heard.receiver, heard.sender).astype(np.int64)
    pairs, encounter = np.unique(low * count + high, return_inverse=True)
    metres = collection.distance_m.astype(np.float64)
    if collection.tracks is not None:
        metres = np.full(len(low), np.nan)
        for a, b, rows in _rows_of_pairs(encounter, pairs, count):
            metres[rows] = _at(collection.tracks, a, b, heard.t_ms[rows])
    first, second = np.divmod(pairs, count)
    same = first == second
    encounter = np.where(same[encounter], -1, encounter)
    return Found(encounter, first, second, metres, ("",) * count)


def _rows_of_pairs(
    encounter: Int64, pairs: Int64, count: int
) -> Iterator[tuple[int, int, Int64]]:
    order = np.argsort(encounter, kind="stable")
    bounds = np.searchsorted(encounter[order], np.arange(len(pairs) + 1))
    known = set(combinations(range(count), 2))
    for i, pair in enumerate(pairs.tolist()):
        a, b = divmod(pair, count)
        if (a, b) in known:
            yield a, b, order[bounds[i] : bounds[i + 1]]


def _at(tracks: Tracks, a: int, b: int, t_ms: Int64) -> Float64:
    """Return the filmed distance at some times, NaN where nothing was filmed."""
    metres = distance_m(tracks, a, b)
    at = np.clip(np.searchsorted(tracks.t_ms, t_ms), 0, len(tracks.t_ms) - 1)
    inside = np.abs(tracks.t_ms[at] - t_ms) <= MS_PER_LOOK
    return np.where(inside, metres[at], np.nan)


def _mean_by_look(looks: Looks, heard: Heard, values: Float64) -> Float64:
    """Average values of sightings over the looks that these make."""
    key = np.stack((heard.encounter * 2 + heard.forward, heard.t_ms // MS_PER_LOOK))
    order = np.lexsort(key[::-1])
    new = np.any(np.diff(key[:, order], axis=1) != 0, axis=0)
    starts = np.flatnonzero(np.concatenate(([True], new)))
    sums = np.add.reduceat(values[order], starts)
    means: Float64 = sums / np.diff(np.append(starts, len(order)))
    if len(means) != len(looks.look):
        raise AssertionError("looks and truth were grouped in different ways")
    return means
