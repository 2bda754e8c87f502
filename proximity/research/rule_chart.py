"""Geometry of one rule's charts: every pair on a strip, and the ROC curve."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from proximity.research.axes import Mark
from proximity.research.evaluation import PairVerdict, roc_curve
from proximity.research.report import RuleLegend
from proximity.research.truth import is_contact

WIDTH, HEIGHT = 320.0, 112.0
LEFT, RIGHT = 8.0, 8.0
# Rows of the contacts and of the others.
CONTACTS, OTHERS = (22.0, 44.0), (62.0, 84.0)
ROC_SIDE = 120.0

# Spreads neighbouring dots evenly without chance: multiples of the golden ratio.
GOLDEN = (math.sqrt(5) - 1) / 2


@dataclass(frozen=True, slots=True)
class RuleChart:
    """What to draw for one rule; lengths in the units of the view box.

    Attributes
    ----------
    contacts, others : str
        Paths with a dot for each pair.
    threshold_x : float
    marks : tuple of Mark
        Ticks of the rule's number.
    roc : str
        Path in a square of `ROC_SIDE`; "" if a class is empty.
    working_point : (float, float) | None
        Where the threshold lies on the curve.
    """

    contacts: str
    others: str
    threshold_x: float
    marks: tuple[Mark, ...]
    roc: str
    working_point: tuple[float, float] | None


def rule_chart(pairs: Sequence[PairVerdict], legend: RuleLegend) -> RuleChart:
    """Lay out one rule's charts.

    Parameters
    ----------
    pairs : sequence of PairVerdict
    legend : RuleLegend

    Returns
    -------
    RuleChart
    """
    name = legend.name
    highest = max([pair.value[name] for pair in pairs], default=0.0)
    highest = max(highest, 2 * legend.threshold)
    contacts = [pair for pair in pairs if is_contact(pair.truth_min)]
    others = [pair for pair in pairs if not is_contact(pair.truth_min)]

    def across(value: float) -> float:
        # Even steps are doublings, so that few large values leave room for the
        # many small ones, and every rule's threshold has its place.
        share = math.log2(1 + value / legend.threshold)
        full = math.log2(1 + highest / legend.threshold)
        return round(LEFT + share / full * (WIDTH - LEFT - RIGHT), 1)

    def dots(row: tuple[float, float], members: Sequence[PairVerdict]) -> str:
        ordered = sorted(members, key=lambda pair: pair.value[name])
        return "".join(
            f"M{across(pair.value[name])} {_spread(i, row)}h0"
            for i, pair in enumerate(ordered)
        )

    return RuleChart(
        contacts=dots(CONTACTS, contacts),
        others=dots(OTHERS, others),
        threshold_x=across(legend.threshold),
        marks=tuple(
            Mark(across(value), f"{value:g}")
            for value in _ticks(legend.threshold, highest)
        ),
        roc=_roc_path(pairs, name) if contacts and others else "",
        working_point=_working_point(contacts, others, name),
    )


def _spread(i: int, row: tuple[float, float]) -> float:
    return round(row[0] + (i * GOLDEN % 1) * (row[1] - row[0]), 1)


def _ticks(threshold: float, highest: float) -> list[float]:
    doublings = int(math.log2(highest / threshold)) if threshold > 0 else 0
    step = 1 + doublings // 5
    return [0.0, *(threshold * 2**k for k in range(0, doublings + 1, step))]


def _roc_path(pairs: Sequence[PairVerdict], name: str) -> str:
    value = np.array([pair.value[name] for pair in pairs], np.float64)
    contact = np.array([is_contact(pair.truth_min) for pair in pairs], np.bool_)
    points = [_on_roc(x, y) for x, y in roc_curve(value, contact)]
    return "M" + "L".join(f"{x} {y}" for x, y in points)


def _working_point(
    contacts: Sequence[PairVerdict], others: Sequence[PairVerdict], name: str
) -> tuple[float, float] | None:
    if not contacts or not others:
        return None
    hits = sum(pair.alert[name] for pair in contacts) / len(contacts)
    alarms = sum(pair.alert[name] for pair in others) / len(others)
    return _on_roc(alarms, hits)


def _on_roc(false_rate: float, true_rate: float) -> tuple[float, float]:
    return round(false_rate * ROC_SIDE, 1), round((1 - true_rate) * ROC_SIDE, 1)
