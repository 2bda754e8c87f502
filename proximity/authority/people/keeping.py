"""How long a person is kept: prolonged, held, or erased at their wish."""

from typing import Any

from sqlalchemy import Connection, Row, update

from proximity.authority.assembly import Authority
from proximity.authority.audit.model import Action, Reader
from proximity.authority.audit.trail import append_entry, entry_by
from proximity.authority.people.counts import count_people, kept_of
from proximity.authority.people.model import persons
from proximity.authority.people.records import drop_people, living_key, person_row
from proximity.authority.people.vault import Slot
from proximity.authority.settings import MAX_KEEP_DAYS
from proximity.errors import PolicyError
from proximity.units import day_of


def keep_until(
    authority: Authority,
    connection: Connection,
    reader: Reader,
    person: int,
    *,
    day: int,
) -> None:
    """Set the day on which a person is forgotten.

    Parameters
    ----------
    authority : Authority
    connection : Connection
        Of a writing transaction.
    reader : Reader
        Who decides.
    person : int
    day : int
        UTC day number, at most `MAX_KEEP_DAYS` ahead.

    Raises
    ------
    ApiError
        If there is no such person for this reader.
    PolicyError
        If the day is too far ahead.
    StoreError, DamagedRecordError
        As `correct_person`.
    """
    _check_day(authority, day)
    row = person_row(authority, connection, reader, person)
    append_entry(
        authority, connection, entry_by(reader, Action.KEEP, subjects=(person,))
    )
    _set_day(authority, connection, row, day)


def hold_until(
    authority: Authority,
    connection: Connection,
    reader: Reader,
    person: int,
    *,
    day: int,
) -> None:
    """Let an erasure that the person asks for wait until a day; 0 lets go.

    Raises
    ------
    ApiError, PolicyError
        As `keep_until`.
    """
    _check_day(authority, day)
    person_row(authority, connection, reader, person)
    append_entry(
        authority, connection, entry_by(reader, Action.HOLD, subjects=(person,))
    )
    connection.execute(
        update(persons).where(persons.c.person == person).values(hold_day=day)
    )


def erase_person(
    authority: Authority, connection: Connection, reader: Reader, person: int
) -> int | None:
    """Erase a person, now or when what holds the record is over.

    Parameters
    ----------
    authority : Authority
    connection : Connection
        Of a writing transaction.
    reader : Reader
        Who asks.
    person : int

    Returns
    -------
    int | None
        UTC day number on which the record goes; None if it is gone.

    Raises
    ------
    ApiError
        If there is no such person for this reader.
    StoreError, DamagedRecordError
        As `correct_person`.
    """
    row = person_row(authority, connection, reader, person)
    append_entry(
        authority, connection, entry_by(reader, Action.ERASE, subjects=(person,))
    )
    if row.hold_day > day_of(authority.now_s):
        day = min(row.hold_day, row.forget_day)
        _set_day(authority, connection, row, day)
        return int(day)
    drop_people(connection, [person])
    return None


def _set_day(
    authority: Authority, connection: Connection, row: Row[Any], day: int
) -> None:
    wrapped = living_key(authority, row)
    if day > wrapped.forget_day:
        # The earlier of both days counts. A transaction that breaks off here keeps
        # nobody longer, and one that would have shortened loses nobody.
        slot = Slot(row.person, row.unit, row.version)
        key = authority.vault.unwrap(slot, wrapped)
        longer = authority.vault.rewrap(key, wrapped.key_id, day)
        authority.vault.key_store.put([longer])
    connection.execute(
        update(persons).where(persons.c.person == row.person).values(forget_day=day)
    )
    was = kept_of(row)
    count_people(connection, come=[was._replace(forget_day=day)], gone=[was])


def _check_day(authority: Authority, day: int) -> None:
    if not 0 <= day <= day_of(authority.now_s) + MAX_KEEP_DAYS:
        raise PolicyError(
            "The day is too far ahead.",
            f"Choose one of the next {MAX_KEEP_DAYS} days, and decide again then.",
        )
