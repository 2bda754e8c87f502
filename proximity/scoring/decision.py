"""What the client makes of the days, and when a person hears of a change."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

from proximity.scoring.config import Configuration
from proximity.scoring.rule import DayScore, Level


@dataclass(frozen=True, slots=True)
class Decision:
    """What a rule decides on a day, and by which numbers.

    Attributes
    ----------
    level : Level
        The highest of any day.
    days : tuple of DayScore
        Oldest first; all within the look-back.
    newest_day : int or None
        The newest UTC day at `level`; None at level none.
    minutes : float
        Time near a case on that day, minutes; 0 without a day.
    rule : str
        Name of the configuration.
    version : int
    digest : str
        Of the configuration; equal digests decide alike.
    as_of_day, look_back_days : int
        The days that were looked at.
    revision : int
        How many changes worth telling there were before and with this one.
    """

    level: Level
    days: tuple[DayScore, ...]
    newest_day: int | None
    minutes: float
    rule: str
    version: int
    digest: str
    as_of_day: int
    look_back_days: int
    revision: int

    @property
    def is_alert(self) -> bool:
        """Whether a person is to be told."""
        return self.level is Level.HIGH


class ChangeKind(Enum):
    """How a decision differs from the one before, for the person it is about."""

    NONE = "none"
    RAISED = "raised"
    LOWERED = "lowered"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Change:
    """A change of decision; exactly one notification each, except of kind none.

    Attributes
    ----------
    kind : ChangeKind
        `RAISED`: a day has an alert that had none. `WITHDRAWN`: a day within the
        look-back has its alert no longer, because keys were revoked or the rule
        changed. `LOWERED`: the last alert has become too old.
    day : int or None
        The newest UTC day that it is about.
    """

    kind: ChangeKind
    day: int | None


def decide(
    day_scores: Sequence[DayScore],
    configuration: Configuration,
    as_of_day: int,
    *,
    previous: Decision | None = None,
) -> Decision:
    """Decide from the days that a rule scored.

    Parameters
    ----------
    day_scores : sequence of DayScore
        From `configuration.rule.daily`; days outside the look-back are left out.
    configuration : Configuration
    as_of_day : int
        UTC day number.
    previous : Decision, optional
        The decision in force; its revision is continued.
    """
    look_back = configuration.rule.look_back_days
    days = tuple(
        sorted(
            (d for d in day_scores if 0 <= as_of_day - d.day <= look_back),
            key=lambda d: d.day,
        )
    )
    level = max((d.level for d in days), default=Level.NONE)
    newest = None if level is Level.NONE else [d for d in days if d.level is level][-1]
    fresh = Decision(
        level=level,
        days=days,
        newest_day=newest.day if newest else None,
        minutes=newest.minutes if newest else 0.0,
        rule=configuration.name,
        version=configuration.version,
        digest=configuration.digest,
        as_of_day=as_of_day,
        look_back_days=look_back,
        revision=previous.revision if previous else 0,
    )
    if change(previous, fresh).kind is ChangeKind.NONE:
        return fresh
    return replace(fresh, revision=fresh.revision + 1)


def change(previous: Decision | None, current: Decision) -> Change:
    """Compare two decisions by what matters to a person: the days with an alert.

    Numbers that move without a day gaining or losing its alert are no change.
    """
    was = _alert_days(previous) if previous else set()
    now = _alert_days(current)
    if fresh := now - was:
        return Change(ChangeKind.RAISED, max(fresh))
    oldest = current.as_of_day - current.look_back_days
    if taken_back := {day for day in was - now if day >= oldest}:
        return Change(ChangeKind.WITHDRAWN, max(taken_back))
    if was and not now:
        return Change(ChangeKind.LOWERED, max(was))
    return Change(ChangeKind.NONE, None)


def _alert_days(decision: Decision) -> set[int]:
    return {day.day for day in decision.days if day.level is Level.HIGH}
