"""Sightings in, looks out: what was heard of an encounter in each half minute.

Everything after this works on looks, so that ten million sightings cost no more than
the time they span, and one burst of them counts no more than its half minute.
"""

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
    kept = np.isfinite(heard.attenuation_db)
    if not kept.all():
        heard = Heard._make(column[kept] for column in heard)
    link = heard.encounter * 2 + heard.forward
    look = heard.t_ms // MS_PER_LOOK
    order, starts = _grouped(link, look)
    if len(order) == 0:
        nothing = np.zeros(0, np.int64)
        return Looks(nothing, nothing > 0, nothing, np.zeros(0), np.zeros(0))
    count = np.diff(np.append(starts, len(order))).astype(np.float64)
    level_db = np.clip(heard.attenuation_db[order], *ATTENUATION_DB)
    steps = np.add.reduceat(np.rint(level_db * _STEPS_PER_DB), starts)
    mean_db = steps / (count * _STEPS_PER_DB)
    first = order[starts]
    return Looks(
        heard.encounter[first],
        heard.forward[first],
        look[first],
        mean_db,
        np.minimum(count, MOST_SIGHTINGS),
    )


def _grouped(link: Int64, look: Int64) -> tuple[Int64, Int64]:
    """Return an order by link and look, and where each group of it begins."""
    if len(link) == 0:
        return link, link
    # One number to sort by, where it fits: sorting by two takes thrice as long.
    low = int(look.min())
    span = int(look.max()) - low + 1
    if (int(link.max()) + 1) * span < 1 << 62:
        key = link * span + (look - low)
        ordered = np.all(key[1:] >= key[:-1])
        order = np.arange(len(key)) if ordered else np.argsort(key, kind="stable")
        key = key[order]
        new = key[1:] != key[:-1]
    else:
        order = np.lexsort((look, link))
        new = (np.diff(link[order]) != 0) | (np.diff(look[order]) != 0)
    return order, np.flatnonzero(np.concatenate(([True], new)))
