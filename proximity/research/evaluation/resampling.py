"""Intervals that respect what is not independent: whole clusters are drawn anew."""

import numpy as np
from numpy.typing import NDArray

REPLICATES = 1_000
# Where so many weights would not fit, fewer replicates are drawn.
MAX_WEIGHTS = 50_000_000
FEWEST_REPLICATES = 100
COVERAGE_PERCENT = (2.5, 97.5)


def draw_clusters(
    cluster: NDArray[np.int64], generator: np.random.Generator
) -> NDArray[np.float64]:
    """Draw clusters with replacement, and return what each item then weighs.

    An item that belongs to several clusters, as a pair does to its two phones, weighs
    the product of how often they were drawn.

    Parameters
    ----------
    cluster : int64[n, k]
        Numbers 0.. of the clusters of each item.
    generator : np.random.Generator

    Returns
    -------
    float64[r, n]
        `REPLICATES` rows; fewer where the items are very many.
    """
    affordable = max(FEWEST_REPLICATES, MAX_WEIGHTS // max(len(cluster), 1))
    rows = min(REPLICATES, affordable)
    if cluster.size == 0:
        return np.ones((rows, len(cluster)))
    count = int(cluster.max()) + 1
    chance = np.full(count, 1 / count)
    drawn = generator.multinomial(count, chance, rows).astype(np.float64)
    weight = np.ones((rows, len(cluster)))
    for column in cluster.T:
        weight *= drawn[:, column]
    return weight


def interval_of(replicates: NDArray[np.float64]) -> tuple[float, float] | None:
    """Return the 95 % interval of a figure from its replicates.

    Parameters
    ----------
    replicates : float64[r]
        NaN where a replicate has no such figure.

    Returns
    -------
    (float, float) or None
        None if no replicate has one.
    """
    known = replicates[np.isfinite(replicates)]
    if len(known) == 0:
        return None
    low, high = np.percentile(known, COVERAGE_PERCENT)
    return float(low), float(high)
