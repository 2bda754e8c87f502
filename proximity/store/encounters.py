"""Reads stored encounters as columns, without touching single sightings."""

import sqlite3
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from proximity.protocol.sighting import Encounters
from proximity.store.connection import damaged, read_columns
from proximity.store.series import SeriesColumns, unpack_series

_SENT: dict[str, type] = {"ephemeral_id": bytes, "metadata": bytes}
_ALL = {**_SENT, "coalesce(neighbour, id)": int, "address_changed": int}


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


class _Span(NamedTuple):
    scheme: str
    from_ms: int
    to_ms: int


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
    span = _Span("gaen", from_ms, to_ms)
    (ids, metadata), series = _read(connection, _SENT, span)
    return Encounters(_byte_rows(ids, 16), _byte_rows(metadata, 4), *series)


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
    span = _Span(scheme, from_ms, to_ms)
    (ids, metadata, neighbours, changed), series = _read(connection, _ALL, span)
    return StoredEncounters(
        list(ids),
        list(metadata),
        np.array(neighbours, np.int64),
        np.array(changed, bool),
        *series,
    )


def _read(
    connection: sqlite3.Connection, columns: dict[str, type], span: _Span
) -> tuple[list[Sequence[Any]], SeriesColumns]:
    """Return the columns of the rows that have a sighting in the span, and those."""
    found: list[Sequence[Any]] = list(
        read_columns(
            connection,
            # The columns are named by the callers in this module.
            f"SELECT start_ms, series, {', '.join(columns)} FROM encounters"  # noqa: S608
            " WHERE scheme = ? AND end_ms >= ? AND start_ms < ?",
            span,
            types=(int, bytes, *columns.values()),
        )
    )
    start_ms = np.array(found[0], np.int64)
    if np.any(start_ms[1:] < start_ms[:-1]):
        # Rare, as rows are inserted while they are heard: an index would cost space in
        # each of them, and a sort by SQLite would copy every series.
        found = _taken(found, np.argsort(start_ms, kind="stable"))
    series = unpack_series(found[1], found[0])
    kept, series = _clipped(series, span)
    return found[2:] if kept is None else _taken(found[2:], kept), series


def _clipped(
    series: SeriesColumns, span: _Span
) -> tuple[NDArray[np.int64] | None, SeriesColumns]:
    """Return which rows have a sighting in the span, None for all, and those."""
    offsets, t_ms, rssi_dbm = series
    edges = t_ms[np.concatenate([offsets[:-1], offsets[1:] - 1])]
    if np.all((edges >= span.from_ms) & (edges < span.to_ms)):
        return None, series
    within = (t_ms >= span.from_ms) & (t_ms < span.to_ms)
    sizes = np.add.reduceat(within, offsets[:-1], dtype=np.int64)
    kept = np.flatnonzero(sizes)
    offsets = np.append(0, np.cumsum(sizes[kept]))
    return kept, SeriesColumns(offsets, t_ms[within], rssi_dbm[within])


def _taken(
    columns: Sequence[Sequence[Any]], rows: NDArray[np.int64]
) -> list[Sequence[Any]]:
    return [[column[row] for row in rows] for column in columns]


def _byte_rows(values: Sequence[bytes], width: int) -> NDArray[np.uint8]:
    joined = b"".join(values)
    if len(joined) != len(values) * width:
        raise damaged()
    return np.frombuffer(joined, np.uint8).reshape(len(values), width)
