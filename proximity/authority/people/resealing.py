"""A new master key: new keys of units, of indexes, of the audit, and of each record.

What somebody knows who once had the old key opens nothing that is stored afterwards.
Officers go on working meanwhile: records are sealed anew in blocks, and found by both
keys until the last one is done. A rotation that broke off is finished by the next run.
"""

import contextlib
from collections.abc import Callable
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, func, select

from proximity.authority.assembly import Authority
from proximity.authority.audit.model import SERVICE, Action, Entry, Reason
from proximity.authority.audit.trail import (
    append_entry,
    hold_masters,
    masters_in_use,
    record_entry,
)
from proximity.authority.database import named_errors, reading
from proximity.authority.people.key_store import WrappedKey
from proximity.authority.people.model import PersonField, persons
from proximity.authority.people.reading import open_fields
from proximity.authority.people.records import Anew, seal_anew, settle
from proximity.authority.people.vault import Slot
from proximity.errors import DamagedRecordError

# Whoever reads a person waits for the block that is sealed: a tenth of a second.
_BLOCK = 200


class Resealed(NamedTuple):
    """What a rotation did.

    Attributes
    ----------
    master : int
        Number of the master key that is in use now.
    people : int
        Records that were sealed anew.
    damaged : int
        Records that no key opens; they were so before.
    """

    master: int
    people: int
    damaged: int


@named_errors()
def rotate_master(
    authority: Authority, *, told: Callable[[int, int], None] = lambda *_: None
) -> Resealed:
    """Make a new master key and seal every record anew; or finish what broke off.

    Parameters
    ----------
    authority : Authority
    told : callable (int, int)
        Is told how many records of how many were looked at.

    Returns
    -------
    Resealed

    Raises
    ------
    StoreError
        If database, key store or folder of keys cannot be used. What was sealed anew
        stays so, and the next run goes on.
    """
    master = _begin(authority)
    with reading(authority.engine) as connection:
        count = connection.execute(select(func.count(persons.c.person))).scalar_one()
    done = people = damaged = 0
    last = -1
    while rows := _block(authority, last):
        sealed, bad = _seal_block(authority, [row.person for row in rows], master)
        people, damaged, done = people + sealed, damaged + bad, done + len(rows)
        last = rows[-1].person
        told(done, count)
    # By the last committed block nobody is left who is found by the old key.
    record_entry(authority, _entry(Action.ROTATED, master))
    return Resealed(master, people, damaged)


def _begin(authority: Authority) -> int:
    """Return the number of the master key to seal with, in use from here on."""
    with reading(authority.engine) as connection:
        before = masters_in_use(connection)
    if before.oldest < before.newest:
        return before.newest
    # The file first: the line that names it may be read at once.
    authority.vault.make_master(before.newest + 1)
    with authority.engine.begin() as connection:
        hold_masters(connection, alone=True)
        now = masters_in_use(connection)
        if now == before:
            append_entry(authority, connection, _entry(Action.ROTATE, now.newest + 1))
    settle(authority)
    return before.newest + 1


def _block(authority: Authority, last: int) -> list[Any]:
    statement = select(persons.c.person).where(persons.c.person > last)
    with reading(authority.engine) as connection:
        ordered = statement.order_by(persons.c.person).limit(_BLOCK)
        return list(connection.execute(ordered))


def _seal_block(
    authority: Authority, numbers: list[int], master: int
) -> tuple[int, int]:
    """Seal those anew that are of an older key; return how many, how many cannot be."""
    with authority.engine.begin() as connection:
        rows = connection.execute(
            select(persons)
            .where(persons.c.person.in_(numbers))
            .order_by(persons.c.person)
            .with_for_update()
        ).all()
        keys = authority.vault.key_store.get([bytes(row.key_id) for row in rows])
        # Whose key was destroyed is nobody any more.
        living = [
            (row, keys[bytes(row.key_id)]) for row in rows if bytes(row.key_id) in keys
        ]
        older = [each for each in living if _is_older(authority, *each, master)]
        bad = _reseal(authority, connection, older, master) if older else 0
    if older:
        settle(authority)
    return len(older) - bad, bad


def _is_older(
    authority: Authority, row: Row[Any], wrapped: WrappedKey, master: int
) -> bool:
    slot = Slot(row.person, row.unit, row.version)
    try:
        return authority.vault.unwrap(slot, wrapped).master < master
    except DamagedRecordError:
        # Counted where it is opened.
        return True


def _reseal(
    authority: Authority,
    connection: Connection,
    older: list[tuple[Row[Any], WrappedKey]],
    master: int,
) -> int:
    """Open and seal records; return how many were changed outside the program."""
    subjects = tuple(row.person for row, _ in older)
    line = append_entry(authority, connection, _entry(Action.RESEAL, master, subjects))
    opened = []
    for row, wrapped in older:
        with contextlib.suppress(DamagedRecordError):
            values = open_fields(
                authority, line, row, wrapped=wrapped, fields=PersonField
            )
            opened.append(Anew(row, wrapped, row.unit, values))
    seal_anew(authority, connection, opened)
    return len(older) - len(opened)


def _entry(action: Action, master: int, subjects: tuple[int, ...] = ()) -> Entry:
    return Entry(
        actor=SERVICE,
        unit=SERVICE,
        action=action,
        reason=Reason.OPERATION,
        reference=str(master),
        subjects=subjects,
    )
