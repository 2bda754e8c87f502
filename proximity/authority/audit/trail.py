"""Adds to the audit; nothing personal is opened before its line is there."""

import re
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, insert, select, text
from sqlalchemy.exc import SQLAlchemyError

from proximity.authority.assembly import Authority
from proximity.authority.audit.chain import ROOT, line_hash, line_of
from proximity.authority.audit.model import (
    SERVICE,
    Action,
    Entry,
    Reader,
    Reason,
    audit,
    audit_subjects,
)
from proximity.authority.database import reading, unusable
from proximity.authority.people.key_store import Tail
from proximity.errors import DamagedRecordError, PolicyError

# Of the advisory locks of this database, the one that adding to the audit takes.
_ADVISORY_LOCK = 7_707_237
# And one that whoever seals new records shares; it is taken before the other.
_MASTERS_LOCK = 7_707_238
# What says which master keys are in use.
_ROTATING = (Action.ROTATE, Action.ROTATED, Action.PRUNE)
_REFERENCE = re.compile(r"[A-Za-z0-9-]{0,64}")
_NAME = re.compile(r"\S{1,254}")


@dataclass(frozen=True, slots=True)
class AuditLine:
    """Proof that a line was added; opens what it names and nothing else.

    Attributes
    ----------
    seq : int
    fields : frozenset of str
    subjects : frozenset of int
    seals_anew : bool
        Whether whole records may be opened to be sealed again; nobody sees them.
    """

    seq: int
    fields: frozenset[str]
    subjects: frozenset[int]
    seals_anew: bool


class Masters(NamedTuple):
    """Which master keys of persons count, as the audit says.

    Attributes
    ----------
    oldest : int
        Records may still be of this one.
    newest : int
        Everything new is made with this one.
    """

    oldest: int
    newest: int


def audit_key(authority: Authority, master: int | None = None) -> bytes:
    """Return the key of the chain; it lies outside the database."""
    return authority.vault.derived("audit", master=master)


def masters_in_use(connection: Connection, *, until: int | None = None) -> Masters:
    """Return which master keys are in use, or were at a line of the audit.

    Raises
    ------
    DamagedRecordError
        If a line says what none can.
    """
    c = audit.c
    statement = select(c.action, c.reference, c.fields).where(c.action.in_(_ROTATING))
    if until is not None:
        statement = statement.where(c.seq <= until)
    oldest, newest = [1], [1]
    for action, reference, fields in connection.execute(statement):
        if action == Action.ROTATE:
            newest.append(_number(reference))
        elif action == Action.ROTATED:
            oldest.append(_number(reference))
        else:
            masters = masters_of_prune(fields)
            oldest.append(masters.oldest)
            newest.append(masters.newest)
    return Masters(max(oldest), max(newest))


def masters_of_prune(fields: str) -> Masters:
    """Return which master keys were in use where a pruned audit begins.

    Raises
    ------
    DamagedRecordError
        If a line says what none can.
    """
    numbers = [_number(each) for each in fields.split(",")[1:]]
    if len(numbers) != len(Masters._fields):
        raise _unclear()
    return Masters(*numbers)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise _unclear()
    return int(text)


def _unclear() -> DamagedRecordError:
    return DamagedRecordError(
        "The audit does not say which key of persons is in use.",
        "Run `proximity authority verify-audit --data DIR`.",
    )


def hold_masters(connection: Connection, *, alone: bool = False) -> None:
    """Let no rotation begin before this transaction ends; or begin one, `alone`.

    Nothing may be sealed with the old key behind the back of a rotation.
    """
    if connection.dialect.name == "postgresql":
        kind = "lock" if alone else "lock_shared"
        statement = text(f"SELECT pg_advisory_xact_{kind}(:number)")
        connection.execute(statement, {"number": _MASTERS_LOCK})


