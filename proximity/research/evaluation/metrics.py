"""Figures of scores, probabilities and minutes, each under many weights at once.

A row of weights is one replicate of the bootstrap; a row of ones gives the figure
itself. Sources: docs/reference/accuracy.md#figures.
"""

import math

import numpy as np

from proximity.research.datasets.signals import Bools, Float64, Int64

BINS = 10


def rates(called: Bools, positive: Bools, weight: Float64) -> tuple[Float64, Float64]:
    """Return the shares of the positive, and of the other items, that were called.

    Parameters
    ----------
    called, positive : bool[n]
    weight : float64[r, n]

    Returns
    -------
    true_positive, false_positive : float64[r]
        NaN where there is no such item.
    """
    hits = _share(weight @ (called & positive), weight @ positive.astype(np.float64))
    alarms = _share(
        weight @ (called & ~positive), weight @ (~positive).astype(np.float64)
    )
    return hits, alarms


def detection_cost(true_positive: Float64, false_positive: Float64) -> Float64:
    """Return the normalised decision cost of TC4TL, both errors weighing 1.

    (w_miss P_miss + w_fa P_fa) / min(w_miss, w_fa): 0 is perfect, 1 is worth as much
    as never, or always, saying "near".
    """
    return (1.0 - true_positive) + false_positive


def brier(probability: Float64, positive: Bools, weight: Float64) -> Float64:
    """Return the mean squared error of probabilities."""
    return _share(weight @ (probability - positive) ** 2, weight.sum(axis=1))


def brier_skill(probability: Float64, positive: Bools, weight: Float64) -> Float64:
    """Return what part of the base rate's own error probabilities take away.

    1 is perfect, 0 is worth as much as always stating the share of positive items,
    below 0 is worse; NaN where all items are of one class.
    """
    base = _share(weight @ positive.astype(np.float64), weight.sum(axis=1))
    reference = base * (1.0 - base)
    return 1.0 - _share(brier(probability, positive, weight), reference)


def calibration_error(
    probability: Float64, positive: Bools, weight: Float64
) -> Float64:
    """Return the calibration error, with the noise of small bins taken out.

    Items are sorted by probability into ten bins of equal count. Of each bin's squared
    gap between mean probability and share of positive items, the variance that the
    share has by chance is subtracted; the root of the weighted mean is returned.

    Parameters
    ----------
    probability : float64[n]
    positive : bool[n]
    weight : float64[r, n]

    Returns
    -------
    float64[r]
        0..1; NaN where there is no item.
    """
    order = np.argsort(probability, kind="stable")
    error = np.zeros(len(weight))
    for mine in np.array_split(order, min(BINS, max(1, len(order)))):
        part = weight[:, mine]
        total = part.sum(axis=1)
        share = _share(part @ positive[mine].astype(np.float64), total)
        gap = _share(part @ probability[mine], total) - share
        # As many items of equal weight would vary as much.
        count = _share(total**2, (part**2).sum(axis=1))
        noise = _share(share * (1.0 - share), count - 1.0)
        contribution = total * (gap**2 - np.nan_to_num(noise))
        error += np.where(total > 0, contribution, 0.0)
    mean = _share(error, weight.sum(axis=1))
    root: Float64 = np.sqrt(np.maximum(mean, 0.0))
    return root


def mean_error(estimate: Float64, truth: Float64, weight: Float64) -> Float64:
    """Return the mean absolute error."""
    return _share(weight @ np.abs(estimate - truth), weight.sum(axis=1))


def shuffled_aucs(
    score: Float64, positive: Bools, generator: np.random.Generator, times: int
) -> Float64:
    """Return the areas under the curve of a score for labels dealt out at random.

    Parameters
    ----------
    score : float64[n]
    positive : bool[n]
    generator : np.random.Generator
    times : int
        How often to deal.

    Returns
    -------
    float64[times]
        NaN if there is one class only.
    """
    rank = mean_ranks(score)
    n, hits = len(score), int(np.count_nonzero(positive))
    if hits in (0, n):
        return np.full(times, np.nan)
    sums = np.array([rank[generator.permutation(n)[:hits]].sum() for _ in range(times)])
    aucs: Float64 = (sums - hits * (hits + 1) / 2) / (hits * (n - hits))
    return aucs


def stratified_chance_error(positive: Bools, stratum: Int64) -> float:
    """Return the largest standard error that chance gives the stratified AUC.

    Of a score that knows nothing the area under the curve of n1 positive and n0 other
    items varies by (n1 + n0 + 1) / (12 n1 n0), less where scores are tied. Fits that
    leave out one stratum each learn from the others, so that their errors may go
    together: the standard errors are averaged, not the variances.

    Parameters
    ----------
    positive : bool[n]
    stratum : int64[n]
        Strata of one class have no area under the curve, and do not count.

    Returns
    -------
    float
        NaN if no stratum has both classes.
    """
    errors = []
    for number in np.unique(stratum).tolist():
        mine = positive[stratum == number]
        hits = int(np.count_nonzero(mine))
        others = len(mine) - hits
        if hits and others:
            errors.append(math.sqrt((len(mine) + 1) / (12 * hits * others)))
    return float(np.mean(errors)) if errors else math.nan


def mean_ranks(score: Float64) -> Float64:
    """Return ranks from 1; ties share their mean."""
    _, tie, count = np.unique(score, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    ranks: Float64 = ((last - count + 1 + last) / 2)[tie]
    return ranks


def equal_weights(n: int) -> Float64:
    """Return one row of ones."""
    return np.ones((1, n))


def _share(part: Float64, whole: Float64) -> Float64:
    share = np.full(len(part), np.nan)
    np.divide(part, whole, out=share, where=whole > 0)
    return share
