"""Arithmetic that the rules share: weights, rounding, time covered."""

import math
from collections.abc import Sequence

import numpy as np

from proximity.scoring.window_score import Float64

# Far finer than any published threshold, far coarser than binary noise: 0.2 times 6
# becomes 1.2 again, so that noise never decides at a threshold.
SETTLED_DECIMALS = 9


def weighted_seconds(bucket_s: Float64, weights: Sequence[float]) -> Float64:
    """Sum each window's seconds, weighted by attenuation bucket.

    Parameters
    ----------
    bucket_s : float64[n, b]
        Seconds by bucket.
    weights : b numbers
        Weight of a second in each.

    Returns
    -------
    float64[n]
        Source: docs/reference/scoring.md#weighted-time.
    """
    total = np.zeros(len(bucket_s), np.float64)
    for column, weight in zip(bucket_s.T, weights, strict=True):
        total += column * weight
    return total


def settle(values: Float64) -> Float64:
    """Round off binary noise."""
    rounded: Float64 = np.round(values, SETTLED_DECIMALS)
    return rounded


def exact_sum(values: Sequence[float]) -> float:
    """Sum without regard to order, and round off binary noise."""
    return round(math.fsum(values), SETTLED_DECIMALS)


def round_half_up(value: float, decimals: int) -> float:
    """Round a value >= 0 to decimals; a half goes up."""
    scale = 10.0**decimals
    return math.floor(round(value * scale, SETTLED_DECIMALS) + 0.5) / scale


def covered_seconds(end_s: Float64, seconds: Float64) -> float:
    """Return the time covered by intervals, overlaps once.

    Intervals whose end is 0 were recorded without a time; their lengths are added.

    Parameters
    ----------
    end_s, seconds : float64[m]
        End and length of each interval, seconds; lengths >= 0.
    """
    timed = end_s > 0
    order = np.argsort(end_s[timed] - seconds[timed], kind="stable")
    end = end_s[timed][order]
    start = end - seconds[timed][order]
    covered_until = np.concatenate([[-math.inf], np.maximum.accumulate(end)[:-1]])
    fresh = np.maximum(end - np.maximum(start, covered_until[: len(end)]), 0.0)
    return exact_sum([*fresh.tolist(), *seconds[~timed].tolist()])
