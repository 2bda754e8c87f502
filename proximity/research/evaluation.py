"""How well a rule tells contacts from others: AUC, rates and their intervals."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from proximity.research.truth import is_contact

REPLICATES = 1_000
COVERAGE_PERCENT = (2.5, 97.5)


@dataclass(frozen=True, slots=True)
class PairVerdict:
    """What the rules made of one pair, beside what was true.

    Attributes
    ----------
    scenario, a, b : str
        Names of the world and of its two people.
    truth_min : float
        Minutes within 2 m.
    value : dict of str to float
        Each rule's own number, the larger of both directions.
    alert : dict of str to bool
        Whether the rule warned at least one of the two of the other.
    """

    scenario: str
    a: str
    b: str
    truth_min: float
    value: dict[str, float]
    alert: dict[str, bool]


class Outcome(StrEnum):
    """What a verdict was worth."""

    FOUND = "found"
    MISSED = "missed"
    FALSE_ALARM = "false-alarm"
    QUIET = "quiet"


@dataclass(frozen=True, slots=True)
class RuleFigures:
    """How well one rule did on a set of pairs; None where it cannot be said.

    Attributes
    ----------
    rule : str
    pairs, contacts : int
        All pairs, and those with at least 15 minutes within 2 m.
    auc : float | None
        Chance that a contact's value exceeds another pair's, 0..1.
    interval : (float, float) | None
        95 % interval of the AUC, by resampling people.
    true_positive_rate, false_positive_rate : float | None
        Share of the contacts, and of the others, that were alerted.
    """

    rule: str
    pairs: int
    contacts: int
    auc: float | None
    interval: tuple[float, float] | None
    true_positive_rate: float | None
    false_positive_rate: float | None


def outcome(pair: PairVerdict, rule: str) -> Outcome:
    """Compare one rule's alert with the truth."""
    return judge(pair.truth_min, alert=pair.alert[rule])


def judge(truth_min: float, *, alert: bool) -> Outcome:
    """Compare an alert with the truth."""
    if is_contact(truth_min):
        return Outcome.FOUND if alert else Outcome.MISSED
    return Outcome.FALSE_ALARM if alert else Outcome.QUIET


def instructive_pairs(pairs: Sequence[PairVerdict], rule: str) -> list[PairVerdict]:
    """Pick one pair of each scenario and outcome: the hardest to get right.

    Parameters
    ----------
    pairs : sequence of PairVerdict
    rule : str

    Returns
    -------
    list of PairVerdict
        At most four of each scenario, in the order of `pairs`: the contact found
        with the least truth, the one missed and the pair left alone with the most,
        the false alarm with the least.
    """
    hardest: dict[tuple[str, Outcome], PairVerdict] = {}
    for pair in pairs:
        kind = outcome(pair, rule)
        sign = 1 if kind in (Outcome.FOUND, Outcome.FALSE_ALARM) else -1
        known = hardest.setdefault((pair.scenario, kind), pair)
        if sign * pair.truth_min < sign * known.truth_min:
            hardest[pair.scenario, kind] = pair
    return [
        pair for pair in pairs if any(pair is picked for picked in hardest.values())
    ]


def rule_figures(
    pairs: Sequence[PairVerdict], rule: str, generator: np.random.Generator
) -> RuleFigures:
    """Summarise one rule over pairs of one or several scenarios.

    Parameters
    ----------
    pairs : sequence of PairVerdict
        Each has a value and an alert for `rule`.
    rule : str
    generator : np.random.Generator
        Draws the bootstrap; the same state gives the same interval.

    Returns
    -------
    RuleFigures
        Source: docs/explanation/measured-data.md.
    """
    contact = np.array([is_contact(pair.truth_min) for pair in pairs], np.bool_)
    value = np.array([pair.value[rule] for pair in pairs], np.float64)
    alert = np.array([pair.alert[rule] for pair in pairs], np.bool_)
    people = [(pair.a, pair.b) for pair in pairs]
    return RuleFigures(
        rule=rule,
        pairs=len(pairs),
        contacts=int(np.count_nonzero(contact)),
        auc=area_under_curve(value, contact),
        interval=bootstrap_interval(value, contact, people, generator),
        true_positive_rate=_share(alert[contact]),
        false_positive_rate=_share(alert[~contact]),
    )


