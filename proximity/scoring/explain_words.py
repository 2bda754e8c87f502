"""A verdict in plain words: what was measured, for how long, how sure, what if not."""

import json
from collections.abc import Sequence
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np

from proximity.matching.exposure_window import ExposureWindow
from proximity.scoring.certainty import (
    FARTHEST_DB,
    Certainty,
    Interval,
    certainties,
    changes_db,
)
from proximity.scoring.config import Configuration
from proximity.scoring.posterior_rule import PosteriorFormula
from proximity.scoring.rule import DayScore, Level
from proximity.scoring.window_score import Drop, Int64, WindowColumns

LANGUAGES = ("vi", "en")
_SECONDS_PER_MINUTE = 60.0
_SMALL = 10.0


class DayInWords(NamedTuple):
    """One day explained.

    Attributes
    ----------
    day : int
        UTC day number.
    sentences : tuple of str
    certainty : Certainty | None
        Of the engine's own rule; the others state none.
    change_db : int | None
        As of `changes_db`.
    """

    day: int
    sentences: tuple[str, ...]
    certainty: Certainty | None
    change_db: int | None


def explain_in_words(
    configuration: Configuration,
    windows: Sequence[ExposureWindow],
    as_of_day: int,
    language: str,
) -> list[DayInWords]:
    """Explain every day that a rule looked at, oldest first.

    Parameters
    ----------
    configuration : Configuration
    windows : sequence of ExposureWindow
        Of one person, in any order.
    as_of_day : int
        UTC day number.
    language : str
        One of `LANGUAGES`.

    Raises
    ------
    FormatError
        If a window covers more time than a window can.
    """
    rule = configuration.rule
    columns = rule.columns([windows], as_of_day)
    drop = rule.formula.score_windows(columns).drop
    formula = rule.formula
    sure = (
        certainties(formula, columns) if isinstance(formula, PosteriorFormula) else {}
    )
    changes = changes_db(rule, columns)
    text = _Texts(language)
    found = []
    for score in rule.daily(windows, as_of_day):
        certainty, change = sure.get(score.day), changes.get(score.day)
        sentences = [
            *text.heard(columns, drop, score.day),
            *text.verdict(configuration, score, certainty),
            text.change(change),
        ]
        found.append(DayInWords(score.day, tuple(sentences), certainty, change))
    return found


class _Texts:
    """The sentences of one language."""

    def __init__(self, language: str) -> None:
        source = files(__package__).joinpath("texts", f"{language}.json")
        self._texts: dict[str, Any] = json.loads(source.read_text("utf-8"))
        self._comma = language == "vi"

    def heard(self, columns: WindowColumns, drop: Int64, day: int) -> list[str]:
        """Tell what was measured on a day, and what of it does not count."""
        counted = (columns.day == day) & (drop == Drop.COUNTED)
        scans = counted[columns.window]
        left_out = (columns.day == day) & (drop != Drop.COUNTED)
        found = []
        if scans.any():
            found.append(
                self._say(
                    "heard",
                    phones=len(np.unique(columns.key_index[columns.window[scans]])),
                    scans=int(scans.sum()),
                    minutes=columns.seconds[scans].sum() / _SECONDS_PER_MINUTE,
                    typical=columns.typical_db[scans].mean(),
                    least=columns.min_db[scans].min(),
                )
            )
        else:
            found.append(self._texts["nothing"])
        if left_out.any():
            names = [Drop(number).name.lower() for number in np.unique(drop[left_out])]
            reasons = ", ".join(self._texts["reasons"][name] for name in names)
            windows = int(left_out.sum())
            found.append(self._say("left_out", windows=windows, reasons=reasons))
        return found

    def verdict(
        self, configuration: Configuration, score: DayScore, certainty: Certainty | None
    ) -> list[str]:
        """Tell what a rule makes of a day, how sure it is, and what it decides."""
        formula = configuration.rule.formula
        found = []
        if certainty is not None and isinstance(formula, PosteriorFormula):
            one, two, three = certainty.minutes_within.values()
            spread = _named(two, "") | _named(one, "1") | _named(three, "3")
            found.append(self._say("within", **spread))
            found.append(
                self._say(
                    "chance",
                    minutes=formula.minutes,
                    metres=formula.metres,
                    value=score.value,
                    high=formula.levels.high_from,
                )
            )
        else:
            found.append(
                self._say(
                    "value",
                    rule=configuration.name,
                    value=score.value,
                    unit=self._texts["units"][score.unit],
                    high=formula.levels.high_from,
                )
            )
        verdict = "alert" if score.level is Level.HIGH else "no_alert"
        return [*found, self._texts[verdict]]

    def change(self, change_db: int | None) -> str:
        """Tell what would change the verdict."""
        if change_db is None:
            return self._say("firm", db=FARTHEST_DB)
        return self._say("weaker" if change_db > 0 else "stronger", db=abs(change_db))

    def _say(self, name: str, **values: object) -> str:
        shown = {key: self._shown(value) for key, value in values.items()}
        text: str = self._texts[name].format(**shown)
        return text

    def _shown(self, value: object) -> str:
        """Return a number as it is read: one decimal if it is small and not whole."""
        if not isinstance(value, float):
            return str(value)
        rounded = f"{value:.1f}" if value < _SMALL else f"{value:.0f}"
        rounded = rounded.removesuffix(".0")
        return rounded.replace(".", ",") if self._comma else rounded


def _named(interval: Interval, suffix: str) -> dict[str, float]:
    return {f"{name}{suffix}": value for name, value in interval._asdict().items()}
