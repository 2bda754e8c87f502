"""Time by attenuation bucket, of many windows at once."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from proximity.kernels.dispatch import load_operation

MS_PER_S: Final = np.float32(1000)
# What is longer is no scan: a window is half an hour. Counted as this.
MOST_SECONDS: Final = np.float32(3600)
MOST_DB: Final = 1000.0
Float64 = NDArray[np.float64]
# Where buckets begin, float32 or int32.
Edges = NDArray[Any]
# Attenuations are kept in as few bytes as they need.
DTYPES: Final = (np.int8, np.int16, np.float32)


class ScanColumns(NamedTuple):
    """Scan instances of n windows, one window after the other.

    Attributes
    ----------
    attenuation_db : int8[m], int16[m] or float32[m]
        NaN where it is not known: the time is in no bucket.
    seconds : float32[m]
        Counted to the millisecond; NaN and what is negative count as 0, more than
        `MOST_SECONDS` counts as that.
    offsets : int64[n + 1]
        Window i is scans offsets[i]..offsets[i + 1] - 1; a window may be empty.
    """

    attenuation_db: NDArray[Any]
    seconds: NDArray[np.float32]
    offsets: NDArray[np.int64]


class BucketWeights(NamedTuple):
    """Buckets of attenuation, and what a second in each weighs.

    Attributes
    ----------
    limits_db : b - 1 floats
        Ascending; a limit belongs to the bucket above it.
    weights : b floats
        Nearest first.
    """

    limits_db: Sequence[float]
    weights: Sequence[float]


def weighted_seconds_by_bucket(
    scans: ScanColumns, buckets: BucketWeights, *, variant: str | None = None
) -> Float64:
    """Sum each window's seconds by attenuation bucket, and weight the sums.

    Milliseconds are whole numbers, whose sum does not depend on the order: every
    variant and every machine gives the same bits.

    Parameters
    ----------
    scans : ScanColumns
    buckets : BucketWeights
    variant : str or None
        A form to force; see `kernels.dispatch.load_operation`.

    Returns
    -------
    float64[n, b]

    Raises
    ------
    ValueError
        If lengths do not fit together, limits do not ascend, or a limit or weight is
        no finite number of a plausible size.
    KernelError
        If the forced form cannot run here.
    """
    kernel = load_operation("proximity.ranging.buckets", variant)
    columns = ScanColumns(
        np.require(scans.attenuation_db, requirements=("C", "A", "W")),
        np.require(scans.seconds, np.float32, ("C", "A", "W")),
        np.require(scans.offsets, np.int64, ("C", "A", "W")),
    )
    _check(columns)
    limits = np.asarray(buckets.limits_db, np.float64)
    weights = np.asarray(buckets.weights, np.float64)
    _check_buckets(limits, weights)
    edges = _edges(limits, columns.attenuation_db.dtype)
    weighted: Float64 = kernel.weigh(columns, edges, weights / float(MS_PER_S))
    return weighted


def _edges(limits_db: Float64, of: np.dtype[Any]) -> Edges:
    """Return where each bucket begins, in a type that compares with attenuations."""
    if of == np.float32:
        return np.append(-np.inf, limits_db).astype(np.float32)
    # A whole number is at least 55.3 if it is at least 56.
    least = np.iinfo(np.int32).min
    return np.append(least, np.ceil(limits_db)).astype(np.int32)


def _check(scans: ScanColumns) -> None:
    """Kernels check no bounds: what they index by is checked here."""
    m, offsets = len(scans.attenuation_db), scans.offsets
    if scans.attenuation_db.dtype not in DTYPES:
        message = "attenuations are int8, int16 or float32"
        raise ValueError(message)
    if len(scans.seconds) != m:
        message = "attenuations and seconds differ in length"
        raise ValueError(message)
    ends = (int(offsets[0]), int(offsets[-1])) if len(offsets) else None
    if ends != (0, m) or (np.diff(offsets) < 0).any():
        message = "offsets do not ascend from 0 to the number of scans"
        raise ValueError(message)


def _check_buckets(limits: Float64, weights: Float64) -> None:
    if not (np.abs(limits) <= MOST_DB).all():
        message = "a limit is no attenuation"
        raise ValueError(message)
    if not (np.diff(limits) > 0).all():
        message = "limits do not ascend"
        raise ValueError(message)
    if len(weights) != len(limits) + 1 or not np.isfinite(weights).all():
        message = "there is not one finite weight a bucket"
        raise ValueError(message)
