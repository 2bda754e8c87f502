"""The reference form of what looks of a level share: one look after the other."""

import numpy as np

from proximity.ranging.looks import Float64


def correlated(part: Float64, kept: Float64) -> Float64:
    """Return, for each look, the parts of all looks of its level, by correlation.

    Parameters
    ----------
    part : float64[m]
        Of each look in its level.
    kept : float64[m]
        What is left of the look before; 0 where a level begins.
    """
    before = _running(part, kept)
    after = _running(part[::-1], np.append(0.0, kept[:0:-1]))[::-1]
    total: Float64 = before + after - part
    return total


def _running(part: Float64, kept: Float64) -> Float64:
    total = np.empty_like(part)
    last = 0.0
    for i, (own, left) in enumerate(zip(part.tolist(), kept.tolist(), strict=True)):
        last = own + left * last
        total[i] = last
    return total
