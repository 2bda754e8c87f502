"""Distances and motion in, what a person and a rule ask for out, with intervals.

The answer to each question is a distribution: over what the mean distance may have
been (nodes of equal probability, alike for all encounters of a question, since what is
not known of one's own phone is the same in all of them), and within each of those over
how the distance moved.
"""

import math
from collections.abc import Iterator
from types import ModuleType
from typing import NamedTuple

import numpy as np

from proximity.kernels.dispatch import load_operation
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
# Samples are taken so many at a time: what is made of each is held for no more.
_AT_ONCE = 1 << 15
_PER_DECADE = 2.0 * math.log(10.0)
# Of the logarithm of each of three factors: their product stays finite.
_MOST_EXPONENT = 230.0
_OPERATION = "proximity.ranging.posterior"


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


class NearPart(NamedTuple):
    """Some samples: near in a node with the chance that z < centre - reach * node.

    Attributes
    ----------
    question : int64[m]
    minutes, centre, reach : float64[m]
    """

    question: Int64
    minutes: Float64
    centre: Float64
    reach: Float64


class NearSums(NamedTuple):
    """Minutes that are near, and their variance if samples are independent.

    Attributes
    ----------
    near, alone : float64[q, NODES]
    """

    near: Float64
    alone: Float64


class DosePart(NamedTuple):
    """Some samples: what a minute of each weighs is a product, 1 at most.

    Attributes
    ----------
    question, encounter : int64[m]
    minutes : float64[m]
        By the number of points.
    near : float64[m]
        At the mean distance.
    of_point : float64[m, k]
        Factors of the points of its motion.
    """

    question: Int64
    encounter: Int64
    minutes: Float64
    near: Float64
    of_point: Float64


class Cases(NamedTuple):
    """Equally probable cases of some minutes.

    Attributes
    ----------
    nodes, per_deviation : float64[q, NODES]
        Mean, and 1 over the standard deviation.
    """

    nodes: Float64
    per_deviation: Float64


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
        asked = np.array(np.broadcast_to(minutes, self.covered.shape), np.float64)
        above = self._kernel().chance_above(self._cases(), asked)
        chance = np.where(self.covered + 1e-9 >= asked, above, 0.0)
        return np.where(asked <= 0, 1.0, chance)

    def spread(self) -> Spread:
        """Return mean and interval: float64[q] each."""
        kernel, cases, covered = self._kernel(), self._cases(), self.covered
        low, high = (
            kernel.quantile(cases, covered, below, _BISECTIONS)
            for below in (TAIL, 1 - TAIL)
        )
        return Spread(self.nodes.mean(axis=1), low, high)

    def _cases(self) -> Cases:
        return Cases(self.nodes, 1.0 / np.sqrt(self.variance + 1e-9))

    def _kernel(self) -> ModuleType:
        return load_operation(_OPERATION, size=len(self.covered))


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
    count, distances = _count(question), found.distances
    kernel = load_operation(_OPERATION, size=len(question))
    sums = NearSums(np.zeros((count, NODES)), np.zeros((count, NODES)))
    covered, squares = np.zeros(count), np.zeros(count)
    nodes, log10_m = equal_nodes(NODES), float(np.log10(metres))
    reach = np.sqrt(distances.variance)
    for asked, part in _parts(found, question):
        minutes = part.seconds / SECONDS_PER_MINUTE
        centre = log10_m - distances.log10_m[part.encounter] - part.log10_m
        narrow = 1.0 / np.sqrt(np.maximum(part.variance, 1e-9))
        near = NearPart(asked, minutes, centre * narrow, reach[part.encounter] * narrow)
        kernel.add_near(near, nodes, sums)
        np.add.at(covered, asked, minutes)
        np.add.at(squares, asked, minutes * minutes)
    # Looks within the memory of motion are near or far together; there are no more
    # than samples of equal length would be.
    together = 2.0 * memory_s / LOOK_S
    effective = np.minimum(together, covered**2 / np.maximum(squares, 1e-12))
    return Minutes(sums.near, sums.alone * effective[:, None], covered)


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
    distances = found.distances
    kernel = load_operation(_OPERATION, size=len(question))
    dose = np.zeros((_count(question), NODES))
    points, nodes = equal_nodes(_DOSE_POINTS), equal_nodes(NODES)
    # The dose at a distance is a power: that of a sum is a product, and few powers do.
    of_node = _power(np.sqrt(distances.variance)[:, None] * nodes)
    for asked, part in _parts(found, question):
        log10_m = distances.log10_m[part.encounter] + part.log10_m
        width = np.sqrt(np.maximum(part.variance, 0.0))
        samples = DosePart(
            asked,
            part.encounter,
            part.seconds / (SECONDS_PER_MINUTE * _DOSE_POINTS),
            _power(log10_m - np.log10(REFERENCE_M)),
            _power(width[:, None] * points),
        )
        kernel.add_dose(samples, of_node, dose)
    ordered = np.sort(dose, axis=1)
    low, high = round(TAIL * NODES), NODES - 1 - round(TAIL * NODES)
    return Spread(dose.mean(axis=1), ordered[:, low], ordered[:, high])


def _count(question: Int64) -> int:
    return int(question.max()) + 1 if len(question) else 0


def _parts(found: Estimate, question: Int64) -> Iterator[tuple[Int64, Samples]]:
    """Yield the samples that belong to a question, some at a time."""
    for begin in range(0, len(question), _AT_ONCE):
        part = slice(begin, begin + _AT_ONCE)
        kept = question[part] >= 0
        samples = (column[part][kept] for column in found.samples)
        yield question[part][kept].astype(np.int64), Samples._make(samples)


def _power(log10_m: Float64) -> Float64:
    """Return what a minute at a distance weighs, were there no most."""
    exponent = np.clip(-_PER_DECADE * log10_m, -_MOST_EXPONENT, _MOST_EXPONENT)
    return np.exp(exponent)
