"""Forgets: rows by day, and every trace of them in the files."""

import sqlite3
from typing import NamedTuple

from proximity.errors import LockedError
from proximity.store.connection import storage_errors, transaction
from proximity.store.state import raise_number
from proximity.units import DAY_S, INTERVALS_PER_DAY, MS_PER_S

# Named value of the store: nothing of before this UTC day number is kept.
EARLIEST_DAY = "earliest-day"
DAY_MS = DAY_S * MS_PER_S
# An authority may list an export for fourteen days after it was processed here; until
# then it must be known, or it would be processed a second time.
PROCESSED_EXPORT_GRACE_DAYS = 14


class Forgotten(NamedTuple):
    """How many rows were deleted.

    Attributes
    ----------
    encounters, scans, own_keys, exposures, decisions, processed_exports : int
    """

    encounters: int
    scans: int
    own_keys: int
    exposures: int
    decisions: int
    processed_exports: int


def forget_before(connection: sqlite3.Connection, day: int) -> Forgotten:
    """Forget what is older than a UTC day, then remove its traces from the files.

    Encounters and scans go by their start, own keys by the end of their validity,
    exposures by their day, decisions by when they were made, and processed exports
    fourteen days later than all those. `EARLIEST_DAY` remembers the day, so that what
    was forgotten is not taken for what was never there.

    Parameters
    ----------
    connection : sqlite3.Connection
    day : int
        UTC day number; what belongs to this day stays.

    Raises
    ------
    LockedError
        If another process holds the store. The rows may be gone then, but not their
        traces: repeat the call.
    StoreError
        If the store cannot be written.
    """
    before_ms = day * DAY_MS
    with transaction(connection):
        raise_number(connection, EARLIEST_DAY, day)
        forgotten = Forgotten(
            encounters=_delete(connection, "encounters WHERE start_ms < ?", before_ms),
            scans=_delete(connection, "scans WHERE start_ms < ?", before_ms),
            own_keys=_delete(
                connection,
                "own_keys WHERE start_interval + period <= ?",
                day * INTERVALS_PER_DAY,
            ),
            exposures=_delete(connection, "exposures WHERE day < ?", day),
            decisions=_delete(connection, "decisions WHERE decided_ms < ?", before_ms),
            processed_exports=_delete(
                connection,
                "processed_exports WHERE processed_ms < ?",
                before_ms - PROCESSED_EXPORT_GRACE_DAYS * DAY_MS,
            ),
        )
    _remove_traces(connection)
    return forgotten


def forget_everything(connection: sqlite3.Connection) -> Forgotten:
    """Forget all rows, also the remembered indexes and the state.

    Call `require_alone` first, then `remove_sealing_key`: the state names the key.

    Raises
    ------
    LockedError, StoreError
        As `forget_before`.
    """
    with transaction(connection):
        forgotten = Forgotten(
            *(_delete(connection, f"{table} WHERE ?", 1) for table in Forgotten._fields)
        )
        _delete(connection, "remembered_index WHERE ?", 1)
        _delete(connection, "state WHERE ?", 1)
    _remove_traces(connection)
    return forgotten


def require_alone(connection: sqlite3.Connection) -> None:
    """See that no other process has the store open.

    Raises
    ------
    LockedError
        If one has: it would go on with the keys and encounters that it holds.
    StoreError
        If the store cannot be written.
    """
    with storage_errors():
        # Only who has the file open alone may leave WAL.
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA journal_mode = WAL")


def _delete(connection: sqlite3.Connection, selection: str, bound: int) -> int:
    # `selection` is one of the literals above.
    return connection.execute(f"DELETE FROM {selection}", (bound,)).rowcount  # noqa: S608


def _remove_traces(connection: sqlite3.Connection) -> None:
    """Rebuild the file: cells that once moved between pages leave copies behind."""
    with storage_errors():
        connection.execute("VACUUM")
        ((busy, _, _),) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    if busy:
        raise LockedError(
            "Another process reads the store: the rows are forgotten, but their traces"
            " are still in the files.",
            "Wait for it to end, then repeat.",
        )
