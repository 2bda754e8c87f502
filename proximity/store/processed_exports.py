"""Which exports were processed, and what each authority's index listed."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from proximity.store.connection import read_rows, transaction


@dataclass(frozen=True, slots=True)
class ProcessedExport:
    """One export that needs no second look.

    Attributes
    ----------
    digest : bytes
        SHA-256 of the file, 32 bytes.
    name : str
        Its line in the index it came from.
    processed_ms : int
        Unix milliseconds.
    status : str
        How it went, for example "matched" or "refused".
    """

    digest: bytes
    name: str
    processed_ms: int
    status: str


def mark_processed(connection: sqlite3.Connection, export: ProcessedExport) -> bool:
    """Note an export, once; what it brought belongs into the same `transaction`.

    Returns
    -------
    bool
        False if it was processed before, whatever its name: leave it alone.

    Raises
    ------
    LockedError, StoreError
        If it cannot be stored.
    """
    with transaction(connection):
        inserted = connection.execute(
            "INSERT INTO processed_exports (digest, name, processed_ms, status)"
            " VALUES (?, ?, ?, ?) ON CONFLICT (digest) DO NOTHING",
            (export.digest, export.name, export.processed_ms, export.status),
        )
    return inserted.rowcount == 1


def list_processed(connection: sqlite3.Connection) -> list[ProcessedExport]:
    """Return the exports that were processed, oldest first.

    Raises
    ------
    LockedError, StoreError
        If the store cannot be read.
    """
    rows = read_rows(
        connection,
        "SELECT digest, name, processed_ms, status FROM processed_exports"
        " ORDER BY processed_ms, rowid",
        types=(bytes, str, int, str),
    )
    return [ProcessedExport(*row) for row in rows]


def remember_index(
    connection: sqlite3.Connection, source: str, lines: Sequence[str]
) -> None:
    """Store the lines of an authority's index in place of those remembered.

    Parameters
    ----------
    connection : sqlite3.Connection
    source : str
        What names the authority, for example its address.
    lines : sequence of str
        In their order.

    Raises
    ------
    LockedError, StoreError
        If they cannot be stored.
    """
    with transaction(connection):
        connection.execute("DELETE FROM remembered_index WHERE source = ?", (source,))
        connection.executemany(
            "INSERT INTO remembered_index (source, position, line) VALUES (?, ?, ?)",
            ((source, position, line) for position, line in enumerate(lines)),
        )


def recall_index(connection: sqlite3.Connection, source: str) -> tuple[str, ...]:
    """Return the remembered lines of an authority's index; none at first.

    Raises
    ------
    LockedError, StoreError
        If the store cannot be read.
    """
    rows = read_rows(
        connection,
        "SELECT line FROM remembered_index WHERE source = ? ORDER BY position",
        (source,),
        types=(str,),
    )
    return tuple(line for (line,) in rows)
