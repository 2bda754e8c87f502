"""Small named values that must outlive a run."""

import sqlite3

from proximity.store.connection import damaged, read_rows, transaction


def has_state(connection: sqlite3.Connection) -> bool:
    """Tell whether a store is of a version that keeps named values."""
    query = "SELECT count(*) FROM sqlite_schema WHERE name = 'state'"
    return read_rows(connection, query, types=(int,)) != [(0,)]


def write_state(connection: sqlite3.Connection, name: str, value: bytes) -> None:
    """Store a named value in place of an earlier one.

    Raises
    ------
    LockedError, StoreError
        If it cannot be stored.
    """
    with transaction(connection):
        connection.execute("REPLACE INTO state VALUES (?, ?)", (name, value))


def read_state(connection: sqlite3.Connection, name: str) -> bytes | None:
    """Return a named value, or None where there is none.

    Raises
    ------
    LockedError, StoreError
        If the store cannot be read.
    """
    query = "SELECT value FROM state WHERE name = ?"
    rows = read_rows(connection, query, (name,), types=(bytes,))
    return rows[0][0] if rows else None


def raise_number(connection: sqlite3.Connection, name: str, number: int) -> int:
    """Store a number that never goes down, for example the highest trusted time.

    Returns
    -------
    int
        The higher of `number` and the stored one.

    Raises
    ------
    LockedError, StoreError
        If it cannot be stored, or the stored value is not a number.
    """
    with transaction(connection):
        stored = read_number(connection, name)
        if stored is not None and stored >= number:
            return stored
        write_state(connection, name, str(number).encode())
    return number


def read_number(connection: sqlite3.Connection, name: str) -> int | None:
    """Return a number stored by `raise_number`, or None where there is none.

    Raises
    ------
    LockedError, StoreError
        If the store cannot be read, or the stored value is not a number.
    """
    value = read_state(connection, name)
    if value is None:
        return None
    try:
        return int(value)
    except ValueError as error:
        raise damaged() from error
