"""The one way from ciphertext to plain text: the line of the audit comes first."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.exc import SQLAlchemyError

from proximity.authority.assembly import Authority
from proximity.authority.audit.model import Action, Reader
from proximity.authority.audit.trail import AuditLine, entry_by, record_entry
from proximity.authority.database import reading, unusable
from proximity.authority.people.key_store import WrappedKey
from proximity.authority.people.model import (
    PersonField,
    PersonKind,
    PersonView,
    persons,
)
from proximity.authority.people.vault import Slot
from proximity.errors import PolicyError
from proximity.units import day_of

MAX_PERSONS = 1_000


def read_people(
    authority: Authority,
    reader: Reader,
    numbers: Sequence[int],
    fields: Iterable[PersonField],
) -> list[PersonView]:
    """Read fields of persons, after a line in the audit says so.

    Opens transactions of its own: call it outside a writing one.

    Parameters
    ----------
    authority : Authority
    reader : Reader
    numbers : sequence of int
        At most `MAX_PERSONS`.
    fields : iterable of PersonField

    Returns
    -------
    list of PersonView
        In the order of `numbers`; persons who are not there, are forgotten, or belong
        to a unit that the reader may not see, are left out alike.

    Raises
    ------
    PolicyError
        If so many are asked for at once.
    StoreError
        If the audit or the key store cannot be used: nothing was decrypted then.
    DamagedRecordError
        If a record was changed outside the program.
    """
    wanted = tuple(dict.fromkeys(fields))
    if len(numbers) > MAX_PERSONS:
        raise PolicyError(
            f"More than {MAX_PERSONS} persons were asked for at once.",
            "Ask page by page.",
        )
    rows = _rows(authority, numbers, wanted)
    foreign = [row.person for row in rows if row.unit not in reader.units]
    if foreign:
        refused = entry_by(reader, Action.DENIED, subjects=tuple(foreign))
        record_entry(authority, refused)
    mine = [row for row in rows if row.unit in reader.units]
    keys = _living_keys(authority, mine)
    shown = {row.person: row for row in mine if bytes(row.key_id) in keys}
    if not shown:
        return []
    line = record_entry(authority, _entry(reader, wanted, tuple(shown)))
    return [
        _view(authority, line, shown[number], keys=keys, fields=wanted)
        for number in dict.fromkeys(numbers)
        if number in shown
    ]


def open_fields(
    authority: Authority,
    line: AuditLine,
    row: Row[Any],
    *,
    wrapped: WrappedKey,
    fields: Iterable[PersonField],
) -> dict[PersonField, str]:
    """Decrypt fields of one row; nothing else in the program does.

    Parameters
    ----------
    authority : Authority
    line : AuditLine
        That names this person and these fields.
    row : Row
        Of `persons`, with the columns of the fields.
    wrapped : WrappedKey
    fields : iterable of PersonField

    Returns
    -------
    dict of PersonField to str
        Without the fields that are not known.

    Raises
    ------
    PolicyError
        If the line does not cover what is asked for.
    DamagedRecordError
        If the record was changed outside the program.
    """
    wanted = tuple(fields)
    covered = line.seals_anew or line.fields.issuperset(wanted)
    if row.person not in line.subjects or not covered:
        raise PolicyError(
            "The line of the audit does not say what is about to be read.",
            "Report this: it is a mistake of the program.",
        )
    key = authority.vault.unwrap(Slot(row.person, row.unit, row.version), wrapped)
    sealed = {field: getattr(row, field) for field in wanted}
    return {
        field: authority.vault.unseal(key, field, bytes(data))
        for field, data in sealed.items()
        if data is not None
    }


def _entry(
    reader: Reader, fields: tuple[PersonField, ...], subjects: tuple[int, ...]
) -> Any:
    names_alone = set(fields) <= {PersonField.NAME}
    action = Action.LIST if names_alone else Action.READ
    return entry_by(reader, action, fields=fields, subjects=subjects)


def _rows(
    authority: Authority, numbers: Sequence[int], fields: tuple[PersonField, ...]
) -> Sequence[Row[Any]]:
    c = persons.c
    columns = (c.person, c.unit, c.kind, c.key_id, c.version, c.forget_day)
    statement = select(*columns, *(c[field] for field in fields)).where(
        c.person.in_(numbers), c.forget_day > day_of(authority.now_s)
    )
    try:
        with reading(authority.engine) as connection:
            return connection.execute(statement).all()
    except SQLAlchemyError as error:
        raise unusable(error) from error


def _living_keys(
    authority: Authority, rows: Sequence[Row[Any]]
) -> Mapping[bytes, WrappedKey]:
    """Return the keys whose day has not come, though no worker may have run."""
    today = day_of(authority.now_s)
    found = authority.vault.key_store.get([bytes(row.key_id) for row in rows])
    return {name: key for name, key in found.items() if key.forget_day > today}


def _view(
    authority: Authority,
    line: AuditLine,
    row: Row[Any],
    *,
    keys: Mapping[bytes, WrappedKey],
    fields: tuple[PersonField, ...],
) -> PersonView:
    wrapped = keys[bytes(row.key_id)]
    return PersonView(
        person=row.person,
        unit=row.unit,
        kind=PersonKind(row.kind),
        version=row.version,
        forget_day=row.forget_day,
        values=open_fields(authority, line, row, wrapped=wrapped, fields=fields),
    )
