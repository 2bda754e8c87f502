"""Stores, corrects and moves persons; each change draws a new record key."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, delete, insert, select, update

from proximity.authority.api_error import ApiError
from proximity.authority.assembly import Authority
from proximity.authority.audit.model import Action, Reader
from proximity.authority.audit.trail import (
    append_entry,
    entry_by,
    hold_masters,
    masters_in_use,
    note_tail,
)
from proximity.authority.database import reading, upsert
from proximity.authority.people.counts import Kept, count_people, kept_of
from proximity.authority.people.folding import terms_of
from proximity.authority.people.key_store import WrappedKey
from proximity.authority.people.model import (
    NewPerson,
    PersonField,
    citizen_codes,
    citizen_receipts,
    citizen_sessions,
    dead_keys,
    person_tokens,
    persons,
)
from proximity.authority.people.reading import open_fields
from proximity.authority.people.rules import check_values, keep_days
from proximity.authority.people.vault import Slot
from proximity.units import day_of

_PERSON_BYTES = 7
_PERSON_SHIFT = 4
_BLOCK = 5_000


class SealedPerson(NamedTuple):
    """A record ready to be stored.

    Attributes
    ----------
    row : dict
        Of `persons`.
    tokens : list of int
        By which the person is found.
    key : WrappedKey
    """

    row: dict[str, Any]
    tokens: list[int]
    key: WrappedKey

    def __repr__(self) -> str:
        """Tell nothing of the person."""
        return "<SealedPerson>"


class Anew(NamedTuple):
    """A record that is to be sealed anew.

    Attributes
    ----------
    row : Row
        Of `persons`.
    wrapped : WrappedKey
        Its key so far.
    unit : str
        Whose officers look after the person from now on.
    values : mapping of PersonField to str
    """

    row: Row[Any]
    wrapped: WrappedKey
    unit: str
    values: Mapping[PersonField, str]

    def __repr__(self) -> str:
        """Tell the unit."""
        return f"<Anew of {self.unit}>"


def add_people(
    authority: Authority, connection: Connection, people: Sequence[NewPerson]
) -> list[int]:
    """Store persons; they are there when the transaction is committed.

    Parameters
    ----------
    authority : Authority
    connection : Connection
        Of a writing transaction.
    people : sequence of NewPerson

    Returns
    -------
    list of int
        Their numbers, in order.

    Raises
    ------
    ApiError
        If a value may not be stored.
    StoreError
        If the key store cannot be used.
    """
    hold_masters(connection)
    authority.vault.use(masters_in_use(connection).newest)
    sealed = seal_people(authority, people)
    # First the keys: a record without its key would be lost, a key without a record
    # is destroyed on its day.
    authority.vault.key_store.put([each.key for each in sealed])
    for block in _blocks(sealed):
        connection.execute(insert(persons), [each.row for each in block])
        _insert_tokens(connection, block)
    come = (
        Kept(row["unit"], row["kind"], row["forget_day"])
        for row in (each.row for each in sealed)
    )
    count_people(connection, come=come)
    return [each.row["person"] for each in sealed]


def seal_people(
    authority: Authority, people: Iterable[NewPerson]
) -> list[SealedPerson]:
    """Seal persons under keys of their own; nothing is stored.

    Raises
    ------
    ApiError
        If a value may not be stored.
    """
    today = day_of(authority.now_s)
    sealed = []
    for each in people:
        number = int.from_bytes(authority.entropy(_PERSON_BYTES)) >> _PERSON_SHIFT
        day = today + keep_days(authority.settings, each.kind)
        slot = Slot(number, each.unit, 1)
        made = _seal(authority, slot, check_values(each.values), day)
        row = {"kind": each.kind, "made_s": authority.now_s, "hold_day": 0}
        sealed.append(made._replace(row=made.row | row))
    return sealed


def correct_person(
    authority: Authority,
    connection: Connection,
    reader: Reader,
    person: int,
    *,
    changes: Mapping[PersonField, str],
) -> None:
    """Replace fields of a person; the old ones are gone once this is settled.

    Parameters
    ----------
    authority : Authority
    connection : Connection
        Of a writing transaction.
    reader : Reader
        Who corrects.
    person : int
    changes : mapping of PersonField to str
        "" removes a field.

    Raises
    ------
    ApiError
        If there is no such person for this reader, or a value may not be stored.
    StoreError
        If the key store cannot be used.
    DamagedRecordError
        If the record was changed outside the program.
    """
    checked = check_values(changes)
    row = person_row(authority, connection, reader, person)
    action = entry_by(reader, Action.CORRECT, fields=tuple(changes), subjects=(person,))
    wrapped, values = _open(authority, connection, action, row)
    kept = {field: text for field, text in values.items() if field not in changes}
    anew = Anew(row, wrapped, row.unit, kept | checked)
    seal_anew(authority, connection, [anew])


def move_person(
    authority: Authority,
    connection: Connection,
    reader: Reader,
    person: int,
    *,
    unit: str,
) -> None:
    """Hand a person to another unit, under that unit's keys.

    Raises
    ------
    ApiError
        If there is no such person for this reader.
    StoreError, DamagedRecordError
        As `correct_person`.
    """
    row = person_row(authority, connection, reader, person)
    action = entry_by(reader, Action.MOVE, subjects=(person,))
    wrapped, values = _open(authority, connection, action, row)
    seal_anew(authority, connection, [Anew(row, wrapped, unit, values)])


def person_row(
    authority: Authority, connection: Connection, reader: Reader, person: int
) -> Row[Any]:
    """Return the row of a person, locked until the transaction ends.

    Raises
    ------
    ApiError
        If there is no such person for this reader: one of another unit is answered
        like one who is not there.
    """
    row = connection.execute(
        select(persons)
        .where(
            persons.c.person == person,
            persons.c.forget_day > day_of(authority.now_s),
        )
        .with_for_update()
    ).one_or_none()
    if row is None or row.unit not in reader.units:
        raise _nobody()
    return row


def living_key(authority: Authority, row: Row[Any]) -> WrappedKey:
    """Return the key of a row.

    Raises
    ------
    ApiError
        If it is destroyed: then nobody is there.
    StoreError
        If the key store cannot be used.
    """
    found = authority.vault.key_store.get([bytes(row.key_id)])
    if not found:
        raise _nobody()
    return found[bytes(row.key_id)]


def settle(authority: Authority) -> None:
    """Destroy the keys that a committed transaction made needless.

    Call it after the commit; the worker does, should a process die in between.

    Raises
    ------
    StoreError
        If the key store cannot be used.
    """
    with reading(authority.engine) as connection:
        rows = connection.execute(select(dead_keys.c.key_id)).scalars()
        names = [bytes(name) for name in rows]
    if names:
        authority.vault.key_store.destroy(names)
        with authority.engine.begin() as connection:
            for block in _blocks(names):
                connection.execute(
                    delete(dead_keys).where(dead_keys.c.key_id.in_(block))
                )
    note_tail(authority)


def drop_people(connection: Connection, numbers: Sequence[int]) -> None:
    """Delete all rows of persons; their keys wait to be destroyed."""
    for block in _blocks(numbers):
        mine = persons.c.person.in_(block)
        c = persons.c
        columns = (c.key_id, c.unit, c.kind, c.forget_day)
        rows = connection.execute(select(*columns).where(mine)).all()
        bury_keys(connection, [bytes(row.key_id) for row in rows])
        connection.execute(delete(persons).where(mine))
        gone = (Kept(row.unit, row.kind, row.forget_day) for row in rows)
        count_people(connection, gone=gone)
        tables = (person_tokens, citizen_receipts, citizen_codes, citizen_sessions)
        for table in tables:
            connection.execute(delete(table).where(table.c.person.in_(block)))


def bury_keys(connection: Connection, names: Sequence[bytes]) -> None:
    """Let keys be destroyed by `settle`, once the transaction is committed."""
    for name in names:
        statement = upsert(connection, dead_keys).values(key_id=name)
        connection.execute(statement.on_conflict_do_nothing())


def _seal(
    authority: Authority,
    slot: Slot,
    values: Mapping[PersonField, str],
    forget_day: int,
) -> SealedPerson:
    vault = authority.vault
    key, wrapped = vault.new_key(slot, forget_day)
    row: dict[str, Any] = {
        "person": slot.person,
        "unit": slot.unit,
        "key_id": wrapped.key_id,
        "version": slot.version,
        "forget_day": forget_day,
    }
    for field in PersonField:
        text = values.get(field)
        row[field] = None if text is None else vault.seal(key, field, text)
    tokens = sorted(set(vault.tokens(slot.unit, terms_of(values))))
    return SealedPerson(row, tokens, wrapped)


def _open(
    authority: Authority, connection: Connection, entry: Any, row: Row[Any]
) -> tuple[WrappedKey, dict[PersonField, str]]:
    """Open a record within the program; the values reach no reader."""
    line = append_entry(authority, connection, entry)
    wrapped = living_key(authority, row)
    values = open_fields(authority, line, row, wrapped=wrapped, fields=PersonField)
    return wrapped, values


def seal_anew(
    authority: Authority, connection: Connection, records: Sequence[Anew]
) -> None:
    """Replace records under new keys; the old ones are destroyed by `settle`.

    Raises
    ------
    StoreError
        If the key store cannot be used.
    """
    sealed, come, gone = [], [], []
    for row, wrapped, unit, values in records:
        # A database that says a later day than the key store keeps nobody.
        day = min(row.forget_day, wrapped.forget_day)
        slot = Slot(row.person, unit, row.version + 1)
        sealed.append(_seal(authority, slot, values, day))
        gone.append(kept_of(row))
        come.append(gone[-1]._replace(unit=unit, forget_day=day))
    # All at once: each time the key store is written to, the disk is waited for.
    authority.vault.key_store.put([each.key for each in sealed])
    for each in sealed:
        mine = persons.c.person == each.row["person"]
        connection.execute(update(persons).where(mine).values(each.row))
    numbers = [each.row["person"] for each in sealed]
    connection.execute(delete(person_tokens).where(person_tokens.c.person.in_(numbers)))
    _insert_tokens(connection, sealed)
    count_people(connection, come=come, gone=gone)
    bury_keys(connection, [bytes(record.row.key_id) for record in records])


def _insert_tokens(connection: Connection, sealed: Iterable[SealedPerson]) -> None:
    rows = [
        {"token": token, "person": each.row["person"]}
        for each in sealed
        for token in each.tokens
    ]
    if rows:
        connection.execute(insert(person_tokens), rows)


def _nobody() -> ApiError:
    return ApiError(404, "not_found", "there is no such person")


def _blocks(items: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (items[at : at + _BLOCK] for at in range(0, len(items), _BLOCK))
