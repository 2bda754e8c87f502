"""The smoother in numpy, the reference: all series in lockstep, a step at a time."""

import numpy as np

from proximity.ranging.smoother import (
    LEAST_VARIANCE,
    MOST_LOG_DISTANCE,
    MOST_VARIANCE,
    LogDistanceSeries,
    Prior,
    SmoothedLogDistance,
)

ZERO = np.float32(0)


def smooth(series: LogDistanceSeries, prior: Prior) -> SmoothedLogDistance:
    """Smooth as `smoother.smooth_log_distance` says."""
    measured, noise = series.measured, series.noise
    seen = (
        (np.abs(measured) <= MOST_LOG_DISTANCE)
        & (noise >= LEAST_VARIANCE)
        & (noise <= MOST_VARIANCE)
    )
    measured, noise = np.where(seen, measured, ZERO), np.where(seen, noise, ZERO)
    drift = np.where(series.drift > ZERO, series.drift, ZERO)
    drift = np.minimum(drift, MOST_VARIANCE)
    lengths = np.diff(series.offsets)
    # The longest first: those that have a t-th sample are the first k.
    order = np.argsort(-lengths, kind="stable")
    starts = series.offsets[:-1][order]
    steps = np.arange(lengths.max(initial=0))
    active = np.searchsorted(-lengths[order], -steps, side="left")
    mean, variance = prior.mean[order], prior.variance[order]
    means, variances = np.empty_like(measured), np.empty_like(measured)
    for t, k in zip(steps, active, strict=True):
        at = starts[:k] + t
        predicted = variance[:k] + drift[at]
        gain = np.where(seen[at], predicted / (predicted + noise[at]), ZERO)
        mean = mean[:k] + gain * (measured[at] - mean[:k])
        variance = np.where(seen[at], gain * noise[at], predicted)
        means[at], variances[at] = mean, variance
    # What ends at this very step stays as filtered. The variance is the textbook's,
    # arranged so that nothing is subtracted.
    for t, k in zip(steps[-2::-1], active[:0:-1], strict=True):
        at = starts[:k] + t
        keep = variances[at] / (variances[at] + drift[at + 1])
        means[at] += keep * (means[at + 1] - means[at])
        variances[at] = keep * (drift[at + 1] + keep * variances[at + 1])
    return SmoothedLogDistance(means, variances)
