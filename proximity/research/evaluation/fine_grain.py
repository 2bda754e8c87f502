"""The fine grain of TC4TL: estimated distances against each of three limits."""

import numpy as np

from proximity.research.datasets.signals import Float64
from proximity.research.evaluation.metrics import detection_cost, rates

LIMITS_M = (1.2, 1.8, 3.0)
TRUTH_M = (1.2, 1.8, 3.0, 4.5)
# 4, 6, 10 and 15 ft by tape are a little more than these.
TOLERANCE_M = 0.1
_BEYOND_M = 0.05
MEAN = "mean"


def fine_costs(
    distance_m: Float64, truth_m: Float64, weight: Float64
) -> dict[str, Float64]:
    """Return the normalised decision cost at each limit, and their mean.

    A contact is an item whose true distance is at most the limit; it is missed if the
    estimate is more than the limit, and another is a false alarm if it is not. Items
    at other distances than `TRUTH_M` do not count.

    Parameters
    ----------
    distance_m : float64[n]
        As estimated.
    truth_m : float64[n]
        NaN where it is not known.
    weight : float64[r, n]

    Returns
    -------
    dict of str to float64[r]
        "1.2", "1.8", "3.0" and "mean"; NaN where a class has no weight. Source:
        docs/reference/accuracy.md#figures.
    """
    away = np.abs(truth_m[:, None] - np.array(TRUTH_M))
    # A distance that is not known is near to nothing.
    away = np.where(np.isfinite(away), away, np.inf)
    kept = away.min(axis=1, initial=np.inf) <= TOLERANCE_M
    nominal = np.array(TRUTH_M)[away[kept].argmin(axis=1)]
    found = {}
    for limit in LIMITS_M:
        called = distance_m[kept] <= limit + _BEYOND_M
        found[f"{limit:.1f}"] = detection_cost(
            *rates(called, nominal <= limit, weight[:, kept])
        )
    found[MEAN] = np.mean(list(found.values()), axis=0)
    return found
