"""Transactions and reads over a connection, with errors that have names."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from proximity.errors import LockedError, StoreError


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Make everything inside happen at once, durably, or not at all.

    A transaction inside another is a part of it: only the outermost one commits.

    Parameters
    ----------
    connection : sqlite3.Connection
        As `open_store` returns it.

    Raises
    ------
    LockedError
        If another process writes for longer than the connection waits.
    StoreError
        If the disk is full or read-only, or the file is damaged.
    """
    with storage_errors():
        if connection.in_transaction:
            yield
            return
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            connection.execute("COMMIT")
        except BaseException:
            _roll_back(connection)
            raise


def read_rows(
    connection: sqlite3.Connection, query: str, parameters: tuple[Any, ...] = ()
) -> list[tuple[Any, ...]]:
    """Return all rows of a query.

    Raises
    ------
    LockedError, StoreError
        As `transaction`.
    """
    with storage_errors():
        return connection.execute(query, parameters).fetchall()


@contextmanager
def storage_errors() -> Iterator[None]:
    """Give SQLite's errors the names and hints of this package."""
    try:
        yield
    except (sqlite3.ProgrammingError, sqlite3.InterfaceError):
        # These are mistakes of the calling code, not of the file.
        raise
    except sqlite3.Error as error:
        raise _named(error) from error


def damaged() -> StoreError:
    """Return the error for a store whose content cannot be what was written."""
    return StoreError(
        "The store is damaged, or is not a store.",
        "Nothing was changed in it. Restore a copy, or move the file aside to start"
        " afresh.",
    )


def _roll_back(connection: sqlite3.Connection) -> None:
    # After some errors, as that of a full disk, SQLite has done it already.
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def _named(error: sqlite3.Error) -> StoreError:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return LockedError(
            "Another process holds the store.", "Wait for it to end, then try again."
        )
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return damaged()
    if code == sqlite3.SQLITE_FULL:
        return StoreError(
            "The disk is full: nothing of this step was stored.",
            "Free some space, then try again.",
        )
    return StoreError(
        "The store cannot be read or written.",
        "See that its folder exists, that you may write there, and that the disk"
        f" works ({error.sqlite_errorname}).",
    )
