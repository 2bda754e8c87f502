"""The reference form of the sums over nodes: one node after the other, in numpy."""

import numpy as np

from proximity.ranging.looks import Float64
from proximity.ranging.normal import normal_cdf
from proximity.ranging.posterior import Cases, DosePart, NearPart, NearSums


def add_near(part: NearPart, nodes: Float64, sums: NearSums) -> None:
    """Add, for each node, the time of each sample that is near, and its variance.

    Parameters
    ----------
    part : NearPart
    nodes : float64[NODES]
    sums : NearSums
        Is added to, in the order of the samples.
    """
    squared = part.minutes * part.minutes
    for i, node in enumerate(nodes.tolist()):
        near = normal_cdf(part.centre - part.reach * node)
        np.add.at(sums.near[:, i], part.question, part.minutes * near)
        np.add.at(sums.alone[:, i], part.question, squared * (near * (1.0 - near)))


def add_dose(part: DosePart, of_node: Float64, dose: Float64) -> None:
    """Add, for each node, what the time of each sample weighs.

    Parameters
    ----------
    part : DosePart
    of_node : float64[n, NODES]
        Factor of each encounter in each node.
    dose : float64[q, NODES]
        Is added to, in the order of the samples.
    """
    for i in range(dose.shape[1]):
        at_node = part.near * of_node[part.encounter, i]
        weight = np.zeros(len(part.near))
        for point in part.of_point.T:
            weight += np.minimum(at_node * point, 1.0)
        np.add.at(dose[:, i], part.question, part.minutes * weight)


def chance_above(cases: Cases, minutes: Float64) -> Float64:
    """Return the chance of more than so many minutes: float64[q]."""
    total = np.zeros(len(minutes))
    for i in range(cases.nodes.shape[1]):
        total += normal_cdf((cases.nodes[:, i] - minutes) * cases.per_deviation[:, i])
    chance: Float64 = total / cases.nodes.shape[1]
    return chance


def quantile(cases: Cases, covered: Float64, below: float, bisections: int) -> Float64:
    """Return the minutes up to which the chance is `below`: float64[q]."""
    low, high = np.zeros(len(covered)), np.maximum(covered, 0.0)
    for _ in range(bisections):
        middle = (low + high) * 0.5
        reached = 1.0 - chance_above(cases, middle) >= below
        high = np.where(reached, middle, high)
        low = np.where(reached, low, middle)
    return high
