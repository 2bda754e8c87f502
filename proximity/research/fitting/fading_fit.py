"""Fits how looks vary about their level, and distances about their mean."""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import least_squares

from proximity.ranging.looks import LOOK_S, Float64, Int64
from proximity.ranging.population import Fading
from proximity.research.fitting.labelled import Labelled

# Lags of the correlation, looks.
_LAGS = 12
_MOST_GAP = 120
_LEAST_LOOKS = 8
_SINGLE, _MANY = 1.0, 4.0
_LEAST_VARIANCE = 1e-6


def fit_fading(collections: Sequence[Labelled], slope_db: float) -> Fading | None:
    """Fit from the correlation of what the distance does not explain.

    Parameters
    ----------
    collections : sequence of Labelled
    slope_db : float
        Attenuation per decade.

    Returns
    -------
    Fading | None
        None where no direction of an encounter was heard for long enough.
    """
    levels = _Correlation()
    distances = _Correlation()
    squares: list[Float64] = []
    weights: list[Float64] = []
    for each in collections:
        looks = each.looks
        row = looks.encounter * 2 + looks.forward
        bounds = np.flatnonzero(np.diff(row, prepend=-1, append=-1))
        for start, end in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
            if end - start < _LEAST_LOOKS:
                continue
            at = slice(start, end)
            rest_db = looks.attenuation_db[at] - slope_db * each.log10_m[at]
            rest_db = rest_db - np.average(rest_db, weights=looks.weight[at])
            levels.add(looks.look[at], rest_db)
            distances.add(looks.look[at], each.log10_m[at] - each.log10_m[at].mean())
            squares.append(rest_db**2)
            weights.append(looks.weight[at])
    if not squares:
        return None
    slow, fast, memory_s = levels.parted()
    square, weight = np.concatenate(squares), np.concatenate(weights)
    single, many = square[weight <= _SINGLE], square[weight >= _MANY]
    packet = 0.0
    if len(single) and len(many):
        packet = max(float(single.mean() - many.mean()), 0.0) / (1 - 1 / _MANY)
        packet = min(packet, 0.9 * fast)
    return Fading(
        slope_db,
        float(np.sqrt(max(distances.total, 1e-8))),
        float(np.sqrt(slow)),
        float(np.sqrt(max(fast - packet * float(np.mean(1 / weight)), 1e-2))),
        float(np.sqrt(packet)),
        memory_s,
    )


class _Correlation:
    """Sums products of deviations by lag."""

    def __init__(self) -> None:
        self._sums = np.zeros(_LAGS)
        self._counts = np.zeros(_LAGS)

    def add(self, look: Int64, deviation: Float64) -> None:
        # Silence beyond every lag is as good as shorter: a clock that jumps by years
        # costs no memory.
        at = np.cumsum(np.minimum(np.diff(look, prepend=look[:1]), _MOST_GAP))
        span = int(at[-1]) + 1
        line = np.zeros(span)
        heard = np.zeros(span)
        line[at] = deviation
        heard[at] = 1.0
        for lag in range(min(_LAGS, span)):
            self._sums[lag] += line[: span - lag] @ line[lag:]
            self._counts[lag] += heard[: span - lag] @ heard[lag:]

    @property
    def total(self) -> float:
        """Variance."""
        return float(self._sums[0] / max(self._counts[0], 1.0))

    def parted(self) -> tuple[float, float, float]:
        """Return the variances that last and that do not, and the time constant, s."""
        known = self._counts > 0
        at = np.arange(_LAGS)[known]
        covariance = self._sums[known] / self._counts[known]
        # Never 0: what does not vary at all can be parted in any way.
        total = max(float(covariance[0]), _LEAST_VARIANCE)
        if len(at) < 3:  # two unknowns
            return 0.5 * total, 0.5 * total, 4.0 * LOOK_S
        weight = np.sqrt(self._counts[known][1:] / self._counts[known][0])

        def rest(x: Float64) -> Float64:
            expected = np.exp(x[0] - at[1:] / np.exp(x[1]))
            weighted: Float64 = (expected - covariance[1:]) * weight / total
            return weighted

        found = least_squares(rest, [np.log(total / 2), np.log(4.0)])
        slow = float(np.clip(np.exp(found.x[0]), 1e-3, 0.95 * total))
        looks = float(np.clip(np.exp(found.x[1]), 1.0, 40.0))
        return slow, float(total - slow), looks * LOOK_S
