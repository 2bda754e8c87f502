"""How many persons are forgotten on which day: kept with every change of a person.

Counting a million rows takes longer than a page may. Each transaction that changes a
person changes the count; so it never tells anything else than the rows do.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, delete, func, select

from proximity.authority.database import upsert
from proximity.authority.people.model import person_counts


class Kept(NamedTuple):
    """What a person is counted by."""

    unit: str
    kind: str
    forget_day: int


def kept_of(row: Row[Any]) -> Kept:
    """Return what a row of `persons` is counted by."""
    return Kept(row.unit, row.kind, row.forget_day)


def count_people(
    connection: Connection, *, come: Iterable[Kept] = (), gone: Iterable[Kept] = ()
) -> None:
    """Count persons who came, and no longer those who went.

    Parameters
    ----------
    connection : Connection
        Of the transaction that changes them.
    come, gone : iterable of Kept
        One for each person.
    """
    changes = Counter(come)
    changes.subtract(Counter(gone))
    # In one order everywhere: two transactions never wait for each other.
    rows = [
        {**each._asdict(), "people": by} for each, by in sorted(changes.items()) if by
    ]
    if not rows:
        return
    c = person_counts.c
    statement = upsert(connection, person_counts)
    added = statement.on_conflict_do_update(
        index_elements=[c.unit, c.kind, c.forget_day],
        set_={"people": c.people + statement.excluded.people},
    )
    connection.execute(added, rows)
    days = {row["forget_day"] for row in rows if row["people"] < 0}
    if days:
        units = {row["unit"] for row in rows}
        empty = (c.unit.in_(units), c.forget_day.in_(days), c.people == 0)
        connection.execute(delete(person_counts).where(*empty))


def people_by_day(
    connection: Connection, units: Collection[str], last_day: int
) -> list[tuple[int, str, int]]:
    """Return day, kind and how many persons of some units are forgotten, in order.

    Parameters
    ----------
    connection : Connection
    units : collection of str
    last_day : int
        UTC day number.
    """
    c = person_counts.c
    statement = (
        select(c.forget_day, c.kind, func.sum(c.people))
        .where(c.unit.in_(sorted(units)), c.forget_day <= last_day)
        .group_by(c.forget_day, c.kind)
        .order_by(c.forget_day, c.kind)
    )
    return [(day, kind, int(n)) for day, kind, n in connection.execute(statement)]
