"""Time by attenuation bucket compiled: compare and add, many scans at a time."""

import numpy as np
from numba import carray
from numpy.typing import NDArray

from proximity.kernels.compiled import compiled, prefetch, stack_int32
from proximity.ranging.buckets import (
    MOST_SECONDS,
    MS_PER_S,
    Edges,
    Float64,
    ScanColumns,
)

LANES = 64
# The milliseconds of so many of the longest scans still fit 32 bits.
CHUNK = 512
# Limits of one pass over the scans; the published rules have two or three.
LIMITS = 3
# How far ahead scans are asked for, and how many seconds a line of the cache holds.
AHEAD = 1024
LINE = 16
ZERO = np.float32(0)
HALF = np.float32(0.5)
NONE = np.int32(0)
Int32 = NDArray[np.int32]


def weigh(scans: ScanColumns, edges: Edges, weight_of_ms: Float64) -> Float64:
    """Sum and weigh as `buckets.weighted_seconds_by_bucket` says."""
    n, limits = len(scans.offsets) - 1, edges[1:]
    if len(scans.seconds) < LANES:
        scans = _padded(scans)
    passes = range(0, max(len(limits), 1), LIMITS)
    # Whole numbers, all far below 2^53.
    milliseconds = np.empty((n, 1 + LIMITS * len(passes)), np.float64)
    # Each pass divides the bucket that the one before has left.
    for first in passes:
        _divide(scans, _filled(limits[first : first + LIMITS]), first, milliseconds)
    weighted = np.ascontiguousarray(milliseconds[:, : len(edges)])
    weighted *= weight_of_ms
    return weighted


def _filled(limits: Edges) -> Edges:
    """Return limits up to the number of a pass, the others where no scan comes to."""
    nowhere = np.nan if limits.dtype == np.float32 else np.iinfo(limits.dtype).max
    return np.append(limits, np.full(LIMITS - len(limits), nowhere, limits.dtype))


def _padded(scans: ScanColumns) -> ScanColumns:
    """Return the scans with something after them, which is in no window."""
    few = LANES - len(scans.seconds)
    return ScanColumns(
        np.append(scans.attenuation_db, np.zeros(few, scans.attenuation_db.dtype)),
        np.append(scans.seconds, np.zeros(few, np.float32)),
        scans.offsets,
    )


@compiled
def _milliseconds(seconds: np.float32) -> np.int32:
    positive = seconds if seconds > ZERO else ZERO
    short = positive if positive < MOST_SECONDS else MOST_SECONDS
    return np.int32(short * MS_PER_S + HALF)


@compiled
def _divide(
    scans: ScanColumns, limits: Edges, first: int, milliseconds: Float64
) -> None:
    """Divide bucket `first`, which has the rest of a window's time, by three limits."""
    limit_1, limit_2, limit_3 = limits[0], limits[1], limits[2]
    # Milliseconds lane by lane: of all scans, and at or above each limit.
    total = carray(stack_int32(LANES), (LANES,))
    above_1 = carray(stack_int32(LANES), (LANES,))
    above_2 = carray(stack_int32(LANES), (LANES,))
    above_3 = carray(stack_int32(LANES), (LANES,))
    for window in range(len(scans.offsets) - 1):
        end = scans.offsets[window + 1]
        all_ms = ms_1 = ms_2 = ms_3 = np.int64(0)
        for begin in range(scans.offsets[window], end, CHUNK):
            stop = min(begin + CHUNK, end)
            for lane in range(LANES):
                total[lane] = above_1[lane] = above_2[lane] = above_3[lane] = NONE
            for base in range(begin, stop, LANES):
                # The last scans are taken together with some before or after them
                # that do not count: there are always LANES.
                at = max(min(base, stop - LANES), 0)
                low, high = np.int32(base - at), np.int32(stop - at)
                attenuation = scans.attenuation_db[at : at + LANES]
                seconds = scans.seconds[at : at + LANES]
                prefetch(scans.attenuation_db, at + AHEAD)
                for line in range(0, LANES, LINE):
                    prefetch(scans.seconds, at + AHEAD + line)
                for lane in range(LANES):
                    db, here = attenuation[lane], np.int32(lane)
                    ms = _milliseconds(seconds[lane])
                    # A NaN is not equal to itself.
                    counts = (here >= low) & (here < high) & (db == db)  # noqa: PLR0124
                    ms = ms if counts else NONE
                    total[lane] += ms
                    above_1[lane] += ms if db >= limit_1 else NONE
                    above_2[lane] += ms if db >= limit_2 else NONE
                    above_3[lane] += ms if db >= limit_3 else NONE
            part = part_1 = part_2 = part_3 = NONE
            for lane in range(LANES):
                part = np.int32(part + total[lane])
                part_1 = np.int32(part_1 + above_1[lane])
                part_2 = np.int32(part_2 + above_2[lane])
                part_3 = np.int32(part_3 + above_3[lane])
            all_ms += part
            ms_1 += part_1
            ms_2 += part_2
            ms_3 += part_3
        rest = np.float64(all_ms) if first == 0 else milliseconds[window, first]
        milliseconds[window, first] = rest - ms_1
        milliseconds[window, first + 1] = ms_1 - ms_2
        milliseconds[window, first + 2] = ms_2 - ms_3
        milliseconds[window, first + 3] = ms_3
