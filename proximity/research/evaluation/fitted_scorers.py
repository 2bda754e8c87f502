"""The simplest way to probabilities: a logistic curve on mean attenuation."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from proximity.research.datasets.signals import Bools, Float64
from proximity.research.evaluation.scorer import Answers, Calibrates, Case, Unit
from proximity.research.evaluation.simple_scorers import simple_scorers

STEPS = 50
CLOSE_ENOUGH = 1e-10
KEPT_CASES = 1 << 16
# Keeps the curve finite where attenuation parts the classes perfectly.
RIDGE = 1e-3
DECIDES_AT = 0.5


@dataclass(frozen=True, slots=True)
class LogisticScorer:
    """Probability from the mean attenuation.

    Attributes
    ----------
    name : str
    intercept, slope : float
        Of the logit, per dB from `centre_db`.
    centre_db : float
    calibrates : Calibrates
    """

    name: str
    intercept: float
    slope: float
    centre_db: float
    calibrates: Calibrates = Calibrates.NEVER

    def threshold(self, unit: Unit) -> float | None:
        """One half, of every unit."""
        return DECIDES_AT

    def answer(self, cases: Sequence[Case]) -> Answers:
        """See `Scorer`."""
        logit = self.intercept + self.slope * (_level_db(cases) - self.centre_db)
        probability = 1.0 / (1.0 + np.exp(-np.clip(logit, -50.0, 50.0)))
        return Answers(probability, probability=probability)


@dataclass(frozen=True, slots=True)
class LogisticFit:
    """Fits a `LogisticScorer` by maximum likelihood."""

    name: str = "logistic-attenuation"
    calibrates: Calibrates = Calibrates.NEVER

    def threshold(self, unit: Unit) -> float | None:
        """One half, of every unit."""
        return DECIDES_AT

    def fit(self, cases: Sequence[Case], positive: Bools) -> LogisticScorer:
        """See `FittedScorer`; Newton's method."""
        level = _level_db(cases)
        centre = float(np.mean(level)) if len(level) else 0.0
        design = np.stack((np.ones(len(level)), level - centre), axis=1)
        weights = np.zeros(2)
        for _ in range(STEPS):
            expected = 1.0 / (1.0 + np.exp(-np.clip(design @ weights, -50.0, 50.0)))
            slope = design.T @ (positive - expected) - RIDGE * weights
            spread = expected * (1.0 - expected)
            curvature = (design.T * spread) @ design + RIDGE * np.eye(2)
            step = np.linalg.solve(curvature, slope)
            weights = weights + step
            if np.max(np.abs(step)) < CLOSE_ENOUGH:
                break
        return LogisticScorer(self.name, float(weights[0]), float(weights[1]), centre)


def fitted_scorers() -> tuple[LogisticFit, ...]:
    """Return the methods that are refitted for each fold."""
    return (LogisticFit(),)


def _level_db(cases: Sequence[Case]) -> Float64:
    return np.concatenate([np.zeros(0), *map(_level_of, cases)])


# Each case is fitted to and answered again and again, fold by fold.
@lru_cache(maxsize=KEPT_CASES)
def _level_of(case: Case) -> Float64:
    (mean,) = (s for s in simple_scorers() if s.name == "mean-attenuation")
    return mean.answer((case,)).score
