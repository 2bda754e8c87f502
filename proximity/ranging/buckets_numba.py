"""Time by attenuation bucket compiled: compare and add, many scans at a time."""

import numpy as np
from numba import carray

from proximity.kernels.compiled import compiled, stack_int32
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
# Buckets of one pass over the scans; the published rules have three or four.
PASS = 4
ZERO = np.float32(0)
HALF = np.float32(0.5)
NONE = np.int32(0)


def weigh(scans: ScanColumns, edges: Edges, weight_of_ms: Float64) -> Float64:
    """Sum and weigh as `buckets.weighted_seconds_by_bucket` says."""
    n, b = len(scans.offsets) - 1, len(edges)
    if len(scans.seconds) < LANES:
        scans = _padded(scans)
    weighted = np.empty((n, b), np.float64)
    # Each pass begins with the bucket that the one before ended with: that one has
    # taken all that is above for its last.
    for first in range(0, max(b - 1, 1), PASS - 1):
        some, weights = edges[first : first + PASS], weight_of_ms[first : first + PASS]
        _sum_pass(scans, _filled(some), weights, weighted[:, first : first + PASS])
    return weighted


def _filled(edges: Edges) -> Edges:
    """Return edges up to the number of a pass, the others where no scan comes to."""
    nowhere = np.nan if edges.dtype == np.float32 else np.iinfo(edges.dtype).max
    return np.append(edges, np.full(PASS - len(edges), nowhere, edges.dtype))


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
def _sum_pass(
    scans: ScanColumns, edges: Edges, weight_of_ms: Float64, weighted: Float64
) -> None:
    """Sum each window's milliseconds by up to four buckets, and weigh the sums."""
    edge_0, edge_1, edge_2, edge_3 = edges[0], edges[1], edges[2], edges[3]
    above_0 = carray(stack_int32(LANES), (LANES,))
    above_1 = carray(stack_int32(LANES), (LANES,))
    above_2 = carray(stack_int32(LANES), (LANES,))
    above_3 = carray(stack_int32(LANES), (LANES,))
    sums = np.zeros(PASS + 1, np.int64)
    for window in range(len(scans.offsets) - 1):
        sums[:] = 0
        end = scans.offsets[window + 1]
        for begin in range(scans.offsets[window], end, CHUNK):
            stop = min(begin + CHUNK, end)
            for lane in range(LANES):
                above_0[lane] = above_1[lane] = above_2[lane] = above_3[lane] = NONE
            for base in range(begin, stop, LANES):
                # The last scans are taken together with some before or after them
                # that do not count: there are always LANES.
                at = max(min(base, stop - LANES), 0)
                low, high = np.int32(base - at), np.int32(stop - at)
                attenuation = scans.attenuation_db[at : at + LANES]
                seconds = scans.seconds[at : at + LANES]
                for lane in range(LANES):
                    db, here = attenuation[lane], np.int32(lane)
                    ms = _milliseconds(seconds[lane])
                    ms = ms if (here >= low) & (here < high) else NONE
                    # A NaN is at or above nothing.
                    above_0[lane] += ms if db >= edge_0 else NONE
                    above_1[lane] += ms if db >= edge_1 else NONE
                    above_2[lane] += ms if db >= edge_2 else NONE
                    above_3[lane] += ms if db >= edge_3 else NONE
            sum_0 = sum_1 = sum_2 = sum_3 = NONE
            for lane in range(LANES):
                sum_0 = np.int32(sum_0 + above_0[lane])
                sum_1 = np.int32(sum_1 + above_1[lane])
                sum_2 = np.int32(sum_2 + above_2[lane])
                sum_3 = np.int32(sum_3 + above_3[lane])
            sums[0] += sum_0
            sums[1] += sum_1
            sums[2] += sum_2
            sums[3] += sum_3
        for bucket in range(len(weight_of_ms)):
            ms_here = sums[bucket] - sums[bucket + 1]
            weighted[window, bucket] = ms_here * weight_of_ms[bucket]
