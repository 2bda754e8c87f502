"""The normal distribution over arrays, without scipy: a running client has none."""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]

# Beyond it the distribution is 0 or 1 within 1e-15.
_FAR = 8.0
_STEPS = 1 << 14


def normal_cdf(z: Float64) -> Float64:
    """Return the chance that a standard normal variable is below each value.

    Parameters
    ----------
    z : float64[...]
        Not NaN.

    Returns
    -------
    float64[...]
        Within 4e-8 of the exact value, never decreasing.
    """
    at, below = _table()
    return np.interp(z, at, below)


def equal_nodes(n: int) -> Float64:
    """Return the medians of n parts of a standard normal, equal in probability.

    Parameters
    ----------
    n : int >= 1

    Returns
    -------
    float64[n]
        Ascending, scaled to variance 1 where n > 1.
    """
    at, below = _table()
    middle = (np.arange(n) + 0.5) / n
    nodes = np.interp(middle, below, at)
    return nodes / np.sqrt(np.mean(nodes**2)) if n > 1 else nodes


@lru_cache(maxsize=1)
def _table() -> tuple[Float64, Float64]:
    at = np.linspace(-_FAR, _FAR, _STEPS + 1)
    below = [0.5 * math.erfc(-z / math.sqrt(2.0)) for z in at.tolist()]
    return at, np.array(below)
