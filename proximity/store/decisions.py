"""Decisions and their notifications: one row for each change, sealed."""

import sqlite3
from dataclasses import dataclass, field
from enum import StrEnum

from proximity.errors import NothingStoredError
from proximity.store.connection import read_rows, transaction
from proximity.store.sealing import SealingKey

_TABLE = "decisions"
_SELECT = "SELECT id, decided_ms, notify, shown_ms, withdrawn_ms, sealed FROM decisions"
_TYPES = (int, int, int, int | None, int | None, bytes)


class Subject(StrEnum):
    """Whom a decision is about: each has a row of decisions of its own."""

    CASE = "case"
    CONTACT = "contact"


@dataclass(frozen=True, slots=True)
class StoredDecision:
    """One change of decision.

    Attributes
    ----------
    number : int
        Ascending; never used twice.
    decided_ms : int
        Unix milliseconds.
    notify : bool
        Whether the user is to be told.
    shown_ms, withdrawn_ms : int | None
        When the user was told; when it ceased to hold.
    payload : bytes
        The decision in an encoding of the caller's.
    """

    number: int
    decided_ms: int
    notify: bool
    shown_ms: int | None
    withdrawn_ms: int | None
    payload: bytes = field(repr=False)


def append_decision(
    connection: sqlite3.Connection,
    sealing: SealingKey,
    payload: bytes,
    *,
    decided_ms: int,
    notify: bool,
    subject: Subject = Subject.CASE,
) -> int | None:
    """Store a decision if it differs from the last one; store it before it is shown.

    Parameters
    ----------
    connection : sqlite3.Connection
    sealing : SealingKey
    payload : bytes
        Equal bytes are an equal decision.
    decided_ms : int
        Unix milliseconds.
    notify : bool
        Whether the user is to be told.
    subject : Subject

    Returns
    -------
    int | None
        The decision's number; None if nothing changed.

    Raises
    ------
    LockedError, StoreError
        If it cannot be stored, or the store was sealed by another key.
    """
    with transaction(connection):
        last = last_decision(connection, sealing, subject)
        if last is not None and last.payload == payload:
            return None
        number = connection.execute(
            "INSERT INTO decisions (decided_ms, notify, subject, sealed)"
            " VALUES (?, ?, ?, x'')",
            (decided_ms, notify, subject),
        ).lastrowid
        connection.execute(
            "UPDATE decisions SET sealed = ? WHERE id = ?",
            (sealing.seal(payload, _TABLE, str(number).encode()), number),
        )
    return number


def last_decision(
    connection: sqlite3.Connection,
    sealing: SealingKey,
    subject: Subject = Subject.CASE,
) -> StoredDecision | None:
    """Return the decision that holds, or None before the first.

    Raises
    ------
    LockedError, StoreError
        If the store cannot be read, or was sealed by another key.
    """
    found = _read(connection, sealing, "ORDER BY id DESC LIMIT 1", subject)
    return found[0] if found else None


def list_decisions(
    connection: sqlite3.Connection,
    sealing: SealingKey,
    subject: Subject = Subject.CASE,
) -> list[StoredDecision]:
    """Return all decisions, oldest first.

    Raises
    ------
    LockedError, StoreError
        As `last_decision`.
    """
    return _read(connection, sealing, "ORDER BY id", subject)


def pending_notifications(
    connection: sqlite3.Connection,
    sealing: SealingKey,
    subject: Subject = Subject.CASE,
) -> list[StoredDecision]:
    """Return what the user is still to be told, oldest first.

    Raises
    ------
    LockedError, StoreError
        As `last_decision`.
    """
    return _read(
        connection,
        sealing,
        "AND notify AND shown_ms IS NULL AND withdrawn_ms IS NULL ORDER BY id",
        subject,
    )


def mark_shown(connection: sqlite3.Connection, number: int, shown_ms: int) -> None:
    """Note that the user was told; the first time counts.

    Raises
    ------
    NothingStoredError
        If there is no such decision.
    LockedError, StoreError
        If it cannot be stored.
    """
    _mark(connection, "shown_ms", number, shown_ms)


def withdraw(connection: sqlite3.Connection, number: int, withdrawn_ms: int) -> None:
    """Note that a decision ceased to hold: if not shown yet, it never will be.

    Raises
    ------
    NothingStoredError
        If there is no such decision.
    LockedError, StoreError
        If it cannot be stored.
    """
    _mark(connection, "withdrawn_ms", number, withdrawn_ms)


def _mark(connection: sqlite3.Connection, column: str, number: int, at_ms: int) -> None:
    with transaction(connection):
        changed = connection.execute(
            # The column is one of two literals above, never an outside name.
            f"UPDATE decisions SET {column} = coalesce({column}, ?) WHERE id = ?",  # noqa: S608
            (at_ms, number),
        )
        if not changed.rowcount:
            raise NothingStoredError(
                "There is no such decision in the store.",
                "It may have been forgotten; list the decisions again.",
            )


def _read(
    connection: sqlite3.Connection,
    sealing: SealingKey,
    selection: str,
    subject: Subject,
) -> list[StoredDecision]:
    query = f"{_SELECT} WHERE subject = ? {selection}"
    rows = read_rows(connection, query, (subject,), types=_TYPES)
    return [
        StoredDecision(
            number,
            decided_ms,
            bool(notify),
            shown_ms,
            withdrawn_ms,
            sealing.open(sealed, _TABLE, str(number).encode()),
        )
        for number, decided_ms, notify, shown_ms, withdrawn_ms, sealed in rows
    ]
