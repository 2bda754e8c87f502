"""Records sightings into encounters, which reach the disk every few seconds."""

import sqlite3
from collections.abc import Iterable

from proximity.protocol.sighting import MISSING_RSSI_DBM, Sighting
from proximity.store.connection import transaction
from proximity.store.neighbours import Edges, Neighbour, plain_successions
from proximity.store.open_encounter import OpenEncounter, SeriesRow
from proximity.store.series import floor_to_step

# An ephemeral ID lives for at most twenty minutes; phones scan every five or less.
IDLE_MS = 600_000
# Bounds on memory: a flood of fresh IDs closes encounters early, but loses nothing.
MAX_OPEN = 4_096
MAX_UNSTORED = 65_536
_RSSI_DBM = range(-127, 21)


class SightingLog:
    """Takes sightings as they are heard, and stores them when it is flushed.

    What `flush` has returned for is acknowledged; a kill loses at most what came
    after it. One log writes to a store at a time.

    Parameters
    ----------
    connection : sqlite3.Connection
        As `open_store` returns it.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._open: dict[tuple[str, bytes, bytes], OpenEncounter] = {}
        self._at_address: dict[tuple[str, bytes], OpenEncounter] = {}
        self._unstored = 0
        self._evicted_ms: int | None = None

    def record(self, sighting: Sighting) -> None:
        """Take one sighting; it is kept in memory until the next flush.

        Parameters
        ----------
        sighting : Sighting
            Its time is rounded down to 100 ms; its address is only compared.

        Raises
        ------
        ValueError
            If the RSSI is not within -127..20, or a gaen sighting has not 16 bytes of
            ID and 4 of metadata.
        LockedError, StoreError
            If memory is full and the disk does not take it.
        """
        rssi_dbm = _checked_rssi(sighting)
        if self._unstored >= MAX_UNSTORED:
            self._store()
        encounter = self._encounter(sighting)
        self._follow_address(encounter, sighting)
        encounter.hear(floor_to_step(sighting.t_ms), rssi_dbm)
        self._unstored += 1

    def flush(self, now_ms: int) -> int:
        """Store durably all that was recorded, and close what has gone silent.

        Parameters
        ----------
        now_ms : int
            Unix milliseconds.

        Returns
        -------
        int
            Number of sightings that are acknowledged by this call.

        Raises
        ------
        LockedError, StoreError
            If the disk does not take it: everything stays in memory for the next try.
        """
        acknowledged = self._store()
        self._close_idle(now_ms)
        return acknowledged

    def _encounter(self, sighting: Sighting) -> OpenEncounter:
        key = (sighting.scheme, sighting.ephemeral_id, sighting.metadata)
        encounter = self._open.get(key)
        if encounter and abs(sighting.t_ms - encounter.edges.last_ms) > IDLE_MS:
            self._store()
            self._close_idle(sighting.t_ms)
            encounter = None
        if encounter is None:
            if len(self._open) >= MAX_OPEN:
                self._evict(sighting.t_ms)
            encounter = self._open[key] = self._begin(sighting)
        return encounter

    def _begin(self, sighting: Sighting) -> OpenEncounter:
        t_ms = floor_to_step(sighting.t_ms)
        edges = Edges(sighting.scheme, Neighbour(), t_ms, t_ms)
        if sighting.address is not None:
            before = self._at_address.get((sighting.scheme, sighting.address))
            if before is not None:
                edges.neighbour = before.edges.neighbour
                edges.known_before = before.edges.known_after = True
        if self._evicted_ms is not None and abs(t_ms - self._evicted_ms) <= IDLE_MS:
            # It may well have been open before the flood: nothing says it began now.
            edges.known_before = True
        return OpenEncounter(edges, sighting.ephemeral_id, sighting.metadata)

    def _follow_address(self, encounter: OpenEncounter, sighting: Sighting) -> None:
        if sighting.address is None or sighting.address == encounter.address:
            return
        scheme = sighting.scheme
        if encounter.address is not None:
            encounter.address_changed = True
            if self._at_address.get((scheme, encounter.address)) is encounter:
                del self._at_address[scheme, encounter.address]
        encounter.address = sighting.address
        self._at_address[scheme, sighting.address] = encounter

    def _store(self) -> int:
        """Write every row that holds something new, in one transaction."""
        if self._connection.in_transaction:
            raise ValueError("sightings are stored by a transaction of their own")
        waiting = [e for e in self._open.values() if e.unstored_rows()]
        if not waiting:
            return 0
        fresh: list[SeriesRow | Neighbour] = []
        try:
            with transaction(self._connection):
                for encounter in waiting:
                    _write_rows(self._connection, encounter, fresh)
        except BaseException:
            for each in fresh:
                each.row = None
            raise
        for encounter in waiting:
            for row in encounter.rows:
                row.stored = len(row.t_ms)
            del encounter.rows[:-1]
        acknowledged, self._unstored = self._unstored, 0
        return acknowledged

    def _close_idle(self, now_ms: int) -> None:
        """Forget in memory what is stored and silent; join what goes on elsewhere."""
        ended = [
            e for e in self._open.values() if abs(now_ms - e.edges.last_ms) > IDLE_MS
        ]
        if not ended:
            return
        known = [encounter.edges for encounter in self._open.values()]
        pairs = plain_successions([encounter.edges for encounter in ended], known)
        # From the last change to the first, so that a chain of them gets one name.
        renames = [(b.neighbour, a.neighbour) for b, a in reversed(pairs)]
        if renames:
            with transaction(self._connection):
                for before, after in renames:
                    _join(self._connection, before, after)
        for before, after in renames:
            _rename(known, before, after)
        self._drop(ended)

    def _evict(self, now_ms: int) -> None:
        """Store everything, then stop following the half that was silent longest."""
        self._store()
        by_silence = sorted(self._open.values(), key=lambda e: e.edges.last_ms)
        self._drop(by_silence[: MAX_OPEN // 2])
        self._evicted_ms = now_ms

    def _drop(self, encounters: Iterable[OpenEncounter]) -> None:
        for encounter in encounters:
            scheme = encounter.edges.scheme
            del self._open[scheme, encounter.ephemeral_id, encounter.metadata]
            address = encounter.address
            if address and self._at_address.get((scheme, address)) is encounter:
                del self._at_address[scheme, address]


def _checked_rssi(sighting: Sighting) -> int:
    sizes = (len(sighting.ephemeral_id), len(sighting.metadata))
    if sighting.scheme == "gaen" and sizes != (16, 4):
        raise ValueError("a gaen sighting has 16 bytes of ID and 4 of metadata")
    if sighting.rssi_dbm is None:
        return MISSING_RSSI_DBM
    if sighting.rssi_dbm not in _RSSI_DBM:
        raise ValueError("RSSI is within -127..20 dBm, or None")
    return sighting.rssi_dbm


def _write_rows(
    connection: sqlite3.Connection,
    encounter: OpenEncounter,
    fresh: list[SeriesRow | Neighbour],
) -> None:
    """Insert or update; note in `fresh` what got its row number by this."""
    for row in encounter.unstored_rows():
        if row.row is not None and not _update(connection, encounter, row):
            # Forgotten meanwhile by another process: what was forgotten stays so.
            row.drop_stored()
        if row.row is None:
            row.row = _insert(connection, encounter, row)
            fresh.append(row)
        if encounter.edges.neighbour.row is None:
            encounter.edges.neighbour.row = row.row
            fresh.append(encounter.edges.neighbour)


def _insert(
    connection: sqlite3.Connection, encounter: OpenEncounter, row: SeriesRow
) -> int | None:
    values = (
        row.t_ms[0],
        row.t_ms[-1],
        encounter.edges.scheme,
        encounter.ephemeral_id,
        encounter.metadata,
        encounter.edges.neighbour.row,
        encounter.address_changed,
        row.packed(),
    )
    return connection.execute(
        "INSERT INTO encounters (start_ms, end_ms, scheme, ephemeral_id, metadata,"
        " neighbour, address_changed, series) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        values,
    ).lastrowid


def _update(
    connection: sqlite3.Connection, encounter: OpenEncounter, row: SeriesRow
) -> bool:
    changed = connection.execute(
        "UPDATE encounters SET start_ms = ?, end_ms = ?, address_changed = ?,"
        " series = ? WHERE id = ?",
        (
            row.t_ms[0],
            row.t_ms[-1],
            encounter.address_changed,
            row.packed(),
            row.row,
        ),
    )
    return changed.rowcount == 1


def _join(connection: sqlite3.Connection, before: Neighbour, after: Neighbour) -> None:
    connection.execute(
        "UPDATE encounters SET neighbour = ?1 WHERE id = ?2 OR neighbour = ?2",
        (before.row, after.row),
    )


def _rename(known: Iterable[Edges], before: Neighbour, after: Neighbour) -> None:
    for edges in known:
        if edges.neighbour is after:
            edges.neighbour = before
