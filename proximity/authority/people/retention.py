"""Forgets on time: first record keys, then rows; what a backup holds goes with them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Column, ColumnElement, Connection, delete, func, select

from proximity.authority.assembly import Authority
from proximity.authority.audit.model import SERVICE, Action, Entry, Reason
from proximity.authority.audit.trail import append_entry
from proximity.authority.cases.model import heard_tags, recursive_keys, shared_keys
from proximity.authority.database import METADATA, reading
from proximity.authority.people.counts import people_by_day
from proximity.authority.people.model import (
    PersonKind,
    citizen_codes,
    citizen_sessions,
    persons,
)
from proximity.authority.people.records import drop_people, settle
from proximity.authority.people.rules import keep_days
from proximity.units import day_of

_BLOCK = 1_000


@dataclass(frozen=True, slots=True)
class Expiring:
    """Rows that go on a day or second that they name.

    Attributes
    ----------
    table, column : str
    unit_s : int
        Seconds that one of the column's numbers stands for: 1, or those of a day.
    """

    table: str
    column: str
    unit_s: int


# Rows that refer to persons, or to what somebody broadcast: a line for each table.
EXPIRING = (
    Expiring(citizen_codes.name, citizen_codes.c.until_s.name, 1),
    Expiring(citizen_sessions.name, citizen_sessions.c.until_s.name, 1),
    *(
        Expiring(table.name, table.c.forget_s.name, 1)
        for table in (shared_keys, heard_tags, recursive_keys)
    ),
)


@dataclass(frozen=True, slots=True)
class RetentionReport:
    """What was destroyed, or would be.

    Attributes
    ----------
    keys : int
        Record keys in the key store.
    people : int
        Records.
    rows : mapping of str to int
        Of other tables, by name.
    unopenable : int
        Records whose key is gone though their day has not come: erased after the
        backup that they were restored from.
    """

    keys: int
    people: int
    rows: dict[str, int]
    unopenable: int


@dataclass(frozen=True, slots=True)
class RetentionDay:
    """How many persons of a kind are forgotten on a day."""

    day: int
    kind: PersonKind
    people: int


def forget_people(authority: Authority) -> RetentionReport:
    """Destroy what is due; the audit of those who are forgotten stays.

    Parameters
    ----------
    authority : Authority

    Returns
    -------
    RetentionReport

    Raises
    ------
    StoreError
        If the key store cannot be used.
    """
    today = day_of(authority.now_s)
    # The keys first, and without a look at the database: an old one that was restored
    # decides nothing.
    keys = authority.vault.key_store.destroy_due(today)
    people = 0
    while block := _due(authority, today):
        with authority.engine.begin() as connection:
            drop_people(connection, block)
            append_entry(authority, connection, _forgotten(block))
        people += len(block)
    with authority.engine.begin() as connection:
        rows = {
            each.table: connection.execute(
                delete(METADATA.tables[each.table]).where(_column(each) <= at)
            ).rowcount
            for each, at in _expired(authority)
        }
    settle(authority)
    return RetentionReport(keys, people, rows, 0)


def retention_preview(authority: Authority) -> RetentionReport:
    """Tell what `forget_people` would destroy now; nothing is changed.

    Raises
    ------
    StoreError
        If the key store cannot be used.
    """
    today = day_of(authority.now_s)
    due = persons.c.forget_day <= today
    with reading(authority.engine) as connection:
        people = _count(connection, persons.c.person, due)
        rows = {
            each.table: _count(connection, _column(each), _column(each) <= at)
            for each, at in _expired(authority)
        }
    return RetentionReport(
        keys=authority.vault.key_store.count(due_on=today),
        people=people,
        rows=rows,
        unopenable=len(unopenable_people(authority)),
    )


def retention_calendar(
    authority: Authority, units: Collection[str], *, days: int = 30
) -> list[RetentionDay]:
    """Return what is forgotten on each of the next days: the console's page.

    Parameters
    ----------
    authority : Authority
    units : collection of str
        Those that the officer may see, or one of them.
    days : int
        So many from today, overdue ones included.
    """
    last = day_of(authority.now_s) + days
    with reading(authority.engine) as connection:
        rows = people_by_day(connection, units, last)
    return [RetentionDay(day, PersonKind(kind), n) for day, kind, n in rows]


def retention_rules(authority: Authority) -> dict[PersonKind, int]:
    """Return for how many days each kind of person is kept."""
    return {kind: keep_days(authority.settings, kind) for kind in PersonKind}


def unopenable_people(authority: Authority) -> list[int]:
    """Return persons whose record key is gone though their day has not come.

    Raises
    ------
    StoreError
        If the key store cannot be used.
    """
    today = day_of(authority.now_s)
    found = []
    statement = (
        select(persons.c.person, persons.c.key_id)
        .where(persons.c.forget_day > today)
        .execution_options(yield_per=_BLOCK)
    )
    with reading(authority.engine) as connection:
        for rows in connection.execute(statement).partitions():
            there = authority.vault.key_store.get([bytes(row.key_id) for row in rows])
            found += [row.person for row in rows if bytes(row.key_id) not in there]
    return found


def drop_unopenable(authority: Authority) -> int:
    """Delete the rows of persons whose record key is gone; return how many.

    Only on an operator's word: with the wrong key store nobody's key is there.

    Raises
    ------
    StoreError
        If the key store cannot be used.
    """
    gone = unopenable_people(authority)
    for at in range(0, len(gone), _BLOCK):
        block = gone[at : at + _BLOCK]
        with authority.engine.begin() as connection:
            drop_people(connection, block)
            append_entry(authority, connection, _forgotten(block))
    settle(authority)
    return len(gone)


def _due(authority: Authority, today: int) -> list[int]:
    statement = select(persons.c.person).where(persons.c.forget_day <= today)
    with reading(authority.engine) as connection:
        return list(connection.execute(statement.limit(_BLOCK)).scalars())


def _forgotten(people: Sequence[int]) -> Entry:
    return Entry(
        actor=SERVICE,
        unit=SERVICE,
        action=Action.FORGET,
        reason=Reason.RETENTION,
        subjects=tuple(people),
    )


def _expired(authority: Authority) -> list[tuple[Expiring, int]]:
    return [(each, authority.now_s // each.unit_s) for each in EXPIRING]


def _column(each: Expiring) -> Column[int]:
    return METADATA.tables[each.table].c[each.column]


def _count(
    connection: Connection, column: Column[int], condition: ColumnElement[bool]
) -> int:
    statement = select(func.count(column)).where(condition)
    return connection.execute(statement).scalar_one()