def append_entry(
    authority: Authority, connection: Connection, entry: Entry
) -> AuditLine:
    """Add a line within a transaction; it is there when that is committed.

    Parameters
    ----------
    authority : Authority
    connection : Connection
        Of a writing transaction, which others wait for from here on.
    entry : Entry

    Returns
    -------
    AuditLine

    Raises
    ------
    PolicyError
        If actor, unit or reference have characters that no name has.
    StoreError
        If the key of the chain is not there.
    """
    _check(entry)
    if connection.dialect.name == "postgresql":
        statement = text("SELECT pg_advisory_xact_lock(:number)")
        connection.execute(statement, {"number": _ADVISORY_LOCK})
    last = newest_line(connection)
    seq = last.seq + 1
    if entry.action == Action.RESTORE:
        # What was written after the backup is lost: the gap in the numbers shows it.
        kept = authority.vault.key_store.tail()
        seq = max(seq, kept.seq + 1 if kept else 0)
    # The line of a rotation is the first of the new key: one who has only the old key
    # neither writes it nor anything behind it.
    rotates = entry.action == Action.ROTATE
    authority.vault.use(
        int(entry.reference) if rotates else masters_in_use(connection).newest
    )
    line = line_of(entry, seq, authority.now_s)
    hashed = line_hash(audit_key(authority), last.hash, line)
    connection.execute(insert(audit).values(**line._asdict(), hash=hashed))
    if entry.subjects:
        rows = [{"person": each, "seq": seq} for each in set(entry.subjects)]
        connection.execute(insert(audit_subjects), rows)
    return AuditLine(
        seq,
        frozenset(entry.fields),
        frozenset(entry.subjects),
        seals_anew=entry.action in (Action.CORRECT, Action.MOVE, Action.RESEAL),
    )


def record_entry(authority: Authority, entry: Entry) -> AuditLine:
    """Add a line in a transaction of its own, committed when this returns.

    Raises
    ------
    PolicyError, StoreError
        As `append_entry`, or if the line cannot be stored: then nothing may be read.
    """
    try:
        with authority.engine.begin() as connection:
            line = append_entry(authority, connection, entry)
            tail = newest_line(connection)
    except SQLAlchemyError as error:
        raise unusable(error) from error
    authority.vault.key_store.note_tail(tail)
    return line


def record_restore(authority: Authority) -> None:
    """Say in the audit that the database was restored, and which rows that cost.

    Raises
    ------
    StoreError
        If database or key store cannot be used.
    """
    entry = Entry(SERVICE, SERVICE, Action.RESTORE, Reason.OPERATION)
    record_entry(authority, entry)


def note_tail(authority: Authority) -> None:
    """Tell the key store where the committed audit ends."""
    with reading(authority.engine) as connection:
        tail = newest_line(connection)
    if tail.seq:
        authority.vault.key_store.note_tail(tail)


def newest_line(connection: Connection) -> Tail:
    """Return number and hash of the last line; 0 and `ROOT` before the first."""
    row = connection.execute(
        select(audit.c.seq, audit.c.hash).order_by(audit.c.seq.desc()).limit(1)
    ).one_or_none()
    return Tail(0, ROOT) if row is None else Tail(row.seq, bytes(row.hash))


def entry_by(
    reader: Reader,
    action: Action,
    *,
    fields: tuple[str, ...] = (),
    subjects: tuple[int, ...] = (),
) -> Entry:
    """Return an entry of what a reader does."""
    return Entry(
        actor=reader.name,
        unit=reader.unit,
        action=action,
        reason=reader.reason,
        reference=reader.reference,
        fields=fields,
        subjects=subjects,
    )


def _check(entry: Entry) -> None:
    names = (entry.actor, entry.unit)
    if not all(_NAME.fullmatch(name) for name in names) or len(entry.unit) > 64:
        raise PolicyError(
            "The audit takes no such name of an account or unit.",
            "Names of accounts and units have no spaces and at most 254 characters.",
        )
    if not _REFERENCE.fullmatch(entry.reference):
        raise PolicyError(
            "The reference is not the number of a case or task.",
            "Give letters, digits and hyphens; no names, they would be readable.",
        )
