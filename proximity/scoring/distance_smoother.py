"""Distance over time from sparse attenuations: an unscented Kalman smoother.

One-dimensional, augmented (state, step and observation noise are one vector of three),
with parameters alpha = 1, beta = 0, kappa = 0: six sigma points of weight 1/6 at
±sqrt(3 variance) along each axis, and a centre of weight 0. The two points along the
observation axis have the state of the centre. All windows move in lockstep, a column
each; source: docs/reference/scoring.md#nhs.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from proximity.scoring.window_score import Float64, Int64

SPREAD = 3.0
# Keeps logarithms and quotients finite where a sigma point meets distance 0.
TINY = 1e-12


@dataclass(frozen=True, slots=True)
class DistanceModel:
    """How distance moves within a second, and what attenuation it gives.

    Attributes
    ----------
    prior_mean_m, prior_variance_m2 : float
        At the first second.
    step_m : float
        Standard deviation of the change of distance in one second.
    slope, intercept, variance : float
        Mean of the logarithm of the attenuation in dB: slope * ln(distance in m) +
        intercept; its variance.
    """

    prior_mean_m: float
    prior_variance_m2: float
    step_m: float
    slope: float
    intercept: float
    variance: float


class Estimate(NamedTuple):
    """Mean and variance of the distance, columns are windows."""

    mean_m: Float64
    variance_m2: Float64


class _Points(NamedTuple):
    """Sigma points of the state: ± state noise, ± step noise, centre (twice)."""

    state_up: Float64
    state_down: Float64
    step_up: Float64
    step_down: Float64
    centre: Float64


def smooth_distances(
    log_attenuation: Float64, seconds: Int64, model: DistanceModel
) -> Estimate:
    """Estimate distance at every second from the whole window.

    Parameters
    ----------
    log_attenuation : float64[t, n]
        Logarithm of the attenuation in dB; NaN where nothing was observed.
    seconds : int64[n], descending
        How many of the rows each column uses, 1..t.
    model : DistanceModel

    Returns
    -------
    Estimate of float64[t, n]
        Rows beyond a column's seconds are undefined.
    """
    active = np.searchsorted(-seconds, -np.arange(len(log_attenuation)), side="left")
    filtered = _filter(log_attenuation, active, model)
    _smooth(filtered, active, model)
    return filtered


def _filter(observed: Float64, active: Int64, model: DistanceModel) -> Estimate:
    """Run forward; returns what is known at each second from the seconds before."""
    mean, variance = np.empty_like(observed), np.empty_like(observed)
    seen = ~np.isnan(observed)
    n = observed.shape[1]
    now = Estimate(np.full(n, model.prior_mean_m), np.full(n, model.prior_variance_m2))
    spread = np.sqrt(SPREAD * now.variance_m2)
    centre = now.mean_m
    points = _Points(centre + spread, centre - spread, centre, centre, centre)
    for t, k in enumerate(active):
        if t:
            now = Estimate(now.mean_m[:k], now.variance_m2[:k])
            points = _step(now, model)
            now = _moments(points)
        if seen[t, :k].any():
            updated = _update(now, points, observed[t, :k], model)
            now = Estimate(*np.where(seen[t, :k], updated, now))
        mean[t, :k], variance[t, :k] = now
    return Estimate(mean, variance)


def _smooth(filtered: Estimate, active: Int64, model: DistanceModel) -> None:
    """Run backward, in place: carry what later seconds know to earlier ones."""
    mean, variance = filtered
    for t in range(len(active) - 2, -1, -1):
        # Columns that end at this very second stay as filtered.
        k = active[t + 1]
        now = Estimate(mean[t, :k], variance[t, :k])
        points = _step(now, model)
        predicted = _moments(points)
        spread = np.sqrt(SPREAD * now.variance_m2)
        cross = spread * (points.state_up - points.state_down) / 6
        gain = cross / np.maximum(predicted.variance_m2, TINY)
        smoothed = variance[t + 1, :k] - predicted.variance_m2
        mean[t, :k] += gain * (mean[t + 1, :k] - predicted.mean_m)
        variance[t, :k] = np.maximum(variance[t, :k] + gain * gain * smoothed, TINY)


def _step(now: Estimate, model: DistanceModel) -> _Points:
    """Move each sigma point by one second; distance does not become negative."""
    spread = np.sqrt(SPREAD * now.variance_m2)
    step = np.sqrt(SPREAD) * model.step_m
    mean = now.mean_m
    return _Points(
        np.abs(mean + spread),
        np.abs(mean - spread),
        np.abs(mean + step),
        np.abs(mean - step),
        np.abs(mean),
    )


def _moments(points: _Points) -> Estimate:
    up, down, step_up, step_down, centre = points
    mean = (up + down + step_up + step_down + 2 * centre) / 6
    variance = (
        (up - mean) ** 2
        + (down - mean) ** 2
        + (step_up - mean) ** 2
        + (step_down - mean) ** 2
        + 2 * (centre - mean) ** 2
    ) / 6
    return Estimate(mean, np.maximum(variance, TINY))


def _update(
    now: Estimate, points: _Points, observed: Float64, model: DistanceModel
) -> Estimate:
    """Correct the prediction by what was observed."""
    expected = _Points(*(_log_attenuation(point, model) for point in points))
    up, down, step_up, step_down, centre = expected
    mean = (up + down + step_up + step_down + 2 * centre) / 6
    # The two points along the observation axis lie at centre ± sqrt(3 variance), so
    # their squares add up to twice that of the centre and 6 times the variance.
    variance = (
        (up - mean) ** 2
        + (down - mean) ** 2
        + (step_up - mean) ** 2
        + (step_down - mean) ** 2
        + 2 * (centre - mean) ** 2
    ) / 6 + model.variance
    cross = sum(
        weight * (point - now.mean_m) * (value - mean)
        for weight, point, value in zip((1, 1, 1, 1, 2), points, expected, strict=True)
    )
    gain = cross / 6 / variance
    return Estimate(
        now.mean_m + gain * (observed - mean),
        np.maximum(now.variance_m2 - gain * cross / 6, TINY),
    )


def _log_attenuation(distance_m: Float64, model: DistanceModel) -> Float64:
    distance = np.maximum(np.abs(distance_m), TINY)
    expected: Float64 = model.slope * np.log(distance) + model.intercept
    return expected
