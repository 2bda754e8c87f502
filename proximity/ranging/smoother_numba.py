"""The smoother compiled: series side by side in lanes, or one alone if it is long.

A tile is float32[steps, 5, LANES]: of each step the measurements, noises, drifts, and
the means and variances that come out, a series a lane. A series that is shorter than
its tile goes on with samples that were not measured and did not drift. Those change
nothing, neither forward nor backward, to the last bit; so unequal lengths need no other
mask than the one for what is missing.
"""

import numpy as np
from numba import carray

from proximity.kernels.compiled import compiled, stack_float32
from proximity.ranging.smoother import (
    LEAST_VARIANCE,
    MOST_LOG_DISTANCE,
    MOST_VARIANCE,
    Float32,
    Int64,
    LogDistanceSeries,
    Prior,
    SmoothedLogDistance,
)

# With fewer lanes each step waits for the division of the one before.
LANES = 64
ROWS = 5
MEASURED, NOISE, DRIFT, MEAN, VARIANCE = range(ROWS)
# A tile of this many steps fits a cache of 2 MiB. A longer series runs alone: one of
# millions of samples takes no more memory than others.
MOST_STEPS = 1024
FEW_STEPS = 16
ZERO = np.float32(0)
NAN = np.float32(np.nan)


def smooth(series: LogDistanceSeries, prior: Prior) -> SmoothedLogDistance:
    """Smooth as `smoother.smooth_log_distance` says."""
    means, variances = (np.empty_like(series.measured) for _ in range(2))
    smoothed = SmoothedLogDistance(means, variances)
    # Series of about equal length share a tile.
    order = np.argsort(np.diff(series.offsets), kind="stable")
    if len(order):
        _smooth_all(series, prior, order, smoothed)
    return smoothed


@compiled
def _drift(q: np.float32) -> np.float32:
    """Return a drift within its limits; what is not a number is none."""
    positive = q if q > ZERO else ZERO
    return positive if positive < MOST_VARIANCE else MOST_VARIANCE


@compiled
def smooth_tile(tile: Float32, mean: Float32, variance: Float32) -> None:
    """Smooth the series of a tile, in place.

    Parameters
    ----------
    tile : float32[steps, ROWS, LANES]
        steps >= 1; its last two rows are written.
    mean, variance : float32[LANES]
        Prior of each lane.
    """
    # Numba takes two arrays for possibly the same, unless they are on the stack.
    x = carray(stack_float32(LANES), (LANES,))
    p = carray(stack_float32(LANES), (LANES,))
    for lane in range(LANES):
        x[lane] = mean[lane]
        p[lane] = variance[lane]
    steps = tile.shape[0]
    for t in range(steps):
        measured, noise, drift = tile[t, MEASURED], tile[t, NOISE], tile[t, DRIFT]
        means, variances = tile[t, MEAN], tile[t, VARIANCE]
        for lane in range(LANES):
            z, r = measured[lane], noise[lane]
            seen = (
                (abs(z) <= MOST_LOG_DISTANCE)
                & (r >= LEAST_VARIANCE)
                & (r <= MOST_VARIANCE)
            )
            predicted = p[lane] + _drift(drift[lane])
            gain = predicted / (predicted + r)
            moved = x[lane] + gain * (z - x[lane])
            x[lane] = moved if seen else x[lane]
            p[lane] = gain * r if seen else predicted
        for lane in range(LANES):
            means[lane] = x[lane]
            variances[lane] = p[lane]
    for back in range(1, steps):
        t = steps - 1 - back
        means, variances, drift = tile[t, MEAN], tile[t, VARIANCE], tile[t + 1, DRIFT]
        for lane in range(LANES):
            q = _drift(drift[lane])
            keep = variances[lane] / (variances[lane] + q)
            x[lane] = means[lane] + keep * (x[lane] - means[lane])
            p[lane] = keep * (q + keep * p[lane])
        for lane in range(LANES):
            means[lane] = x[lane]
            variances[lane] = p[lane]


