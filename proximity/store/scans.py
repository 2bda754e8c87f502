"""Scans: when this device listened, also when it heard nothing."""

import sqlite3
from dataclasses import dataclass

import numpy as np

from proximity.protocol.sighting import Scans
from proximity.store.connection import read_rows, transaction
from proximity.store.series import floor_to_step

_UNKNOWN_MS = -1


@dataclass(frozen=True, slots=True)
class Scan:
    """One listening period.

    Attributes
    ----------
    start_ms, end_ms : int
        Unix milliseconds by the wall clock of the device.
    backend : str
        What listened, for example "bleak" or "recorded".
    monotonic_ms : int | None
        Monotonic milliseconds at the start.
    duty : float
        Share of the time in which the radio really listened, 0..1.
    """

    start_ms: int
    end_ms: int
    backend: str
    monotonic_ms: int | None = None
    duty: float = 1.0


def record_scan(connection: sqlite3.Connection, scan: Scan) -> None:
    """Store a scan that has ended; many at once are faster within a `transaction`.

    Its times are rounded down to the store's steps, as those of sightings are, so
    that a sighting within a scan stays within it.

    Raises
    ------
    ValueError
        If it ends before it starts, or its duty is not within 0..1.
    LockedError, StoreError
        If it cannot be stored.
    """
    if scan.end_ms < scan.start_ms or not 0 <= scan.duty <= 1:
        raise ValueError("a scan ends after it starts, and its duty is within 0..1")
    monotonic = _UNKNOWN_MS if scan.monotonic_ms is None else scan.monotonic_ms
    with transaction(connection):
        connection.execute(
            "INSERT INTO scans (start_ms, end_ms, monotonic_ms, backend, duty)"
            " VALUES (?, ?, ?, ?, ?)",
            (
                floor_to_step(scan.start_ms),
                floor_to_step(scan.end_ms),
                monotonic,
                scan.backend,
                scan.duty,
            ),
        )


def read_scans(connection: sqlite3.Connection, from_ms: int, to_ms: int) -> Scans:
    """Return the scans that overlap a span, in the order they were recorded.

    Parameters
    ----------
    connection : sqlite3.Connection
    from_ms, to_ms : int
        Unix milliseconds; `to_ms` is not part of the span.

    Raises
    ------
    LockedError, StoreError
        If the store cannot be read.
    """
    rows = read_rows(
        connection,
        "SELECT start_ms, end_ms, monotonic_ms FROM scans"
        " WHERE end_ms >= ? AND start_ms < ? ORDER BY id",
        (from_ms, to_ms),
        types=(int, int, int),
    )
    columns = np.array(rows, np.int64).reshape(len(rows), 3)
    return Scans(*np.ascontiguousarray(columns.T))
