"""Alarm on officers who browse: many more persons than they, or others, ever open.

The rule, for each account and UTC day:

    opened = different persons of whom more than the name was read, or refused
    alarm  if opened >= FLOOR
           and opened > FACTOR x median of the account's own days
           and opened > FACTOR x median of all other accounts' days

over the days of the last four weeks on which anything was opened. An account without
days of its own is held against the others alone; without others, against itself. The
same rule holds for searches: to ask for one neighbour after the other tells who is
known without opening anybody. Yesterday is looked at as well as today, or nobody would
see what is done between the last run of the worker and midnight.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    distinct,
    func,
    select,
)

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
from proximity.authority.audit.trail import append_entry, note_tail
from proximity.authority.database import reading
from proximity.units import DAY_S, day_of, iso_day

FLOOR = 30
FACTOR = 3
LOOK_BACK_DAYS = 28
_OPENING = (Action.READ, Action.DENIED)


@dataclass(frozen=True, slots=True)
class Alarm:
    """An account that opened or sought unusually many persons in a day.

    Attributes
    ----------
    actor, unit : str
    day : int
        UTC day number.
    what : Action
        `READ` or `SEARCH`.
    opened : int
        Different persons, or searches.
    own_median, others_median : float
        What was usual.
    """

    actor: str
    unit: str
    day: int
    what: Action
    opened: int
    own_median: float
    others_median: float


class _Days(NamedTuple):
    """Where an account serves, and a number for each day on which there was any."""

    unit: str
    numbers: dict[int, int]


_Counted = Mapping[str, _Days]


class ToldAlarm(NamedTuple):
    """An alarm that stands in the audit.

    Attributes
    ----------
    at_s : int
        Unix seconds.
    actor, unit : str
    day : str
        YYYY-MM-DD.
    what : Action
    opened : int
        As of `Alarm`, when it was raised.
    """

    at_s: int
    actor: str
    unit: str
    day: str
    what: Action
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
    told = []
    for at_s, fields, unit, count in rows:
        actor, *more = fields.split(",")
        day = more[0] if more else iso_day(day_of(at_s))
        what = Action.SEARCH if Action.SEARCH in more else Action.READ
        told.append(ToldAlarm(at_s, actor, unit, day, what, int(count)))
    return told


def unusual_readers(authority: Authority) -> list[Alarm]:
    """Return the accounts whose openings or searches stand out, today or yesterday.

    Raises
    ------
    sqlalchemy.exc.SQLAlchemyError
        If the database cannot be used.
    """
    today = day_of(authority.now_s)
    with reading(authority.engine) as connection:
        found = [_opened(connection, today), _sought(connection, today)]
    return [
        alarm
        for what, counted in zip((Action.READ, Action.SEARCH), found, strict=True)
        for day in (today - 1, today)
        for alarm in _unusual(what, counted, day)
    ]


def raise_alarms(authority: Authority) -> int:
    """Write a line in the audit for each account and day that is unusual, once.

    Returns
    -------
    int
        How many are new.
    """
    yesterday = day_of(authority.now_s) - 1
    alarms = unusual_readers(authority)
    if not alarms:
        return 0
    new = 0
    with authority.engine.begin() as connection:
        told = select(audit.c.fields).where(
            audit.c.action == Action.ALARM, audit.c.at_s >= yesterday * DAY_S
        )
        known = set(connection.execute(told).scalars())
        for alarm in alarms:
            fields = (alarm.actor, iso_day(alarm.day), alarm.what)
            if ",".join(fields) in known:
                continue
            entry = Entry(
                actor=SERVICE,
                unit=alarm.unit,
                action=Action.ALARM,
                reason=Reason.SUPERVISION,
                reference=str(alarm.opened),
                fields=fields,
            )
            append_entry(authority, connection, entry)
            new += 1
    note_tail(authority)
    return new


def _unusual(what: Action, counted: _Counted, day: int) -> list[Alarm]:
    alarms = []
    for actor, days in counted.items():
        count = days.numbers.get(day, 0)
        own = [n for each, n in days.numbers.items() if each < day]
        others = [
            n
            for other, theirs in counted.items()
            if other != actor
            for each, n in theirs.numbers.items()
            if each < day
        ]
        usual = median(own) if own else 0.0, median(others) if others else 0.0
        if count >= FLOOR and count > FACTOR * max(usual):
            alarms.append(Alarm(actor, days.unit, day, what, count, *usual))
    return sorted(alarms, key=lambda each: -each.opened)


def _opened(connection: Connection, today: int) -> _Counted:
    """Return different persons by account and day."""
    statement = _by_day(today, func.count(distinct(audit_subjects.c.person)))
    joined = statement.join(audit_subjects, audit_subjects.c.seq == audit.c.seq)
    return _counted(connection, joined.where(audit.c.action.in_(_OPENING)))


def _sought(connection: Connection, today: int) -> _Counted:
    """Return searches by account and day."""
    statement = _by_day(today, func.count())
    return _counted(connection, statement.where(audit.c.action == Action.SEARCH))


def _by_day(today: int, count: ColumnElement[int]) -> Select[Any]:
    day = audit.c.at_s // DAY_S
    return (
        select(audit.c.actor, func.max(audit.c.unit), day, count)
        .select_from(audit)
        .where(
            audit.c.at_s >= (today - LOOK_BACK_DAYS) * DAY_S,
            audit.c.actor.not_in((SERVICE, CITIZEN)),
        )
        .group_by(audit.c.actor, day)
    )


def _counted(connection: Connection, statement: Select[Any]) -> _Counted:
    found: dict[str, _Days] = {}
    for actor, unit, day, count in connection.execute(statement):
        found.setdefault(actor, _Days(unit, {})).numbers[int(day)] = count
    return found
