"""Distances and motion in, what a person and a rule ask for out, with intervals.

The answer to each question is a distribution: over what the mean distance may have
been (nodes of equal probability, alike for all encounters of a question, since what is
not known of one's own phone is the same in all of them), and within each of those over
how the distance moved.
"""

from typing import NamedTuple

import numpy as np

from proximity.ranging.estimator import Estimate
from proximity.ranging.looks import LOOK_S, Float64, Int64
from proximity.ranging.motion import Samples
from proximity.ranging.normal import equal_nodes, normal_cdf

NODES = 24
# Of the intervals: from the 5th to the 95th percentile.
TAIL = 0.05
SECONDS_PER_MINUTE = 60.0
# The dose falls with the square of the distance beyond this.
REFERENCE_M = 1.0
_DOSE_POINTS = 5
_BISECTIONS = 24


class Spread(NamedTuple):
    """A quantity that is not known exactly.

    Attributes
    ----------
    mean, low, high : float64[q] or float64[q, d]
        Expectation, 5th and 95th percentile.
    """

    mean: Float64
    low: Float64
    high: Float64


class Minutes(NamedTuple):
    """The distribution of minutes within a distance, for each question.

    Attributes
    ----------
    nodes : float64[q, NODES]
        Expected minutes in each of equally probable cases.
    variance : float64[q, NODES]
        About them.
    covered : float64[q]
        Minutes for which the samples stand.
    """

    nodes: Float64
    variance: Float64
    covered: Float64

    def chance_of(self, minutes: Float64) -> Float64:
        """Return the probability of at least so many minutes: float64[q]."""
        # Nobody is near for longer than was heard, and everybody for no time at least.
        chance = np.where(self.covered + 1e-9 >= minutes, self._above(minutes), 0.0)
        return np.where(np.asarray(minutes) <= 0, 1.0, chance)

    def spread(self) -> Spread:
        """Return mean and interval: float64[q] each."""
        return Spread(
            self.nodes.mean(axis=1), self._quantile(TAIL), self._quantile(1 - TAIL)
        )

    def _above(self, minutes: Float64) -> Float64:
        deviation = np.sqrt(self.variance + 1e-9)
        z = (self.nodes - np.asarray(minutes)[..., None]) / deviation
        above: Float64 = normal_cdf(z).mean(axis=1)
        return above

    def _quantile(self, below: float) -> Float64:
        low = np.zeros(len(self.covered))
        high = np.maximum(self.covered, 0.0)
        for _ in range(_BISECTIONS):
            middle = (low + high) / 2
            reached = 1.0 - self._above(middle) >= below
            high = np.where(reached, middle, high)
            low = np.where(reached, low, middle)
        return high


def minutes_within(
    metres: float, found: Estimate, question: Int64, memory_s: float
) -> Minutes:
    """Return how long two people may have been within a distance.

    Parameters
    ----------
    metres : float > 0
    found : Estimate
    question : int64[m]
        To which question each sample belongs, ascending from 0 without gaps within an
        encounter; -1 for none.
    memory_s : float
        For how long motion lasts.

    Returns
    -------
    Minutes
        Of every question up to the largest.
    """
    count = int(question.max()) + 1 if len(question) else 0
    kept = question >= 0
    asked = question[kept]
    part = Samples._make(column[kept] for column in found.samples)
    distances = found.distances
    minutes = part.seconds / SECONDS_PER_MINUTE
    centre = np.log10(metres) - distances.log10_m[part.encounter] - part.log10_m
    reach = np.sqrt(distances.variance[part.encounter])
    width = np.sqrt(np.maximum(part.variance, 1e-9))
    nodes = np.empty((count, NODES))
    variance = np.empty((count, NODES))
    # Looks within the memory of motion are near or far together.
    together = 2.0 * memory_s / LOOK_S
    effective = _ratio(asked, minutes, count)
    for i, node in enumerate(equal_nodes(NODES).tolist()):
        near = normal_cdf((centre - reach * node) / width)
        nodes[:, i] = _sum(asked, minutes * near, count)
        alone = _sum(asked, minutes**2 * near * (1 - near), count)
        variance[:, i] = alone * np.minimum(together, effective)
    return Minutes(nodes, variance, _sum(asked, minutes, count))


def share_within(metres: float, found: Estimate) -> Float64:
    """Return the probability that each sample was within a distance: float64[m]."""
    samples, distances = found.samples, found.distances
    log10_m = distances.log10_m[samples.encounter] + samples.log10_m
    variance = distances.variance[samples.encounter] + samples.variance
    deviation = np.sqrt(np.maximum(variance, 1e-9))
    return normal_cdf((np.log10(metres) - log10_m) / deviation)


def dose_minutes(found: Estimate, question: Int64) -> Spread:
    """Return minutes at `REFERENCE_M` that would weigh as much.

    Parameters
    ----------
    found : Estimate
    question : int64[m]
        As of `minutes_within`.
    """
    count = int(question.max()) + 1 if len(question) else 0
    kept = question >= 0
    asked = question[kept]
    part = Samples._make(column[kept] for column in found.samples)
    distances = found.distances
    minutes = part.seconds / SECONDS_PER_MINUTE
    mean = distances.log10_m[part.encounter] + part.log10_m
    reach = np.sqrt(distances.variance[part.encounter])
    width = np.sqrt(np.maximum(part.variance, 0.0))
    nodes = np.empty((count, NODES))
    for i, node in enumerate(equal_nodes(NODES).tolist()):
        weight = np.zeros(len(minutes))
        for point in equal_nodes(_DOSE_POINTS).tolist():
            log10_m = mean + reach * node + width * point - np.log10(REFERENCE_M)
            weight += 10.0 ** (-2.0 * np.maximum(log10_m, 0.0)) / _DOSE_POINTS
        nodes[:, i] = _sum(asked, minutes * weight, count)
    ordered = np.sort(nodes, axis=1)
    low, high = round(TAIL * NODES), NODES - 1 - round(TAIL * NODES)
    return Spread(nodes.mean(axis=1), ordered[:, low], ordered[:, high])


def _ratio(asked: Int64, minutes: Float64, count: int) -> Float64:
    """Return how many samples of equal length each question would have."""
    squares = np.maximum(_sum(asked, minutes**2, count), 1e-12)
    ratio: Float64 = _sum(asked, minutes, count) ** 2 / squares
    return ratio


def _sum(asked: Int64, values: Float64, count: int) -> Float64:
    return np.bincount(asked, values, count).astype(np.float64)
