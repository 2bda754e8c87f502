"""How much room sightings take, and how fast fourteen days of them are read.

Room is measured twice: as recorded, with a flush every ten seconds and twenty devices
around at a time, and after `forget`, which rebuilds the file. Reading is compared with
a plain twin that keeps one row for each sighting, after both have given equal arrays.

    python benchmarks/storage.py [--json FILE]
"""

import argparse
import json
import platform
import sqlite3
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from proximity.protocol.sighting import Encounters, Sighting
from proximity.store.encounters import read_encounters
from proximity.store.retention import forget_before
from proximity.store.schema import open_store
from proximity.store.series import pack_series
from proximity.store.sightings import SightingLog

START_MS = 1_700_006_400_000
FLUSH_MS = 10_000
AROUND = 20
BETWEEN_MS = 2_500
EVER_MS = 1 << 62
READ_ENCOUNTERS = 20_000
READ_EACH = 100
REPEATS = 9


def main() -> None:
    """Measure, print a table, and write the figures to a file if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = {
            "machine": f"{platform.machine()}, Python {platform.python_version()},"
            f" SQLite {sqlite3.sqlite_version}",
            "room": [
                measure_room(Path(folder), each, encounters=100_000 // each)
                for each in (10, 30, 100)
            ],
            "reading": measure_reading(Path(folder)),
        }
    print_table(figures)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")


def measure_room(folder: Path, each: int, *, encounters: int) -> dict[str, float]:
    """Return bytes a sighting, with `each` sightings in an encounter."""
    path = folder / f"room-{each}.sqlite"
    connection = open_store(path)
    rng = np.random.default_rng(each)
    log = SightingLog(connection)
    flushed_ms = now_ms = START_MS
    for first in range(0, encounters, AROUND):
        ids = [rng.bytes(16) for _ in range(min(AROUND, encounters - first))]
        for _ in range(each):
            now_ms += BETWEEN_MS
            for ephemeral_id in ids:
                t_ms, rssi_dbm = now_ms + int(rng.integers(2_000)), -60
                log.record(Sighting(t_ms, rssi_dbm, "gaen", ephemeral_id, b"meta"))
            if now_ms - flushed_ms >= FLUSH_MS:
                log.flush(now_ms)
                flushed_ms = now_ms
    log.flush(now_ms)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    empty = open_store(folder / f"empty-{each}.sqlite")
    empty.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    base = size_of(empty)
    recorded = size_of(connection) - base
    forget_before(connection, 0)
    rebuilt = size_of(connection) - base
    connection.close()
    empty.close()
    sightings = encounters * each
    return {
        "sightings_an_encounter": each,
        "bytes_a_sighting_recorded": round(recorded / sightings, 2),
        "bytes_a_sighting_rebuilt": round(rebuilt / sightings, 2),
    }


def size_of(connection: sqlite3.Connection) -> int:
    """Return the size of a database in bytes."""
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    return int(pages * size)


def measure_reading(folder: Path) -> dict[str, float]:
    """Return how long two million sightings take, packed and as single rows."""
    connection = open_store(folder / "read.sqlite")
    fill(connection)
    fill_plain(connection)
    packed, plain = [], []
    for repeat in range(REPEATS):
        began = time.perf_counter()
        ours = read_encounters(connection, 0, EVER_MS)
        packed.append(time.perf_counter() - began)
        if repeat >= 3:
            continue
        began = time.perf_counter()
        theirs = read_plain(connection)
        plain.append(time.perf_counter() - began)
        for one, other in zip(ours, theirs, strict=True):
            if not np.array_equal(one, other):
                raise SystemExit("the two forms differ")
    connection.close()
    packed_s, plain_s = statistics.median(packed), statistics.median(plain)
    return {
        "sightings": READ_ENCOUNTERS * READ_EACH,
        "encounters": READ_ENCOUNTERS,
        "packed_ms": round(packed_s * 1e3, 1),
        "packed_ms_min": round(min(packed) * 1e3, 1),
        "packed_ms_max": round(max(packed) * 1e3, 1),
        "row_each_ms": round(plain_s * 1e3, 1),
        "ratio": round(plain_s / packed_s, 1),
    }


def fill(connection: sqlite3.Connection) -> None:
    """Store the encounters of fourteen days, as they are after a rebuild."""
    rng = np.random.default_rng(1)
    connection.execute("BEGIN")
    for number in range(READ_ENCOUNTERS):
        steps = np.cumsum(rng.integers(1, 60, READ_EACH)) * 100
        times = START_MS + number * 60_000 + steps
        rssi_dbm = rng.integers(-100, -40, READ_EACH).astype(np.int8)
        connection.execute(
            "INSERT INTO encounters (start_ms, end_ms, scheme, ephemeral_id, metadata,"
            " address_changed, series) VALUES (?, ?, 'gaen', ?, ?, 0, ?)",
            (
                int(times[0]),
                int(times[-1]),
                rng.bytes(16),
                rng.bytes(4),
                pack_series(times, rssi_dbm),
            ),
        )
    connection.execute("COMMIT")


def fill_plain(connection: sqlite3.Connection) -> None:
    """Store the same sightings as one row each, in a table beside."""
    encounters = read_encounters(connection, 0, EVER_MS)
    rows = np.repeat(np.arange(READ_ENCOUNTERS), np.diff(encounters.offsets)).tolist()
    ids = [value.tobytes() for value in encounters.ephemeral_id]
    metadata = [value.tobytes() for value in encounters.metadata]
    connection.execute(
        "CREATE TABLE sightings (t_ms INTEGER, rssi_dbm INTEGER, row INTEGER,"
        " ephemeral_id BLOB, metadata BLOB)"
    )
    connection.execute("BEGIN")
    connection.executemany(
        "INSERT INTO sightings VALUES (?, ?, ?, ?, ?)",
        (
            (t_ms, rssi_dbm, row, ids[row], metadata[row])
            for t_ms, rssi_dbm, row in zip(
                encounters.t_ms.tolist(),
                encounters.rssi_dbm.tolist(),
                rows,
                strict=True,
            )
        ),
    )
    connection.execute("COMMIT")


def read_plain(connection: sqlite3.Connection) -> Encounters:
    """Read the twin into the same columns."""
    rows = connection.execute(
        "SELECT t_ms, rssi_dbm, row, ephemeral_id, metadata FROM sightings"
    ).fetchall()
    times, rssi_dbm, numbers, ids, metadata = zip(*rows, strict=True)
    row = np.array(numbers, np.int64)
    first = np.flatnonzero(np.diff(row, prepend=-1))
    return Encounters(
        ephemeral_id=as_rows([ids[i] for i in first], 16),
        metadata=as_rows([metadata[i] for i in first], 4),
        offsets=np.append(first, len(row)),
        t_ms=np.array(times, np.int64),
        rssi_dbm=np.array(rssi_dbm, np.int8),
    )


def as_rows(values: list[bytes], width: int) -> np.ndarray:
    """Return equally long byte strings as rows."""
    return np.frombuffer(b"".join(values), np.uint8).reshape(-1, width)


def print_table(figures: dict) -> None:
    """Print the figures for people."""
    print(figures["machine"])
    print("\nsightings an encounter   bytes a sighting: as recorded   after a rebuild")
    for row in figures["room"]:
        print(
            f"{row['sightings_an_encounter']:>22}"
            f"{row['bytes_a_sighting_recorded']:>32}"
            f"{row['bytes_a_sighting_rebuilt']:>18}"
        )
    reading = figures["reading"]
    print(
        f"\nreading {reading['sightings']:,} sightings in {reading['encounters']:,}"
        f" encounters: {reading['packed_ms']} ms"
        f" [{reading['packed_ms_min']}..{reading['packed_ms_max']}];"
        f" one row each {reading['row_each_ms']} ms: {reading['ratio']} x"
    )


if __name__ == "__main__":
    main()
