"""How well numbers order two classes: the area under the ROC curve."""

import numpy as np
from numpy.typing import NDArray

# Weights that are looked at together; bounds the memory.
MAX_CELLS = 4_000_000


def area_under_curve(
    value: NDArray[np.float64], positive: NDArray[np.bool_]
) -> float | None:
    """Return the area under the ROC curve, by ranks; ties count one half.

    Parameters
    ----------
    value : float64[n]
        Larger means more likely positive.
    positive : bool[n]

    Returns
    -------
    float or None
        0..1; None if one of the classes is empty. Source: Mann and Whitney 1947.
    """
    weighted = weighted_auc(value, positive, np.ones((1, len(value))))
    return None if np.isnan(weighted[0]) else float(weighted[0])


def roc_curve(
    value: NDArray[np.float64], positive: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return the points of the ROC curve, from (0, 0) to (1, 1).

    Parameters
    ----------
    value : float64[n]
    positive : bool[n]
        Both classes are there.

    Returns
    -------
    float64[m, 2]
        False and true positive rate at each distinct value, falling.
    """
    _, tie = np.unique(-value, return_inverse=True)
    hits = np.bincount(tie, positive)
    misses = np.bincount(tie, ~positive)
    curve = np.stack((np.cumsum(misses), np.cumsum(hits)), axis=1)
    return np.concatenate((np.zeros((1, 2)), curve / curve[-1]))


def weighted_auc(
    value: NDArray[np.float64],
    positive: NDArray[np.bool_],
    weight: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the area under the curve once for each way to weigh the items.

    Parameters
    ----------
    value : float64[n]
        Larger means more likely positive.
    positive : bool[n]
    weight : float64[r, n], >= 0

    Returns
    -------
    float64[r]
        NaN where a class has no weight. Source: docs/reference/accuracy.md#figures.
    """
    if len(value) == 0:
        return np.full(len(weight), np.nan)
    order = np.argsort(value, kind="stable")
    tie_starts = np.flatnonzero(np.diff(value[order], prepend=-np.inf) != 0)
    rows = max(1, MAX_CELLS // len(value))
    blocks = [
        _auc_of_sorted(weight[i : i + rows, order], positive[order], tie_starts)
        for i in range(0, len(weight), rows)
    ]
    return np.concatenate([np.zeros(0), *blocks])


def mean_over_strata(
    value: NDArray[np.float64],
    positive: NDArray[np.bool_],
    stratum: NDArray[np.int64],
    weight: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the mean of the areas under the curves of each stratum alone.

    Each stratum counts once, however many items it has; one without both classes does
    not count. So a number that only tells the strata apart is worth one half.

    Parameters
    ----------
    value, positive, weight
        As `weighted_auc`.
    stratum : int64[n]

    Returns
    -------
    float64[r]
        NaN where no stratum has both classes.
    """
    total = np.zeros(len(weight))
    count = np.zeros(len(weight))
    for number in np.unique(stratum):
        mine = stratum == number
        auc = weighted_auc(value[mine], positive[mine], weight[:, mine])
        known = np.isfinite(auc)
        total[known] += auc[known]
        count += known
    mean = np.full(len(weight), np.nan)
    np.divide(total, count, out=mean, where=count > 0)
    return mean


def _auc_of_sorted(
    weight: NDArray[np.float64],
    positive: NDArray[np.bool_],
    tie_starts: NDArray[np.int64],
) -> NDArray[np.float64]:
    hits = np.add.reduceat(weight * positive, tie_starts, axis=1)
    misses = np.add.reduceat(weight * ~positive, tie_starts, axis=1)
    below = np.cumsum(misses, axis=1) - misses
    wins = np.sum(hits * (below + misses / 2), axis=1)
    possible = hits.sum(axis=1) * misses.sum(axis=1)
    auc = np.full(len(weight), np.nan)
    np.divide(wins, possible, out=auc, where=possible > 0)
    return auc
