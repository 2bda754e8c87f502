"""Fits how far apart people are: means of encounters by place, device and pair."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize

from proximity.ranging.looks import Float64
from proximity.research.fitting.labelled import Labelled

_START = (0.12, 0.06, 0.2)
# Fewer say nothing of how places differ; then nothing is put down to the place.
MANY_PLACES = 10
_BOUNDS = (np.log(0.01), np.log(1.0))
_PRIOR_WEIGHT = 0.5


class DistanceFit(NamedTuple):
    """As in `Population`."""

    log10_m: float
    place_sd: float
    device_sd: float
    pair_sd: float


def fit_distances(collections: Sequence[Labelled]) -> DistanceFit:
    """Fit by restricted maximum likelihood.

    A grid holds each distance equally often in every place: how places differ is then
    given by `population_fit`.
    """
    blocks = [_block(each) for each in collections]
    # Of a moment in which something is heard, rather than of a pair: those who are
    # near are heard for longer. Each collection counts once.
    mean = float(np.mean([each.log10_m.mean() for each in collections]))
    start = np.log(_START)
    found = minimize(
        lambda x: (
            _loss(np.exp(x), blocks) + _PRIOR_WEIGHT * float(np.sum((x - start) ** 2))
        ),
        start,
        method="L-BFGS-B",
        bounds=[_BOUNDS] * len(start),
    )
    place, device, pair = np.exp(found.x).tolist()
    if len(blocks) < MANY_PLACES:
        place = 0.0
    return DistanceFit(mean, place, device, pair)


_Block = tuple[Float64, Float64]


def _block(each: Labelled) -> _Block:
    """Return mean distances, and how many devices each two encounters share."""
    present = np.unique(each.looks.encounter)
    count = np.bincount(each.looks.encounter)
    mean = np.bincount(each.looks.encounter, each.log10_m)[present] / count[present]
    ends = np.stack((each.first[present], each.second[present]), axis=1)
    shared = sum(
        (ends[:, i][:, None] == ends[:, j][None, :]).astype(np.float64)
        for i in (0, 1)
        for j in (0, 1)
    )
    return mean, np.asarray(shared, np.float64)


def _loss(sd: Float64, blocks: Sequence[_Block]) -> float:
    """Return minus the restricted log-likelihood."""
    place, device, pair = sd**2
    ones = right = squares = log_determinant = 0.0
    for mean, shared in blocks:
        covariance = device * shared + place + pair * np.eye(len(mean))
        factor = np.linalg.cholesky(covariance)
        white = np.linalg.solve(factor, np.column_stack((np.ones(len(mean)), mean)))
        ones += float(white[:, 0] @ white[:, 0])
        right += float(white[:, 0] @ white[:, 1])
        squares += float(white[:, 1] @ white[:, 1])
        log_determinant += 2.0 * float(np.sum(np.log(np.diag(factor))))
    log_determinant += float(np.log(ones))
    return 0.5 * (log_determinant + squares - right**2 / ones)
