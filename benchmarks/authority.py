"""Speed of the authority's `/v1/publish` against the cost of one signature check.

Run as `python benchmarks/authority.py [requests]`; 12,000 a round unless told
otherwise. The server has core 0, the sender and PostgreSQL core 1. In every round the
ceiling is measured on core 0 while the server is idle: what a core does that only
verifies ECDSA on P-256. Then the server takes requests as fast as it can, then at half
that rate. Afterwards every key must be in the database. Medians of three rounds.
"""

import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from authority_load import (
    KEYS,
    OTHER_CORE,
    SERVER_CORE,
    Server,
    Upload,
    found,
    make_uploads,
)
from authority_postgres import Postgres
from authority_sender import drive
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from sqlalchemy import func, select

from proximity.authority.assembly import open_authority
from proximity.authority.database import reading
from proximity.authority.upload.model import exposures

ROUNDS = 3
CONNECTIONS = 64
CEILING_S = 1.0


class Round(NamedTuple):
    """One round: rates a second, times in seconds."""

    ceiling: float
    rate: float
    cpu_s: float
    database_cpu_s: float
    p50_s: float
    p99_s: float


def ceiling() -> float:
    """Return how many signatures a second the library checks, here and now."""
    algorithm = ec.ECDSA(SHA256())
    key = ec.generate_private_key(ec.SECP256R1())
    message = os.urandom(400)
    signature, public = key.sign(message, algorithm), key.public_key()
    count, begin = 0, time.process_time()
    while (now := time.process_time()) < begin + CEILING_S:
        for _ in range(100):
            public.verify(signature, message, algorithm)
        count += 100
    return count / (now - begin)


def ceiling_on_server_core() -> float:
    """Return `ceiling` on the core of the server."""
    os.sched_setaffinity(0, {SERVER_CORE})
    try:
        return ceiling()
    finally:
        os.sched_setaffinity(0, {OTHER_CORE})


def openssl_verifications() -> float:
    """Return what `openssl speed` says of the same core."""
    run = subprocess.run(
        [
            *("taskset", "-c", str(SERVER_CORE)),
            *("openssl", "speed", "-seconds", "1", "ecdsap256"),
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    return float(re.split(r"\s+", run.stdout.strip())[-1])


def measure(
    server: Server, uploads: Sequence[Upload], postgres: Postgres | None
) -> Round:
    """Take the uploads, two thirds at full speed and one third at half of it."""
    limit = ceiling_on_server_core()
    cut = len(uploads) * 2 // 3
    requests = [upload.request for upload in uploads]
    before_s = server.cpu_s()
    database_s = postgres.cpu_s() if postgres else 0.0
    begin = time.perf_counter()
    full = drive(server.port, requests[:cut], connections=CONNECTIONS)
    seconds = time.perf_counter() - begin
    cpu_s = (server.cpu_s() - before_s) / cut
    database_s = ((postgres.cpu_s() if postgres else 0.0) - database_s) / cut
    rate = cut / seconds
    half = drive(server.port, requests[cut:], connections=CONNECTIONS, rate=rate / 2)
    if any(sent.status != 200 for sent in [*full, *half]):
        raise SystemExit("an upload was not taken")
    times = sorted(sent.latency_s for sent in half)
    return Round(
        limit,
        rate,
        cpu_s,
        database_s,
        times[len(times) // 2],
        times[len(times) * 99 // 100],
    )


def check_stored(directory: Path, uploads: Sequence[Upload]) -> None:
    """Make sure that the database holds every key that was acknowledged, once."""
    authority = open_authority(directory)
    with reading(authority.engine) as connection:
        found_keys = {bytes(key) for key in connection.scalars(select(exposures.c.key))}
        rows = connection.scalar(select(func.count()).select_from(exposures))
    authority.engine.dispose()
    sent = {key for upload in uploads for key in upload.keys}
    if sent != found_keys or rows != len(sent):
        raise SystemExit("what is stored is not what was acknowledged")


def run(name: str, count: int, postgres: Postgres | None) -> None:
    """Measure one database and print its row."""
    rounds = []
    with tempfile.TemporaryDirectory() as folder:
        directory = found(Path(folder), postgres.url if postgres else "")
        server = Server(directory)
        try:
            # What a process does once is done before it is measured.
            taken = make_uploads(directory, 200, server.port)
            drive(server.port, [each.request for each in taken], connections=8)
            for _ in range(ROUNDS):
                uploads = make_uploads(directory, count, server.port)
                rounds.append(measure(server, uploads, postgres))
                taken += uploads
        finally:
            server.stop()
        check_stored(directory, taken)
    share = [each.rate / each.ceiling for each in rounds]
    middle = Round(*(statistics.median(column) for column in zip(*rounds, strict=True)))
    print(
        f"{name:<12}{middle.ceiling:10.0f}{middle.rate:10.0f}"
        f"{100 * statistics.median(share):9.1f} %"
        f" [{100 * min(share):.1f}..{100 * max(share):.1f}]"
        f"{1e6 * middle.cpu_s:10.0f}{100 / middle.cpu_s / middle.ceiling:9.1f} %"
        f"{1e6 * middle.database_cpu_s:10.0f}"
        f"{1e3 * middle.p50_s:9.1f}{1e3 * middle.p99_s:9.1f}"
    )


def main() -> None:
    """Measure both databases."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 12_000
    os.sched_setaffinity(0, {OTHER_CORE})
    load = os.getloadavg()[0]
    print(
        f"{count} uploads a round, {KEYS} keys each; load {load:.1f}; "
        f"openssl speed: {openssl_verifications():.0f} verifications/s\n"
    )
    print(
        "database      verify/s  upload/s  of ceiling          CPU us of ceiling"
        "  database us  p50 ms  p99 ms"
    )
    run("SQLite", count, None)
    postgres = Postgres()
    try:
        run("PostgreSQL", count, postgres)
    finally:
        postgres.close()


if __name__ == "__main__":
    main()
