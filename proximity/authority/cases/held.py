"""What cases hold of one person, as the person themself may see it and have it erased.

The record of a person is sealed elsewhere; a case has its facts and what was shared.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, func, select, update

from proximity.authority.cases.events import Event, note
from proximity.authority.cases.heard_log import heard_key_ids
from proximity.authority.cases.model import (
    cases,
    heard_tags,
    recursive_keys,
    share_tokens,
    shared_keys,
)
from proximity.authority.publish.recursive import withdraw_recursive
from proximity.units import day_of, iso_day

# Who did it, in the timeline.
PERSON = "person"
_FACTS = (
    *("ref", "classification", "status", "unit", "onset_day", "test_day"),
    *("test_result", "from_day", "to_day", "isolated_day", "call_result"),
    *("quarantine_from_day", "quarantine_to_day"),
)


class HeldCase(NamedTuple):
    """What is held of a person in one case.

    Attributes
    ----------
    facts : dict
        Of the case; days are UTC day numbers.
    keys, heard, warning_keys : int
        What the person's device shared: keys, entries of what it heard, and keys by
        which its own contacts are warned.
    forget_s : int or None
        Unix seconds at which the last of these is forgotten.
    """

    facts: dict[str, Any]
    keys: int
    heard: int
    warning_keys: int
    forget_s: int | None

    def shown(self) -> dict[str, str | None]:
        """Return the facts as people read them: days as ISO dates."""
        return {
            name.removesuffix("_day"): (
                iso_day(value) if name.endswith("_day") and value is not None else value
            )
            for name, value in self.facts.items()
        }

    def forgotten_on(self) -> str | None:
        """Return the day on which the last of what was shared is forgotten."""
        return None if self.forget_s is None else iso_day(day_of(self.forget_s))


def held_of_person(connection: Connection, person: int) -> list[HeldCase]:
    """Return what cases hold of a person, the latest case first.

    Parameters
    ----------
    connection : Connection
    person : int
        Number of their sealed record.
    """
    columns = [cases.c[name] for name in _FACTS]
    rows = connection.execute(
        select(*columns)
        .where(cases.c.person == person)
        .order_by(cases.c.created_s.desc(), cases.c.ref)
    ).mappings()
    return [_held(connection, dict(row)) for row in rows]


def drop_held(connection: Connection, person: int, *, now_s: int) -> list[bytes]:
    """Erase what a person shared, and who they are, from their cases.

    That somebody fell ill, and when, stays without a name: others were warned by it.

    Parameters
    ----------
    connection : Connection
        In a transaction.
    person : int
    now_s : int
        Unix seconds.

    Returns
    -------
    list of bytes
        Names of keys in the key store that are to be destroyed after the commit.
    """
    mine = select(cases.c.ref).where(cases.c.person == person)
    refs = list(connection.execute(mine).scalars())
    if not refs:
        return []
    names = heard_key_ids(connection, refs)
    # Warnings that are out are taken back; the others never go out.
    withdraw_recursive(connection, refs)
    for table in (shared_keys, heard_tags, share_tokens):
        connection.execute(delete(table).where(table.c.ref.in_(refs)))
    connection.execute(
        update(cases)
        .where(cases.c.ref.in_(refs))
        .values(person=None, updated_s=now_s, version=cases.c.version + 1)
    )
    _note_all(connection, refs, now_s)
    return names


def _held(connection: Connection, facts: dict[str, Any]) -> HeldCase:
    counts, last = [], []
    for table in (shared_keys, heard_tags, recursive_keys):
        row = connection.execute(
            select(func.count(), func.max(table.c.forget_s)).where(
                table.c.ref == facts["ref"]
            )
        ).one()
        counts.append(row[0])
        last.append(row[1])
    known = [each for each in last if each is not None]
    keys, heard, warning_keys = counts
    forget_s = max(known) if known else None
    return HeldCase(facts, keys, heard, warning_keys, forget_s)


def _note_all(connection: Connection, refs: Iterable[str], now_s: int) -> None:
    for ref in refs:
        note(connection, ref, Event("erased", PERSON, now_s))
