"""How sure a rule is of each day, and what would have to be different."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from proximity.ranging.posterior import Spread
from proximity.scoring.daily import fold_days
from proximity.scoring.person_posterior import TOLD_M
from proximity.scoring.posterior_rule import PosteriorFormula
from proximity.scoring.rule import Level, Rule
from proximity.scoring.window_score import WindowColumns

# So much more or less heard is tried, by steps of 1 dB: more than any body takes.
FARTHEST_DB = 30


class Interval(NamedTuple):
    """Expectation, 5th and 95th percentile."""

    mean: float
    low: float
    high: float


class Certainty(NamedTuple):
    """How sure the engine's own rule is of one day.

    Attributes
    ----------
    chance_percent : float
        The probability that it decides by.
    minutes_within : mapping of float to Interval
        Unweighted minutes within so many metres.
    dose_minutes : Interval
        Minutes at one metre that would weigh as much.
    """

    chance_percent: float
    minutes_within: Mapping[float, Interval]
    dose_minutes: Interval


def certainties(
    formula: PosteriorFormula, columns: WindowColumns
) -> dict[int, Certainty]:
    """Return what the rule knows of each day with a counted window.

    Parameters
    ----------
    formula : PosteriorFormula
    columns : WindowColumns
        Of one person.
    """
    found = formula.posterior(columns)
    if found is None:
        return {}
    percent = formula.percent(found)
    within = [minutes.spread() for minutes in found.within]
    return {
        day: Certainty(
            float(percent[i]),
            {m: _at(spread, i) for m, spread in zip(TOLD_M, within, strict=True)},
            _at(found.dose, i),
        )
        for i, day in enumerate(found.days.tolist())
    }


def changes_db(rule: Rule, columns: WindowColumns) -> dict[int, int]:
    """Return how much weaker or stronger a day must be for another verdict.

    Parameters
    ----------
    rule : Rule
    columns : WindowColumns
        Of one person.

    Returns
    -------
    dict of int to int
        By day, the decibels to add to all attenuations, -30..30: positive where an
        alert would end, negative where one would begin. A day that nothing within this
        changes is missing.
    """
    is_alert = _alerts(rule, columns, 0)
    found: dict[int, int] = {}
    for sign in (1, -1):
        left = {day for day, alert in is_alert.items() if alert is (sign > 0)}
        for step in range(1, FARTHEST_DB + 1):
            if not left:
                break
            shifted = _alerts(rule, columns, sign * step)
            changed = {day for day in left if shifted[day] is not is_alert[day]}
            found |= dict.fromkeys(changed, sign * step)
            left -= changed
    return found


def _alerts(rule: Rule, columns: WindowColumns, shift_db: int) -> dict[int, bool]:
    shifted = columns._replace(
        min_db=np.maximum(columns.min_db + shift_db, 0.0),
        typical_db=np.maximum(columns.typical_db + shift_db, 0.0),
    )
    formula = rule.formula
    scores = formula.score_windows(shifted)
    return {
        fold.day: bool(fold.values)
        and formula.levels.of(formula.day_value(fold.values)) is Level.HIGH
        for fold in fold_days(shifted, scores)
    }


def _at(spread: Spread, i: int) -> Interval:
    return Interval(*(float(column[i]) for column in spread))
