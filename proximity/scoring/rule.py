"""What every rule gives: a value and a level for each day with exposure."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple, Protocol

from proximity.matching.exposure_window import ExposureWindow
from proximity.protocol.diagnosis_key import ReportType
from proximity.scoring.daily import fold_days
from proximity.scoring.fields import Fields
from proximity.scoring.window_score import WindowColumns, WindowScores, columns_of


class Level(IntEnum):
    """What a day's value amounts to; `HIGH` is what a person is told of."""

    NONE = 0
    LOW = 1
    HIGH = 2


@dataclass(frozen=True, slots=True)
class Levels:
    """From which value on a level holds.

    Attributes
    ----------
    low_from : float or None
        None: the rule knows no low level.
    high_from : float
    """

    low_from: float | None
    high_from: float

    def of(self, value: float) -> Level:
        """Return the level of a value."""
        if value >= self.high_from:
            return Level.HIGH
        if self.low_from is not None and value >= self.low_from:
            return Level.LOW
        return Level.NONE


@dataclass(frozen=True, slots=True)
class DayScore:
    """One day under one rule.

    Attributes
    ----------
    day : int
        UTC day number since the epoch.
    value : float
        The rule's own number, in `unit`; >= 0.
    unit : str
        "min" (weighted minutes), "score", "risk" or "percent" (a probability).
    level : Level
    minutes : float
        Unweighted time near a case, minutes, however many cases were near at
        once; for people, never for the decision.
    """

    day: int
    value: float
    unit: str
    level: Level
    minutes: float = 0.0


class Bucket(NamedTuple):
    """A range of attenuation, and what a second in it weighs (or scores)."""

    label: str
    weight: float


class Formula(Protocol):
    """A published formula with its numbers; one file each."""

    @property
    def unit(self) -> str:
        """Unit of a day's value."""

    @property
    def levels(self) -> Levels:
        """Levels of a day's value."""

    @property
    def buckets(self) -> tuple[Bucket, ...]:
        """Attenuation buckets, nearest first; none where the formula has none."""

    def score_windows(self, columns: WindowColumns) -> WindowScores:
        """Score every window, each by itself or with those of its key and day."""

    def day_value(self, values: Sequence[float]) -> float:
        """Fold the values of one day's counted windows, in any order."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A formula with its look-back.

    Attributes
    ----------
    formula : Formula
    look_back_days : int
        A window counts while its age, the as-of day minus its day, is at most this.
    missing_report_type : ReportType
        Stands in for `UNKNOWN`.
    """

    formula: Formula
    look_back_days: int
    missing_report_type: ReportType

    def daily(
        self, windows: Sequence[ExposureWindow], as_of_day: int
    ) -> list[DayScore]:
        """Return the days that have windows within the look-back, oldest first.

        Parameters
        ----------
        windows : sequence of ExposureWindow
            Of one person, in any order; the result does not depend on it.
        as_of_day : int
            UTC day number; windows after it, or older than the look-back, are
            ignored.

        Raises
        ------
        FormatError
            If a window covers more time than a window can.
        """
        return self.daily_of_many([windows], as_of_day)[0]

    def daily_of_many(
        self, groups: Sequence[Sequence[ExposureWindow]], as_of_day: int
    ) -> list[list[DayScore]]:
        """Return `daily` of every group, all windows scored at once."""
        columns = self.columns(groups, as_of_day)
        scores = self.formula.score_windows(columns)
        found: list[list[DayScore]] = [[] for _ in groups]
        for fold in fold_days(columns, scores):
            value = self.formula.day_value(fold.values)
            level = self.formula.levels.of(value) if fold.values else Level.NONE
            day = DayScore(fold.day, value, self.formula.unit, level, fold.minutes)
            found[fold.group].append(day)
        return found

    def covers(self, window: ExposureWindow, as_of_day: int) -> bool:
        """Tell whether a window lies within the look-back."""
        return 0 <= as_of_day - window.day <= self.look_back_days

    def columns(
        self, groups: Sequence[Sequence[ExposureWindow]], as_of_day: int
    ) -> WindowColumns:
        """Return the windows that this rule looks at, in columns."""
        kept = [[w for w in group if self.covers(w, as_of_day)] for group in groups]
        return columns_of(kept, as_of_day, self.missing_report_type)


def is_alert(days: Sequence[DayScore]) -> bool:
    """Tell whether any of the days is at the level that a person is told of."""
    return any(day.level is Level.HIGH for day in days)


def read_levels(fields: Fields) -> Levels:
    """Return from which value on a level holds.

    Raises
    ------
    FormatError
        Naming the field.
    """
    low = fields.number("low_from", 0, 1e6) if fields.has("low_from") else None
    levels = Levels(low_from=low, high_from=fields.number("high_from", 0, 1e6))
    fields.finish()
    return levels
