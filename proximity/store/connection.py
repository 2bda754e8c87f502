"""Transactions and reads over a connection, with errors that have names."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from types import UnionType
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


def read_columns(
    connection: sqlite3.Connection,
    query: str,
    parameters: tuple[Any, ...] = (),
    *,
    types: tuple[type | UnionType, ...],
) -> list[tuple[Any, ...]]:
    """Return all rows of a query, column by column.

    Parameters
    ----------
    connection : sqlite3.Connection
    query : str
    parameters : tuple
    types : tuple of type
        Of each column: in a damaged file, a number can read as a text or nothing.

    Raises
    ------
    LockedError
        If another process holds the store.
    StoreError
        If the file is damaged or cannot be read.
    """
    with storage_errors():
        rows = connection.execute(query, parameters).fetchall()
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(types)
    for column, expected in zip(columns, types, strict=True):
        if not all(issubclass(found, expected) for found in set(map(type, column))):
            raise damaged()
    return columns


def read_rows(
    connection: sqlite3.Connection,
    query: str,
    parameters: tuple[Any, ...] = (),
    *,
    types: tuple[type | UnionType, ...],
) -> list[tuple[Any, ...]]:
    """Return all rows of a query; see `read_columns`."""
    columns = read_columns(connection, query, parameters, types=types)
    return list(zip(*columns, strict=True))


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
    except UnicodeDecodeError as error:
        # A damaged name in the file, within the text of SQLite's own error.
        raise damaged() from error


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
