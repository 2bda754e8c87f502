"""From keys in the database to signed files: one run of the real worker.

Run as `python benchmarks/authority_worker.py [keys]`; 1,400,000 unless told otherwise.
The worker is `proximity authority worker --once` on core 0, PostgreSQL has core 1.
Afterwards every key must be in exactly one file that verifies.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from authority_load import COMMAND, KEYS, OTHER_CORE, SERVER_CORE, found
from authority_postgres import Postgres

from proximity.authority.assembly import open_authority
from proximity.authority.upload.fresh_uploads import store_fresh
from proximity.authority.upload.model import AcceptedKey, Upload
from proximity.protocol.diagnosis_key import ReportType
from proximity.protocol.export import open_export
from proximity.protocol.public_keys import parse_public_keys
from proximity.units import DAY_S, INTERVALS_PER_DAY

GROUP = 5_000


def fill(directory: Path, count: int) -> set[bytes]:
    """Store keys as uploads do; return them."""
    authority = open_authority(directory)
    now_s = authority.now_s
    # That of yesterday may be held back yet: until two hours after its end.
    ages = range(2, KEYS + 2)
    starts = [(now_s // DAY_S - age) * INTERVALS_PER_DAY for age in ages]
    kind, made = ReportType.CONFIRMED_TEST, set()
    for _ in range(-(-count // (KEYS * GROUP))):
        uploads = [
            Upload(
                tuple(
                    AcceptedKey(os.urandom(16), start, 144, kind, 3 - age, 2)
                    for age, start in enumerate(starts)
                ),
                False,
                None,
                os.urandom(32),
                now_s,
            )
            for _ in range(GROUP)
        ]
        if not store_fresh(authority.engine, uploads, "VN", now_s=now_s):
            raise SystemExit("the keys were not stored")
        made |= {key.key for upload in uploads for key in upload.keys}
    authority.engine.dispose()
    return made


def published(directory: Path) -> list[bytes]:
    """Return the keys of all files in the index, verified as clients do."""
    pinned = parse_public_keys((directory / "public_keys.json").read_bytes())
    keys = [each.verification_key for each in pinned]
    folder, rows = directory / "exports", []
    for name in (folder / "index.txt").read_text("ascii").split():
        export = open_export(folder / name).verify(keys)
        rows.append(export.read().keys.key)
    return [row.tobytes() for row in np.concatenate(rows)]


def children_s() -> float:
    """Return the processor time of all processes that ended, seconds."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def run(name: str, count: int, postgres: Postgres | None) -> None:
    """Fill a database, let the worker run, check what it published."""
    with tempfile.TemporaryDirectory() as folder:
        directory = found(Path(folder), postgres.url if postgres else "")
        begin = time.perf_counter()
        keys = fill(directory, count)
        fill_s = time.perf_counter() - begin
        before_s, worker_s = postgres.cpu_s() if postgres else 0.0, children_s()
        begin = time.perf_counter()
        ran = subprocess.run(
            [
                *("taskset", "-c", str(SERVER_CORE), *COMMAND),
                *("authority", "worker", "--data", str(directory), "--once", "--json"),
            ],
            check=True,
            stdout=subprocess.PIPE,
        )
        seconds = time.perf_counter() - begin
        worker_s = children_s() - worker_s
        database_s = (postgres.cpu_s() if postgres else 0.0) - before_s
        report = json.loads(ran.stdout)
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        shown = published(directory)
        if report["keys"] != len(keys) or len(shown) != len(keys) or set(shown) != keys:
            raise SystemExit("what is published is not what was stored")
        size = sum(file.stat().st_size for file in (directory / "exports").iterdir())
    print(
        f"{name:<12}{len(keys):>10}{fill_s:>8.1f}{seconds:>9.1f}{worker_s:>8.1f}{database_s:>13.1f}"
        f"{usage.ru_maxrss / 1024:>9.0f}{size / 1e6:>8.1f}"
    )


def main() -> None:
    """Measure both databases."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_400_000
    os.sched_setaffinity(0, {OTHER_CORE})
    print(f"load {os.getloadavg()[0]:.1f}\n")
    print(
        "database          keys  fill s worker s   CPU s  database s  peak MB  zip MB"
    )
    run("SQLite", count, None)
    postgres = Postgres()
    try:
        run("PostgreSQL", count, postgres)
    finally:
        postgres.close()


if __name__ == "__main__":
    main()
