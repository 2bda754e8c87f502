"""The median of the gamma distribution, without a statistics library."""

import functools
import math
from typing import NamedTuple

import numpy as np

from proximity.scoring.window_score import Float64

SMALLEST_SHAPE = 1e-3
SERIES_SHAPE = 20.0
NODES = 8192
# Enough for the slowest case, shape and argument both 20.
SERIES_TERMS = 120
NEWTON_STEPS = 30


class _Table(NamedTuple):
    log_shape: Float64
    log_median: Float64


def gamma_median(shape: Float64) -> Float64:
    """Return the medians of gamma distributions with scale 1.

    Up to shape 20 by linear interpolation of the logarithms in a table of exact
    medians, above by the asymptotic series; relative error below 1e-5 for shapes
    >= 0.05. Below shape 0.001 the median is taken as that of 0.001, about 1e-301.

    Parameters
    ----------
    shape : float64[...], > 0

    Returns
    -------
    float64[...]
        Source: docs/reference/scoring.md#nhs.
    """
    table = _table()
    small = np.exp(np.interp(np.log(shape), table.log_shape, table.log_median))
    large = np.maximum(shape, SERIES_SHAPE)
    # Coefficients of the expansion of the median in 1/shape (Choi 1994).
    series = (
        large
        - 1 / 3
        + 8 / (405 * large)
        + 184 / (25_515 * large**2)
        + 2_248 / (3_444_525 * large**3)
    )
    return np.where(shape <= SERIES_SHAPE, small, series)


def exact_gamma_median(shape: Float64) -> Float64:
    """Return the medians by Newton's method, for shapes 0.001..20.

    Solves log P(shape, x) = log 1/2 for log x, P the regularised incomplete gamma
    function; log P is concave in log x, so from the left the steps cannot overshoot.
    """
    log_gamma = np.array([math.lgamma(k + 1.0) for k in shape.tolist()])
    # P(k, x) < x^k / gamma(k + 1), hence this start lies left of the median.
    log_x = (math.log(0.5) + log_gamma) / shape
    for _ in range(NEWTON_STEPS):
        x = np.exp(log_x)
        series = _series(shape, x)
        log_p = shape * log_x - x - log_gamma + np.log(series)
        # d log P / d log x = x p(x) / P, which leaves the series alone.
        log_x = log_x + (math.log(0.5) - log_p) * series / shape
    median: Float64 = np.exp(log_x)
    return median


def _series(shape: Float64, x: Float64) -> Float64:
    """Return 1 + x/(k+1) + x²/((k+1)(k+2)) and so on."""
    term = np.ones_like(x)
    total = np.ones_like(x)
    for n in range(1, SERIES_TERMS):
        term = term * x / (shape + n)
        total = total + term
    return total


@functools.cache
def _table() -> _Table:
    """Build the table once a process; it depends on nothing."""
    bounds = math.log(SMALLEST_SHAPE), math.log(SERIES_SHAPE)
    log_shape = np.linspace(*bounds, NODES)
    return _Table(log_shape, np.log(exact_gamma_median(np.exp(log_shape))))
