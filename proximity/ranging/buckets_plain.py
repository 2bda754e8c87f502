"""Time by attenuation bucket in numpy, the reference."""

import numpy as np

from proximity.ranging.buckets import (
    MOST_SECONDS,
    MS_PER_S,
    Edges,
    Float64,
    ScanColumns,
)

HALF = np.float32(0.5)


def weigh(scans: ScanColumns, edges: Edges, weight_of_ms: Float64) -> Float64:
    """Sum and weigh as `buckets.weighted_seconds_by_bucket` says."""
    n, b = len(scans.offsets) - 1, len(edges)
    seconds = np.where(scans.seconds > 0, scans.seconds, np.float32(0))
    milliseconds = np.floor(np.minimum(seconds, MOST_SECONDS) * MS_PER_S + HALF)
    window = np.repeat(np.arange(n), np.diff(scans.offsets))
    bucket = np.searchsorted(edges[1:], scans.attenuation_db, side="right")
    known = ~np.isnan(scans.attenuation_db)
    cell = (window * b + bucket)[known]
    total = np.bincount(cell, weights=milliseconds[known], minlength=n * b)
    return total.reshape(n, b) * weight_of_ms