@compiled
def _smooth_alone(
    series: LogDistanceSeries, i: int, prior: Prior, smoothed: SmoothedLogDistance
) -> None:
    """Smooth one series where it lies."""
    begin, end = series.offsets[i], series.offsets[i + 1]
    x, p = prior.mean[i], prior.variance[i]
    for t in range(begin, end):
        z, r = series.measured[t], series.noise[t]
        p += _drift(series.drift[t])
        if abs(z) <= MOST_LOG_DISTANCE and r >= LEAST_VARIANCE and r <= MOST_VARIANCE:
            gain = p / (p + r)
            x += gain * (z - x)
            p = gain * r
        smoothed.mean[t], smoothed.variance[t] = x, p
    for back in range(1, end - begin):
        t = end - 1 - back
        q = _drift(series.drift[t + 1])
        mean, variance = smoothed.mean[t], smoothed.variance[t]
        keep = variance / (variance + q)
        x = mean + keep * (x - mean)
        p = keep * (q + keep * p)
        smoothed.mean[t], smoothed.variance[t] = x, p


@compiled
def fill_tile(series: LogDistanceSeries, chosen: Int64, tile: Float32) -> None:
    """Write the samples of at most LANES series into a tile."""
    steps = tile.shape[0]
    # A few steps of all lanes, then the next few: what is written stays in the cache
    # until all of it is.
    for first in range(0, steps, FEW_STEPS):
        for lane in range(LANES):
            begin = length = 0
            if lane < len(chosen):
                begin = series.offsets[chosen[lane]]
                length = series.offsets[chosen[lane] + 1] - begin
            stop = min(first + FEW_STEPS, steps)
            for t in range(first, min(stop, length)):
                tile[t, MEASURED, lane] = series.measured[begin + t]
                tile[t, NOISE, lane] = series.noise[begin + t]
                tile[t, DRIFT, lane] = series.drift[begin + t]
            for t in range(max(first, length), stop):
                tile[t, MEASURED, lane] = NAN
                tile[t, NOISE, lane] = ZERO
                tile[t, DRIFT, lane] = ZERO


@compiled
def empty_tile(
    series: LogDistanceSeries,
    chosen: Int64,
    tile: Float32,
    smoothed: SmoothedLogDistance,
) -> None:
    """Copy what came out of a tile to where the samples lie."""
    for lane in range(len(chosen)):
        begin = series.offsets[chosen[lane]]
        length = series.offsets[chosen[lane] + 1] - begin
        for t in range(length):
            smoothed.mean[begin + t] = tile[t, MEAN, lane]
            smoothed.variance[begin + t] = tile[t, VARIANCE, lane]


@compiled
def _smooth_all(
    series: LogDistanceSeries,
    prior: Prior,
    order: Int64,
    smoothed: SmoothedLogDistance,
) -> None:
    """Smooth at least one series in their order, shortest first, a tile at a time."""
    last = order[-1]
    most = min(series.offsets[last + 1] - series.offsets[last], MOST_STEPS)
    tile = np.empty((most, ROWS, LANES), np.float32)
    # Lanes without a series are smoothed too, from any prior.
    mean, variance = np.zeros(LANES, np.float32), np.ones(LANES, np.float32)
    for first in range(0, len(order), LANES):
        chosen = order[first : first + LANES]
        last = chosen[-1]
        steps = series.offsets[last + 1] - series.offsets[last]
        if steps > most:
            for i in chosen:
                _smooth_alone(series, i, prior, smoothed)
        elif steps > 0:
            for lane in range(len(chosen)):
                mean[lane] = prior.mean[chosen[lane]]
                variance[lane] = prior.variance[chosen[lane]]
            fill_tile(series, chosen, tile[:steps])
            smooth_tile(tile[:steps], mean, variance)
            empty_tile(series, chosen, tile[:steps], smoothed)