def area_under_curve(
    value: NDArray[np.float64], positive: NDArray[np.bool_]
) -> float | None:
    """Return the area under the ROC curve, by ranks; ties count one half.

    Parameters
    ----------
    value : float64[n]
        Larger means more likely positive.
    positive : bool[n]

    Returns
    -------
    float or None
        0..1; None if one of the classes is empty. Source: Mann and Whitney 1947.
    """
    weighted = _weighted_auc(value, positive, np.ones((1, len(value))))
    return None if np.isnan(weighted[0]) else float(weighted[0])


def bootstrap_interval(
    value: NDArray[np.float64],
    positive: NDArray[np.bool_],
    people: Sequence[tuple[str, str]],
    generator: np.random.Generator,
) -> tuple[float, float] | None:
    """Return the 95 % interval of the AUC when people are drawn anew.

    Pairs that share a person are not independent. So each replicate draws people
    with replacement, and a pair weighs the product of how often its two were drawn.

    Parameters
    ----------
    value : float64[n]
    positive : bool[n]
    people : sequence of (str, str) of length n
        The two of each pair; one name is one person in every scenario.
    generator : np.random.Generator

    Returns
    -------
    (float, float) or None
        None if no replicate holds both classes.
    """
    names, index = np.unique(np.array(people).reshape(-1), return_inverse=True)
    if len(names) == 0:
        return None
    chance = np.full(len(names), 1 / len(names))
    drawn = generator.multinomial(len(names), chance, REPLICATES).astype(np.float64)
    first, second = index.reshape(-1, 2).T
    aucs = _weighted_auc(value, positive, drawn[:, first] * drawn[:, second])
    aucs = aucs[np.isfinite(aucs)]
    if len(aucs) == 0:
        return None
    low, high = np.percentile(aucs, COVERAGE_PERCENT)
    return float(low), float(high)


def roc_curve(
    value: NDArray[np.float64], positive: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return the points of the ROC curve, from (0, 0) to (1, 1).

    Parameters
    ----------
    value : float64[n]
    positive : bool[n]
        Both classes are there.

    Returns
    -------
    float64[m, 2]
        False and true positive rate at each distinct value, falling.
    """
    _, tie = np.unique(-value, return_inverse=True)
    hits = np.bincount(tie, positive)
    misses = np.bincount(tie, ~positive)
    curve = np.stack((np.cumsum(misses), np.cumsum(hits)), axis=1)
    return np.concatenate((np.zeros((1, 2)), curve / curve[-1]))


def _weighted_auc(
    value: NDArray[np.float64],
    positive: NDArray[np.bool_],
    weight: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the AUC under each row of weights; NaN where a class has no weight."""
    if len(value) == 0:
        return np.full(len(weight), np.nan)
    order = np.argsort(value, kind="stable")
    tie_starts = np.flatnonzero(np.diff(value[order], prepend=-np.inf) != 0)
    hits = np.add.reduceat((weight * positive)[:, order], tie_starts, axis=1)
    misses = np.add.reduceat((weight * ~positive)[:, order], tie_starts, axis=1)
    below = np.cumsum(misses, axis=1) - misses
    wins = np.sum(hits * (below + misses / 2), axis=1)
    possible = hits.sum(axis=1) * misses.sum(axis=1)
    auc = np.full(len(weight), np.nan)
    np.divide(wins, possible, out=auc, where=possible > 0)
    return auc


def _share(chosen: NDArray[np.bool_]) -> float | None:
    return float(np.mean(chosen)) if len(chosen) else None
