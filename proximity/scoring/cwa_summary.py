"""What the German app shows beside the level: ages, days and encounters."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from proximity.matching.exposure_window import ExposureWindow
from proximity.scoring.cwa import CwaFormula, transmission_risk_level
from proximity.scoring.rule import Level, Rule
from proximity.scoring.window_score import Drop


@dataclass(frozen=True, slots=True)
class LevelSummary:
    """Of one level.

    Attributes
    ----------
    newest_age_days : int or None
        Age of the newest day at this level.
    days : int
        Number of days at this level.
    distinct_encounters : int
        At least so many: windows at this level that differ in day, transmission risk
        level or calibration confidence, on days that have any level.
    """

    newest_age_days: int | None
    days: int
    distinct_encounters: int


@dataclass(frozen=True, slots=True)
class CwaSummary:
    """Of all days within the look-back.

    Attributes
    ----------
    low, high : LevelSummary
    """

    low: LevelSummary
    high: LevelSummary


def summarise_cwa(
    rule: Rule, windows: Sequence[ExposureWindow], as_of_day: int
) -> CwaSummary:
    """Return ages, days and encounters of each level.

    Parameters
    ----------
    rule : Rule
        With the `cwa` formula.
    windows : sequence of ExposureWindow
        Of one person, in any order.
    as_of_day : int
        UTC day number.

    Raises
    ------
    TypeError
        If the rule has another formula.
    """
    formula = rule.formula
    if not isinstance(formula, CwaFormula):
        message = f"no cwa formula: {type(formula).__name__}"
        raise TypeError(message)
    columns = rule.columns([windows], as_of_day)
    scores = formula.score_windows(columns)
    level_of_day = {d.day: d.level for d in rule.daily(windows, as_of_day)}
    risk = transmission_risk_level(columns)
    encounters: dict[Level, set[tuple[int, int, int]]] = {lv: set() for lv in Level}
    for w in np.flatnonzero(scores.drop == Drop.COUNTED):
        day = int(columns.day[w])
        if level_of_day[day] is not Level.NONE:
            encounter = (day, int(risk[w]), int(columns.confidence[w]))
            encounters[formula.window_levels.of(scores.value[w])].add(encounter)

    def of(level: Level) -> LevelSummary:
        ages = [as_of_day - day for day, lv in level_of_day.items() if lv is level]
        return LevelSummary(min(ages, default=None), len(ages), len(encounters[level]))

    return CwaSummary(low=of(Level.LOW), high=of(Level.HIGH))
