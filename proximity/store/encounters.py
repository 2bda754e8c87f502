"""Reads stored encounters as columns, without touching single sightings."""

import sqlite3
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from proximity.protocol.sighting import Encounters
from proximity.store.connection import damaged, read_rows
from proximity.store.series import unpack_series


class StoredEncounters(NamedTuple):
    """Encounter rows of one scheme in columns, ascending by their first sighting.

    Attributes
    ----------
    ephemeral_id, metadata : list of bytes
        One for each row.
    neighbour : int64[n]
        Equal for rows that are known to be of one device.
    address_changed : bool[n]
        Whether the sender's address changed under the ID.
    offsets : int64[n + 1]
        Row i holds sightings `offsets[i]:offsets[i + 1]`.
    t_ms : int64[m]
        Unix milliseconds, ascending within a row.
    rssi_dbm : int8[m]
        `MISSING_RSSI_DBM` where it was not measured.
    """

    ephemeral_id: list[bytes]
    metadata: list[bytes]
    neighbour: NDArray[np.int64]
    address_changed: NDArray[np.bool_]
    offsets: NDArray[np.int64]
    t_ms: NDArray[np.int64]
    rssi_dbm: NDArray[np.int8]

    def __repr__(self) -> str:
        """Tell how many rows there are, never whose."""
        return f"<StoredEncounters n={len(self.ephemeral_id)}>"


def read_encounters(
    connection: sqlite3.Connection, from_ms: int, to_ms: int
) -> Encounters:
    """Return the gaen sightings of a span.

    Parameters
    ----------
    connection : sqlite3.Connection
    from_ms, to_ms : int
        Unix milliseconds; `to_ms` is not part of the span.

    Returns
    -------
    Encounters
        Ascending by the first sighting of a row. One ephemeral ID may have several
        rows: a row is closed when it is long or old.

    Raises
    ------
    LockedError, StoreError
        If the store cannot be read.
    """
    stored = read_stored_encounters(connection, "gaen", from_ms, to_ms)
    return Encounters(
        ephemeral_id=_byte_rows(stored.ephemeral_id, 16),
        metadata=_byte_rows(stored.metadata, 4),
        offsets=stored.offsets,
        t_ms=stored.t_ms,
        rssi_dbm=stored.rssi_dbm,
    )


def read_stored_encounters(
    connection: sqlite3.Connection, scheme: str, from_ms: int, to_ms: int
) -> StoredEncounters:
    """Return the sightings of a span in any scheme, and who goes with whom.

    Parameters
    ----------
    connection : sqlite3.Connection
    scheme : str
        For example "bluezone".
    from_ms, to_ms : int
        Unix milliseconds; `to_ms` is not part of the span.

    Raises
    ------
    LockedError, StoreError
        If the store cannot be read.
    """
    rows = read_rows(
        connection,
        "SELECT start_ms, ephemeral_id, metadata, coalesce(neighbour, id),"
        " address_changed, series FROM encounters"
        " WHERE end_ms >= ? AND start_ms < ? AND scheme = ?",
        (from_ms, to_ms, scheme),
    )
    # Nearly in order already, as rows are inserted while they are heard: a sort by
    # SQLite would copy every series, an index would cost space in every row.
    rows.sort(key=itemgetter(0))
    starts, ids, metadata, neighbours, changed, packed = _columns(rows)
    series = unpack_series(packed, starts)
    stored = StoredEncounters(
        ids, metadata, np.array(neighbours, np.int64), np.array(changed, bool), *series
    )
    return _clipped(stored, from_ms, to_ms)


def _columns(rows: list[tuple[Any, ...]]) -> list[list[Any]]:
    if not rows:
        return [[] for _ in range(6)]
    return [list(column) for column in zip(*rows, strict=True)]


def _clipped(stored: StoredEncounters, from_ms: int, to_ms: int) -> StoredEncounters:
    """Leave out the sightings, and then the rows, that lie outside a span."""
    t_ms, first = stored.t_ms, stored.offsets[:-1]
    if not len(t_ms) or (t_ms.min() >= from_ms and t_ms.max() < to_ms):
        return stored
    within = (t_ms >= from_ms) & (t_ms < to_ms)
    sizes = np.add.reduceat(within, first, dtype=np.int64)
    kept = np.flatnonzero(sizes)
    return StoredEncounters(
        ephemeral_id=[stored.ephemeral_id[row] for row in kept],
        metadata=[stored.metadata[row] for row in kept],
        neighbour=stored.neighbour[kept],
        address_changed=stored.address_changed[kept],
        offsets=np.concatenate([[0], np.cumsum(sizes[kept])]).astype(np.int64),
        t_ms=t_ms[within],
        rssi_dbm=stored.rssi_dbm[within],
    )


def _byte_rows(values: list[bytes], width: int) -> NDArray[np.uint8]:
    joined = b"".join(values)
    if len(joined) != len(values) * width:
        raise damaged()
    return np.frombuffer(joined, np.uint8).reshape(len(values), width)
