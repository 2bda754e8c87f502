"""When encounters were heard, in ten-minute intervals."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from proximity.protocol.sighting import Encounters
from proximity.units import INTERVAL_S, MS_PER_S

_INTERVAL_MS = INTERVAL_S * MS_PER_S
Int64s = NDArray[np.int64]


class HearingSpan(NamedTuple):
    """First and last interval in which each encounter was heard.

    Attributes
    ----------
    first, last : int64[n]
        `last` is before `first` where an encounter has no sighting.
    """

    first: Int64s
    last: Int64s


def hearing_span(encounters: Encounters) -> HearingSpan:
    """Return when each encounter was heard first and last."""
    begins, ends = encounters.offsets[:-1], encounters.offsets[1:]
    if not len(encounters.t_ms):
        return HearingSpan(np.zeros_like(begins), np.full_like(begins, -1))
    highest = len(encounters.t_ms) - 1
    first = encounters.t_ms[np.minimum(begins, highest)] // _INTERVAL_MS
    last = encounters.t_ms[np.maximum(ends - 1, 0)] // _INTERVAL_MS
    return HearingSpan(first, np.where(begins < ends, last, first - 1))


def heard_near(
    encounters: Encounters,
    span: HearingSpan,
    *,
    rows: Int64s,
    intervals: Int64s,
    tolerance_intervals: int,
) -> NDArray[np.bool_]:
    """Tell which encounters have a sighting near an interval.

    Parameters
    ----------
    encounters : Encounters
    span : HearingSpan
        Of these encounters.
    rows, intervals : int64[c]
        Which encounter, and near which interval.
    tolerance_intervals : int >= 0

    Returns
    -------
    bool[c]
    """
    first, last = span.first[rows], span.last[rows]
    begins, ends = intervals - tolerance_intervals, intervals + tolerance_intervals
    near = (first >= begins) & (first <= ends) | (last >= begins) & (last <= ends)
    near &= first <= last
    # Heard before and after: only the sightings themselves can tell.
    around = np.flatnonzero((first < begins) & (last > ends))
    if len(around):
        near[around] = _any_within(
            encounters, rows[around], begins[around], ends[around]
        )
    return near


def sightings_of_rows(encounters: Encounters, rows: Int64s) -> tuple[Int64s, Int64s]:
    """Return the sightings of some encounters, in the order of the rows.

    Parameters
    ----------
    encounters : Encounters
    rows : int64[r]

    Returns
    -------
    owner : int64[k]
        Position in `rows` of the encounter that each sighting is of; ascending.
    interval : int64[k]
        Ten-minute interval of each; ascending within an encounter.
    """
    starts = encounters.offsets[rows]
    sizes = encounters.offsets[rows + 1] - starts
    owner = np.repeat(np.arange(len(rows)), sizes)
    within = np.arange(len(owner)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    t_ms = encounters.t_ms[np.repeat(starts, sizes) + within]
    return owner, t_ms // _INTERVAL_MS


def _any_within(
    encounters: Encounters, rows: Int64s, begins: Int64s, ends: Int64s
) -> NDArray[np.bool_]:
    """Tell which rows have a sighting in the intervals `begins`..`ends`."""
    distinct, which = np.unique(rows, return_inverse=True)
    owner, heard = sightings_of_rows(encounters, distinct)
    # One ascending column: the row first, then the interval.
    column = owner << 32 | heard
    at_least = np.searchsorted(column, which << 32 | np.maximum(begins, 0))
    beyond = np.searchsorted(column, (which << 32) + ends, side="right")
    return np.asarray(at_least < beyond)
