"""Alarm on officers who browse: many more persons than they, or others, ever open.

The rule, for each account and UTC day:

    opened = different persons of whom more than the name was read, or refused
    alarm  if opened >= FLOOR
           and opened > FACTOR x median of the account's own days
           and opened > FACTOR x median of all other accounts' days

over the days of the last four weeks on which anything was opened. An account without
days of its own is held against the others alone; without others, against itself.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

from sqlalchemy import Connection, distinct, func, select

from proximity.authority.assembly import Authority
from proximity.authority.audit.model import (
    CITIZEN,
    SERVICE,
    Action,
    Entry,
    Reason,
    audit,
    audit_subjects,
)
from proximity.authority.audit.trail import append_entry
from proximity.authority.database import reading
from proximity.units import DAY_S, day_of

FLOOR = 30
FACTOR = 3
LOOK_BACK_DAYS = 28
_OPENING = (Action.READ, Action.DENIED)


@dataclass(frozen=True, slots=True)
class Alarm:
    """An account that opened unusually many persons in a day.

    Attributes
    ----------
    actor, unit : str
    day : int
        UTC day number.
    opened : int
        Different persons.
    own_median, others_median : float
        What was usual.
    """

    actor: str
    unit: str
    day: int
    opened: int
    own_median: float
    others_median: float


class ToldAlarm(NamedTuple):
    """An alarm that stands in the audit.

    Attributes
    ----------
    at_s : int
        Unix seconds.
    actor, unit : str
    opened : int
        Different persons, when it was raised.
    """

    at_s: int
    actor: str
    unit: str
    opened: int


def told_alarms(
    authority: Authority, units: Collection[str], *, since_s: int
) -> list[ToldAlarm]:
    """Return the alarms about accounts of some units, newest first.

    What a page shows: the worker compares, this only looks up.

    Parameters
    ----------
    authority : Authority
    units : collection of str
    since_s : int
        Unix seconds.

    Raises
    ------
    sqlalchemy.exc.SQLAlchemyError
        If the database cannot be used.
    """
    statement = (
        select(audit.c.at_s, audit.c.fields, audit.c.unit, audit.c.reference)
        .where(
            audit.c.action == Action.ALARM,
            audit.c.at_s >= since_s,
            # Alarms are few; a sum keeps the index of units out of it.
            (audit.c.unit + "").in_(sorted(units)),
        )
        .order_by(audit.c.at_s.desc())
    )
    with reading(authority.engine) as connection:
        rows = connection.execute(statement).all()
    return [ToldAlarm(at_s, actor, unit, int(n)) for at_s, actor, unit, n in rows]


def unusual_readers(authority: Authority) -> list[Alarm]:
    """Return the accounts whose openings of today are unusual.

    Raises
    ------
    sqlalchemy.exc.SQLAlchemyError
        If the database cannot be used.
    """
    with reading(authority.engine) as connection:
        return _unusual(connection, day_of(authority.now_s))


def raise_alarms(authority: Authority) -> int:
    """Write a line in the audit for each account and day that is unusual, once.

    Returns
    -------
    int
        How many are new.
    """
    today = day_of(authority.now_s)
    alarms = unusual_readers(authority)
    if not alarms:
        return 0
    new = 0
    with authority.engine.begin() as connection:
        told = select(audit.c.fields).where(
            audit.c.action == Action.ALARM, audit.c.at_s >= today * DAY_S
        )
        known = set(connection.execute(told).scalars())
        for alarm in alarms:
            if alarm.actor in known:
                continue
            entry = Entry(
                actor=SERVICE,
                unit=alarm.unit,
                action=Action.ALARM,
                reason=Reason.SUPERVISION,
                reference=str(alarm.opened),
                fields=(alarm.actor,),
            )
            append_entry(authority, connection, entry)
            new += 1
    return new


def _unusual(connection: Connection, today: int) -> list[Alarm]:
    counts, units = _opened(connection, today)
    alarms = []
    for actor, days in counts.items():
        opened = days.get(today, 0)
        own = [n for day, n in days.items() if day < today]
        others = [
            n
            for other, theirs in counts.items()
            if other != actor
            for day, n in theirs.items()
            if day < today
        ]
        usual = median(own) if own else 0.0, median(others) if others else 0.0
        if opened >= FLOOR and opened > FACTOR * max(usual):
            alarms.append(Alarm(actor, units[actor], today, opened, *usual))
    return sorted(alarms, key=lambda each: -each.opened)


def _opened(
    connection: Connection, today: int
) -> tuple[Mapping[str, Mapping[int, int]], Mapping[str, str]]:
    """Return different persons by account and day, and where accounts serve."""
    day = audit.c.at_s // DAY_S
    rows = connection.execute(
        select(
            audit.c.actor,
            func.max(audit.c.unit),
            day,
            func.count(distinct(audit_subjects.c.person)),
        )
        .join(audit_subjects, audit_subjects.c.seq == audit.c.seq)
        .where(
            audit.c.at_s >= (today - LOOK_BACK_DAYS) * DAY_S,
            audit.c.action.in_(_OPENING),
            audit.c.actor.not_in((SERVICE, CITIZEN)),
        )
        .group_by(audit.c.actor, day)
    )
    counts: dict[str, dict[int, int]] = defaultdict(dict)
    units: dict[str, str] = {}
    for actor, unit, number, count in rows:
        counts[actor][int(number)] = count
        units[actor] = unit
    return counts, units
