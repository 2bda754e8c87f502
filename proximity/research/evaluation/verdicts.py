"""How well a rule tells contacts from others: AUC, rates and their intervals."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from proximity.research.evaluation.ranking import area_under_curve, weighted_auc
from proximity.research.evaluation.resampling import draw_clusters, interval_of
from proximity.research.truth import is_contact


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
    _, index = np.unique(np.array(people).reshape(-1), return_inverse=True)
    if len(index) == 0:
        return None
    weight = draw_clusters(index.reshape(-1, 2).astype(np.int64), generator)
    return interval_of(weighted_auc(value, positive, weight))


def _share(chosen: NDArray[np.bool_]) -> float | None:
    return float(np.mean(chosen)) if len(chosen) else None
