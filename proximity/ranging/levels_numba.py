"""What looks of a level share, compiled: along all looks, and back again."""

import numpy as np

from proximity.kernels.compiled import compiled
from proximity.ranging.looks import Float64


def correlated(part: Float64, kept: Float64) -> Float64:
    """Sum as `levels_plain.correlated` does, to the same bits."""
    total = np.empty_like(part)
    _both_ways(part, kept, total)
    return total


@compiled
def _both_ways(part: Float64, kept: Float64, total: Float64) -> None:
    last = 0.0
    for i in range(len(part)):
        last = part[i] + kept[i] * last
        total[i] = last
    after, left = 0.0, 0.0
    for back in range(len(part)):
        i = len(part) - 1 - back
        after = part[i] + left * after
        left = kept[i]
        total[i] = total[i] + after - part[i]
