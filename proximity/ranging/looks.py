"""Sightings in, looks out: what was heard of an encounter in each half minute.

Everything after this works on looks, so that ten million sightings cost no more than
the time they span, and one burst of them counts no more than its half minute.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]
Bools = NDArray[np.bool_]

LOOK_S = 30
MS_PER_LOOK = 1000 * LOOK_S
# What no radio measures at any distance that matters; beyond, somebody lies.
ATTENUATION_DB = (0.0, 140.0)
# Sums of multiples of it are exact: the same bits in whatever order they were heard.
_STEPS_PER_DB = 1024.0
# One look weighs as much as this many sightings at most.
MOST_SIGHTINGS = 64
# Sightings are taken so many at a time: only looks are held of all of them.
_AT_ONCE = 1 << 19
_LOOKS_AT_ONCE = 1 << 16


class Heard(NamedTuple):
    """Sightings of some encounters, in any order.

    Attributes
    ----------
    encounter : int64[n]
        Index of the encounter, >= 0.
    forward : bool[n]
        Heard by the encounter's first device of its second, or the other way.
    t_ms : int64[n]
        Milliseconds of one clock.
    attenuation_db : float64[n]
        NaN where the RSSI was not measured.
    """

    encounter: Int64
    forward: Bools
    t_ms: Int64
    attenuation_db: Float64


class Looks(NamedTuple):
    """What was heard in one direction of an encounter during half a minute.

    Attributes
    ----------
    encounter : int64[m]
        Ascending; within one, first the reverse direction, then the forward one.
    forward : bool[m]
    look : int64[m]
        Number of the half minute since the clock began; ascending in a direction.
    attenuation_db : float64[m]
        Mean of what was measured, within `ATTENUATION_DB`.
    weight : float64[m]
        Number of sightings measured, 1 to `MOST_SIGHTINGS`.
    """

    encounter: Int64
    forward: Bools
    look: Int64
    attenuation_db: Float64
    weight: Float64


def parts_of(looks: Looks) -> Iterator[Looks]:
    """Yield the looks of some whole encounters at a time, in their order.

    What is made of each look is then held for no more of them.
    """
    begin, m = 0, len(looks.look)
    while begin < m:
        last = looks.encounter[min(begin + _LOOKS_AT_ONCE, m) - 1]
        end = int(np.searchsorted(looks.encounter, last, side="right"))
        yield Looks._make(column[begin:end] for column in looks)
        begin = end


def looks_of(heard: Heard) -> Looks:
    """Sum up sightings by encounter, direction and half minute.

    Parameters
    ----------
    heard : Heard
        Time may go back; what was not measured is left out.

    Returns
    -------
    Looks
        Sorted; at most one row for each direction and half minute.
    """
    if len(heard.t_ms) == 0:
        nothing = np.zeros(0, np.int64)
        return Looks(nothing, nothing > 0, nothing, np.zeros(0), np.zeros(0))
    low = int(heard.t_ms.min()) // MS_PER_LOOK
    span = int(heard.t_ms.max()) // MS_PER_LOOK - low + 1
    if (2 * int(heard.encounter.max()) + 2) * span < 1 << 62:
        sums = _sums(heard, low, span)
        link, look = np.divmod(sums.key, span)
        return _looks(sums, link, look + low)
    # No clock goes so far; what is kept of such numbers is their order.
    times, look = np.unique(heard.t_ms // MS_PER_LOOK, return_inverse=True)
    met, encounter = np.unique(heard.encounter, return_inverse=True)
    ranked = heard._replace(encounter=encounter, t_ms=look * MS_PER_LOOK)
    sums = _sums(ranked, 0, len(times))
    link, look = np.divmod(sums.key, len(times))
    looks = _looks(sums, link, times[look])
    return looks._replace(encounter=met[looks.encounter])


class _Sums(NamedTuple):
    """Sums of what was heard; the key is the link and the look as one number."""

    key: Int64
    steps: Float64
    measured: Float64


def _looks(sums: _Sums, link: Int64, look: Int64) -> Looks:
    return Looks(
        link >> 1,
        (link & 1).astype(np.bool_),
        look,
        sums.steps / (sums.measured * _STEPS_PER_DB),
        np.minimum(sums.measured, MOST_SIGHTINGS),
    )


def _sums(heard: Heard, low: int, span: int) -> _Sums:
    """Sum up part after part, then what the parts share."""
    parts = [
        _part(Heard._make(c[at : at + _AT_ONCE] for c in heard), low, span)
        for at in range(0, len(heard.t_ms), _AT_ONCE)
    ]
    return _added(_Sums._make(np.concatenate(c) for c in zip(*parts, strict=True)))


def _part(heard: Heard, low: int, span: int) -> _Sums:
    kept = np.isfinite(heard.attenuation_db)
    if not kept.all():
        heard = Heard._make(column[kept] for column in heard)
    # One number to sort by: sorting by two takes thrice as long.
    key = (heard.encounter * 2 + heard.forward) * span
    key += heard.t_ms // MS_PER_LOOK - low
    level_db = np.clip(heard.attenuation_db, *ATTENUATION_DB).astype(np.float64)
    return _added(_Sums(key, np.rint(level_db * _STEPS_PER_DB), np.ones(len(key))))


def _added(sums: _Sums) -> _Sums:
    """Add up what has the same key; ascending by it, in the order given."""
    key, steps, measured = sums
    if len(key) == 0:
        return sums
    if not np.all(key[1:] >= key[:-1]):
        order = np.argsort(key, kind="stable")
        key, steps, measured = key[order], steps[order], measured[order]
    starts = np.flatnonzero(np.concatenate(([True], key[1:] != key[:-1])))
    return _Sums(
        key[starts],
        np.add.reduceat(steps, starts),
        np.add.reduceat(measured, starts),
    )
