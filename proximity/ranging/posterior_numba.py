"""The sums over nodes compiled: all nodes of a sample side by side."""

import numpy as np
from numba import carray

from proximity.kernels.compiled import compiled, stack_float64
from proximity.ranging.looks import Float64
from proximity.ranging.normal import FAR, STEPS, STEPS_PER_UNIT, cdf_table
from proximity.ranging.posterior import NODES, Cases, DosePart, NearPart, NearSums


def add_near(part: NearPart, nodes: Float64, sums: NearSums) -> None:
    """Add as `posterior_plain.add_near` does, to the same bits."""
    _add_near(part, nodes, cdf_table(), sums)


def add_dose(part: DosePart, of_node: Float64, dose: Float64) -> None:
    """Add as `posterior_plain.add_dose` does, to the same bits."""
    _add_dose(part, of_node, dose)


def chance_above(cases: Cases, minutes: Float64) -> Float64:
    """Return what `posterior_plain.chance_above` does, the same bits."""
    chance = np.empty(len(minutes))
    _chance_above(cases, minutes, cdf_table(), chance)
    return chance


def quantile(cases: Cases, covered: Float64, below: float, bisections: int) -> Float64:
    """Return what `posterior_plain.quantile` does, the same bits."""
    high = np.maximum(covered, 0.0)
    _quantile(cases, (below, bisections), cdf_table(), high)
    return high


@compiled
def _cdf(z: float, table: Float64) -> float:
    """As `normal.normal_cdf`."""
    at = (z + FAR) * STEPS_PER_UNIT
    at = at if at > 0.0 else 0.0
    at = at if at < STEPS else float(STEPS)
    step = np.int64(at)
    low = table[step]
    below: float = low + (at - step) * (table[step + 1] - low)
    return below


@compiled
def _add_near(part: NearPart, nodes: Float64, table: Float64, sums: NearSums) -> None:
    # What is on the stack overlaps nothing.
    node = carray(stack_float64(NODES), (NODES,))
    near_sum = carray(stack_float64(NODES), (NODES,))
    alone_sum = carray(stack_float64(NODES), (NODES,))
    for i in range(NODES):
        node[i] = nodes[i]
    begin, m = 0, len(part.question)
    while begin < m:
        question, end = part.question[begin], begin + 1
        while end < m and part.question[end] == question:
            end += 1
        for i in range(NODES):
            near_sum[i] = sums.near[question, i]
            alone_sum[i] = sums.alone[question, i]
        for sample in range(begin, end):
            minutes, centre = part.minutes[sample], part.centre[sample]
            reach, squared = part.reach[sample], minutes * minutes
            for i in range(NODES):
                near = _cdf(centre - reach * node[i], table)
                near_sum[i] += minutes * near
                alone_sum[i] += squared * (near * (1.0 - near))
        for i in range(NODES):
            sums.near[question, i] = near_sum[i]
            sums.alone[question, i] = alone_sum[i]
        begin = end


@compiled
def _add_dose(part: DosePart, of_node: Float64, dose: Float64) -> None:
    at_node = carray(stack_float64(NODES), (NODES,))
    weight = carray(stack_float64(NODES), (NODES,))
    for sample in range(len(part.question)):
        question, encounter = part.question[sample], part.encounter[sample]
        near, minutes = part.near[sample], part.minutes[sample]
        for i in range(NODES):
            at_node[i] = near * of_node[encounter, i]
            weight[i] = 0.0
        for k in range(part.of_point.shape[1]):
            point = part.of_point[sample, k]
            for i in range(NODES):
                own = at_node[i] * point
                weight[i] += own if own < 1.0 else 1.0
        for i in range(NODES):
            dose[question, i] += minutes * weight[i]


@compiled
def _above(cases: Cases, q: int, minutes: float, table: Float64) -> float:
    chance = carray(stack_float64(NODES), (NODES,))
    for i in range(NODES):
        z = (cases.nodes[q, i] - minutes) * cases.per_deviation[q, i]
        chance[i] = _cdf(z, table)
    total = 0.0
    for i in range(NODES):
        total += chance[i]
    return total / NODES


@compiled
def _chance_above(
    cases: Cases, minutes: Float64, table: Float64, chance: Float64
) -> None:
    for q in range(len(minutes)):
        chance[q] = _above(cases, q, minutes[q], table)


@compiled
def _quantile(
    cases: Cases, wanted: tuple[float, int], table: Float64, found: Float64
) -> None:
    """Bring each of what is found down from the most that it may be."""
    below, bisections = wanted
    for q in range(len(found)):
        low, high = 0.0, found[q]
        for _ in range(bisections):
            middle = (low + high) * 0.5
            if 1.0 - _above(cases, q, middle, table) >= below:
                high = middle
            else:
                low = middle
        found[q] = high
