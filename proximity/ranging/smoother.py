"""Distance over time from many series of noisy measurements, all at once.

The state is the logarithm of the distance, which walks at random; a measurement is the
state with noise. Both are Gaussian, so a Kalman filter and a Rauch-Tung-Striebel
smoother are exact: they give the mean and the variance of every state, given all
measurements of its series.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from proximity.kernels.dispatch import load_operation

Float32 = NDArray[np.float32]
Int64 = NDArray[np.int64]

# What lies outside is no logarithm of a distance, and no variance of one; within, no
# step of the smoother overflows or divides by zero.
MOST_LOG_DISTANCE: Final = np.float32(1e3)
LEAST_VARIANCE: Final = np.float32(1e-6)
MOST_VARIANCE: Final = np.float32(1e6)


class LogDistanceSeries(NamedTuple):
    """Measurements of n series, one series after the other, each in order of time.

    Attributes
    ----------
    measured : float32[m]
        Natural logarithm of the distance in metres; NaN where nothing was measured.
    noise : float32[m]
        Variance of the measurement.
    drift : float32[m]
        Variance that the walk has gained since the sample before, for a first sample
        since the prior. NaN and what is negative count as 0.
    offsets : int64[n + 1]
        Series i is samples offsets[i]..offsets[i + 1] - 1; a series may be empty.
    """

    measured: Float32
    noise: Float32
    drift: Float32
    offsets: Int64


class Prior(NamedTuple):
    """What is known of each series before its first sample.

    Attributes
    ----------
    mean, variance : float32[n]
    """

    mean: Float32
    variance: Float32


class SmoothedLogDistance(NamedTuple):
    """What is known of each sample from its whole series; always finite.

    Attributes
    ----------
    mean, variance : float32[m]
        Of the natural logarithm of the distance in metres; variances > 0.
    """

    mean: Float32
    variance: Float32


def smooth_log_distance(
    series: LogDistanceSeries, prior: Prior, *, variant: str | None = None
) -> SmoothedLogDistance:
    """Smooth every series.

    A sample counts as not measured if its measurement or noise is not a number, or is
    beyond `MOST_LOG_DISTANCE`, or outside `LEAST_VARIANCE`..`MOST_VARIANCE`: there the
    walk is only followed. Every variant gives the same bits.

    Parameters
    ----------
    series : LogDistanceSeries
    prior : Prior
        Within the same limits.
    variant : str or None
        A form to force; see `kernels.dispatch.load_operation`.

    Returns
    -------
    SmoothedLogDistance
        Source: docs/explanation/performance.md#smoothing.

    Raises
    ------
    ValueError
        If lengths do not fit together or a prior is outside the limits.
    KernelError
        If the forced variant cannot run here.
    """
    size = len(series.measured)
    kernel = load_operation("proximity.ranging.smoother", variant, size=size)
    columns = LogDistanceSeries(
        _float32(series.measured),
        _float32(series.noise),
        _float32(series.drift),
        np.require(series.offsets, np.int64, ("C", "A", "W")),
    )
    start = Prior(_float32(prior.mean), _float32(prior.variance))
    _check(columns, start)
    smoothed: SmoothedLogDistance = kernel.smooth(columns, start)
    return smoothed


def _check(series: LogDistanceSeries, prior: Prior) -> None:
    """Kernels check no bounds: what they index by is checked here."""
    m, n = len(series.measured), len(series.offsets) - 1
    if len(series.noise) != m or len(series.drift) != m:
        message = "measured, noise and drift differ in length"
        raise ValueError(message)
    ends = (int(series.offsets[0]), int(series.offsets[-1])) if n >= 0 else None
    if ends != (0, m) or (np.diff(series.offsets) < 0).any():
        message = "offsets do not ascend from 0 to the number of samples"
        raise ValueError(message)
    if len(prior.mean) != n or len(prior.variance) != n:
        message = "there is not one prior a series"
        raise ValueError(message)
    known = (
        (np.abs(prior.mean) <= MOST_LOG_DISTANCE)
        & (prior.variance >= LEAST_VARIANCE)
        & (prior.variance <= MOST_VARIANCE)
    )
    if not known.all():
        message = "a prior is outside the limits"
        raise ValueError(message)


def _float32(values: Float32) -> Float32:
    """One type of array, one compiled kernel."""
    return np.require(values, np.float32, ("C", "A", "W"))
