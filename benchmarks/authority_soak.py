"""Half load for a while, the worker publishing, and everything killed in the middle.

Run as `python benchmarks/authority_soak.py [--seconds S] [--kills N] [--pairs N]
[--database D]`; `make soak` runs ten minutes of it on each database. Server, worker and
database get `kill -9` in turn and are started again; with SQLite the server is the
database. A device sends again what was not acknowledged. At the end, every acknowledged
key must be in exactly one signed file, and nothing else but padding. Before, pairs of
real and chaff requests go out: neither latencies nor sizes may tell them apart.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from authority_load import (
    COMMAND,
    OTHER_CORE,
    Server,
    Upload,
    found,
    make_uploads,
    post_request,
)
from authority_postgres import Postgres
from authority_sender import Sent, drive
from sqlalchemy import func, select

from proximity.authority.assembly import open_authority
from proximity.authority.database import reading
from proximity.authority.publish.taking import PADDING
from proximity.authority.upload.model import exposures
from proximity.protocol.export import open_export
from proximity.protocol.public_keys import parse_public_keys

CONNECTIONS = 32
CHUNK_S = 10.0
PAIRS = 500
_WORKER_PAUSE_S = 2.0
_LEAST_AUC, _MOST_AUC = 0.43, 0.57


class Calm(NamedTuple):
    """How long answers took while nothing was killed, milliseconds."""

    p50_ms: float
    p99_ms: float


class Authority:
    """The processes of one authority; whoever kills one starts it again.

    Parameters
    ----------
    directory : Path
    postgres : Postgres or None
        None for SQLite.
    """

    def __init__(self, directory: Path, postgres: Postgres | None) -> None:
        self.directory = directory
        self.postgres = postgres
        self.server = Server(directory)
        self.kills: Counter[str] = Counter()
        self.runs: Counter[str] = Counter()
        self._worker: subprocess.Popen[bytes] | None = None
        self._ended = threading.Event()
        self._publishing = threading.Thread(target=self._publish)

    def start_publishing(self) -> None:
        """Let the worker run again and again."""
        self._publishing.start()

    def kill(self, what: str) -> None:
        """Kill one part without a word, and start it again."""
        if what == "server":
            port = self.server.port
            self.server.stop(signal.SIGKILL)
            self.server = Server(self.directory, port)
        elif what == "database" and self.postgres is not None:
            self.postgres.kill()
        elif not self._kill_worker():
            return
        self.kills[what] += 1

    def close(self) -> None:
        """End all, the worker after one whole run."""
        self._ended.set()
        if self._publishing.is_alive():
            self._publishing.join()
        work = self._start_worker()
        if work.wait(300):
            raise SystemExit("the last run of the worker failed")
        self.server.stop()

    def _publish(self) -> None:
        while not self._ended.wait(_WORKER_PAUSE_S):
            self._worker = self._start_worker()
            status = self._worker.wait()
            self.runs["whole" if status == 0 else "broken off"] += 1

    def _kill_worker(self) -> bool:
        # In the middle of what it does: it needs about a second before it begins.
        for _ in range(2_000):
            worker = self._worker
            if worker is not None and worker.poll() is None:
                time.sleep(random.uniform(0.5, 2.5))
                if worker.poll() is None:
                    worker.send_signal(signal.SIGKILL)
                    return True
            time.sleep(0.005)
        return False

    def _start_worker(self) -> subprocess.Popen[bytes]:
        arguments = ("authority", "worker", "--data", str(self.directory), "--once")
        with (self.directory / "worker.log").open("ab") as log:
            return subprocess.Popen([*COMMAND, *arguments], stdout=log, stderr=log)


def auc(first: Sequence[float], second: Sequence[float]) -> float:
    """Return how often a value of the second is larger than one of the first."""
    a, b = np.sort(np.asarray(first)), np.asarray(second)
    below, above = np.searchsorted(a, b, "left"), np.searchsorted(a, b, "right")
    return float(np.mean(below + above) / 2 / len(a))


class Soak:
    """The devices of one authority, and what of theirs was acknowledged."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority
        self.acknowledged: set[bytes] = set()
        self.sent_again = 0

    def tell_apart(self, pairs: int) -> dict[str, float]:
        """Send real and chaff requests in random turns; return the AUC of each."""
        # So many real answers before make up what chaff looks like.
        self._upload(self._uploads(100), connections=1)
        real = self._uploads(pairs)
        port = self._authority.server.port
        fields: dict[str, Any] = {"temporaryExposureKeys": [], "padding": ""}
        chaff = post_request(fields, port, "X-Chaff: 1\r\n")
        kinds = [*("real",) * pairs, *("chaff",) * pairs]
        random.shuffle(kinds)
        requests = iter([each.request for each in real])
        order = [next(requests) if kind == "real" else chaff for kind in kinds]
        answers = drive(port, order, connections=1)
        seen: dict[str, list[Sent]] = {"real": [], "chaff": []}
        for kind, sent in zip(kinds, answers, strict=True):
            seen[kind].append(sent)
        self._note(real, seen["real"])
        return {
            name: auc(
                [getattr(sent, name) for sent in seen["real"]],
                [getattr(sent, name) for sent in seen["chaff"]],
            )
            for name in ("latency_s", "size")
        }

    def half_rate(self, count: int) -> float:
        """Return half of what the server takes at its fastest, uploads a second."""
        uploads = self._uploads(count)
        begin = time.perf_counter()
        self._upload(uploads)
        return count / (time.perf_counter() - begin) / 2

    def load(self, seconds: float, kills: int, rate: float) -> Calm:
        """Upload at a rate while parts are killed; a calm stretch is between two."""
        chunks = max(round(seconds / CHUNK_S), 2 * kills + 1)
        parts = ["server", "worker"]
        if self._authority.postgres is not None:
            parts.append("database")
        calm: list[float] = []
        for chunk in range(chunks):
            uploads = self._uploads(round(rate * seconds / chunks))
            killer = None
            if chunk % 2 and chunk // 2 < kills:
                what = parts[chunk // 2 % len(parts)]
                delay_s = seconds / chunks * random.uniform(0.2, 0.6)
                killer = threading.Timer(delay_s, self._authority.kill, [what])
                killer.start()
            answers = self._upload(uploads, rate=rate)
            if killer is None:
                calm += [sent.latency_s for sent in answers]
            else:
                killer.join()
        middle, late = np.percentile(calm, [50, 99])
        return Calm(1e3 * float(middle), 1e3 * float(late))

    def _uploads(self, count: int) -> list[Upload]:
        authority = self._authority
        return make_uploads(authority.directory, count, authority.server.port)

    def _upload(
        self,
        uploads: Sequence[Upload],
        *,
        connections: int = CONNECTIONS,
        rate: float | None = None,
    ) -> list[Sent]:
        requests = [each.request for each in uploads]
        port = self._authority.server.port
        answers = drive(port, requests, connections=connections, rate=rate)
        self._note(uploads, answers)
        return answers

    def _note(self, uploads: Sequence[Upload], answers: Sequence[Sent]) -> None:
        if any(sent.status != 200 for sent in answers):
            raise SystemExit("an upload was refused")
        self.acknowledged |= {key for each in uploads for key in each.keys}
        self.sent_again += sum(sent.tries > 1 for sent in answers)


def check_published(directory: Path, acknowledged: set[bytes]) -> dict[str, int]:
    """Make sure that every acknowledged key is in one file, among padding alone."""
    pinned = parse_public_keys((directory / "public_keys.json").read_bytes())
    folder, shown = directory / "exports", Counter[bytes]()
    names = (folder / "index.txt").read_text("ascii").split()
    for name in names:
        export = open_export(folder / name).verify([k.verification_key for k in pinned])
        rows = export.read()
        if len(rows.revised.key):
            raise SystemExit("a key was changed that nobody changed")
        shown.update(row.tobytes() for row in rows.keys.key)
    authority = open_authority(directory)
    with reading(authority.engine) as connection:
        padding = connection.scalar(
            select(func.count()).where(exposures.c.origin == PADDING)
        )
    authority.engine.dispose()
    missing = sum(1 for key in acknowledged if key not in shown)
    twice = sum(1 for count in shown.values() if count > 1)
    foreign = len(shown) - (len(acknowledged) - missing) - int(padding or 0)
    if missing or twice or foreign:
        raise SystemExit(
            f"{missing} acknowledged keys are not published, {twice} twice, "
            f"{foreign} that nobody uploaded"
        )
    return {"files": len(names), "keys": len(acknowledged), "padding": padding or 0}


def soak(options: argparse.Namespace) -> dict[str, Any]:
    """Run it all; return what is to be reported."""
    database, seconds = options.database, options.seconds
    postgres = Postgres() if database == "postgresql" else None
    try:
        with tempfile.TemporaryDirectory() as folder:
            directory = found(Path(folder), postgres.url if postgres else "")
            authority = Authority(directory, postgres)
            try:
                devices = Soak(authority)
                apart = devices.tell_apart(options.pairs) if options.pairs else {}
                authority.start_publishing()
                rate = devices.half_rate(1_000 if seconds < CHUNK_S * 10 else 8_000)
                calm = devices.load(seconds, options.kills, rate)
            finally:
                authority.close()
            return {
                "database": database,
                "seconds": seconds,
                "rate": round(rate),
                **{name: round(value, 1) for name, value in calm._asdict().items()},
                "auc": {name: round(value, 3) for name, value in apart.items()},
                "kills": dict(authority.kills),
                "worker_runs": dict(authority.runs),
                "sent_again": devices.sent_again,
                **check_published(directory, devices.acknowledged),
            }
    finally:
        if postgres is not None:
            postgres.close()


def main() -> None:
    """Soak one database and report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--pairs", type=int, default=PAIRS)
    parser.add_argument("--latency", action="store_true", help="insist on its AUC")
    parser.add_argument(
        "--database", default="sqlite", choices=["sqlite", "postgresql"]
    )
    options = parser.parse_args()
    os.sched_setaffinity(0, {OTHER_CORE})
    report = soak(options)
    print(json.dumps(report, indent=1))
    told = {n: a for n, a in report["auc"].items() if not _LEAST_AUC <= a <= _MOST_AUC}
    if not options.latency:
        # On a busy machine one run says little of latencies.
        told.pop("latency_s", None)
    if told:
        raise SystemExit(f"real and chaff requests can be told apart by {told}")


if __name__ == "__main__":
    main()
