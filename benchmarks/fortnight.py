"""A run of weeks in virtual time: memory, store, retention and keys, week by week.

One device runs as `proximity run` does, eight neighbours are heard in every scan, and
its authority publishes an export a day.

    python benchmarks/fortnight.py [--days 16]
"""

import argparse
import asyncio
import gc
import resource
import sqlite3
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import numpy as np

from proximity.authority.publish.model import PublishSettings
from proximity.authority.publish.publisher import EXPORT_FOLDER, publish
from proximity.authority.publish.signing_keys import published_keys
from proximity.client.engine import (
    RETENTION_DAYS,
    Engine,
    EngineSettings,
    Surroundings,
)
from proximity.client.health_log import HealthLog
from proximity.client.own_broadcast import Form
from proximity.client.runner import Circumstances, Radio, Runner
from proximity.protocol.gaen import encode_advertisement
from proximity.protocol.key_file import KeyFile, UploadedKey
from proximity.protocol.scheme import recognise
from proximity.radio.hci_radio import CAPABILITIES
from proximity.radio.scanner import Heard, ScanReport
from proximity.radio.virtual_time import VirtualTimeLoop
from proximity.scoring.config import built_in
from proximity.store.own_keys import list_keys
from proximity.store.schema import open_store
from proximity.store.sealing import SealingKey
from proximity.units import DAY_S, INTERVAL_S, INTERVALS_PER_DAY, Clock

START_S = 20_774 * DAY_S
NEIGHBOURS = 8
HEARD_EACH_S = 0.5
URL = "http://127.0.0.1/"
SEALING = SealingKey(bytes(32))


class Neighbourhood:
    """A radio near eight devices whose IDs and addresses change each ten minutes."""

    capabilities = CAPABILITIES

    def __init__(self, wall: Callable[[], float]) -> None:
        self.wall = wall
        self.frames = 0
        self.ids = 0
        self.on_air = b""
        self.heard = 0

    async def listen(self, seconds: float) -> AsyncIterator[Heard | ScanReport]:
        """Hear every neighbour several times."""
        start_ms = int(self.wall() * 1_000)
        for _ in range(int(seconds / HEARD_EACH_S)):
            now_ms = int(self.wall() * 1_000)
            for neighbour in range(NEIGHBOURS):
                self.heard += 1
                yield self._heard(neighbour, now_ms)
            await asyncio.sleep(HEARD_EACH_S)
        yield ScanReport(start_ms, int(self.wall() * 1_000), start_ms, "virtual", 1.0)

    def _heard(self, neighbour: int, now_ms: int) -> Heard:
        interval = now_ms // (INTERVAL_S * 1_000)
        ephemeral_id = (interval * NEIGHBOURS + neighbour).to_bytes(16, "big")
        data = encode_advertisement(ephemeral_id, bytes(4), flags=False)
        return Heard(now_ms, now_ms, data, -70, ephemeral_id[-6:], "virtual")

    async def set_frame(self, data: bytes, interval_ms: int) -> None:
        """Count frames and IDs."""
        assert interval_ms == 250
        self.frames += 1
        sent = recognise(data)
        assert sent is not None
        self.ids += sent.ephemeral_id != self.on_air
        self.on_air = sent.ephemeral_id

    async def stop(self) -> None:
        """Fall silent."""


class FolderNetwork:
    """Gives the files of the authority's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, url: str, max_bytes: int) -> bytes:
        """Return a file."""
        data = (self.folder / url.removeprefix(URL)).read_bytes()
        assert len(data) <= max_bytes
        return data


async def here(work: Callable[[], object]) -> object:
    """Do slow work at once: virtual time knows no threads."""
    return work()


def main() -> None:
    """Run for some days and print what is held at the end of each week."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=16)
    days = parser.parse_args().days
    with tempfile.TemporaryDirectory(prefix="proximity-") as name:
        run(Path(name), days)


def run(folder: Path, days: int) -> None:
    """Run a device in an empty folder."""
    loop = VirtualTimeLoop(START_S)
    random = np.random.default_rng(1)
    clock = Clock(wall=loop.time, monotonic=lambda: loop.time() - START_S)
    radio = Neighbourhood(clock.wall)
    authority, store = folder / "authority", folder / "store.sqlite"
    publish(authority, [], PublishSettings(), now_s=START_S, entropy=random.bytes)
    settings = EngineSettings(
        URL,
        tuple(key.verification_key for key in published_keys(authority)),
        built_in("en-v2"),
    )
    world = Surroundings(clock, FolderNetwork(authority / EXPORT_FOLDER), random.bytes)

    @contextmanager
    def open_engine() -> Iterator[Engine]:
        with closing(open_store(store)) as connection:
            yield Engine(connection, SEALING, settings, world)

    troubles: list[object] = []
    began = time.perf_counter()
    with closing(open_store(store)) as connection:
        runner = Runner(
            Engine(connection, SEALING, settings, world),
            open_engine,
            Radio(radio, radio, Form(-20)),
            Circumstances(clock, random.random, here),
            health=HealthLog(connection, lambda *change: troubles.append(change)),
            tell=troubles.append,
        )

        async def live() -> None:
            for day in range(1, days + 1):
                loop.call_at(START_S + day * DAY_S - 60, show, day)
                loop.call_at(START_S + day * DAY_S + 7_800, publish_yesterday)
            with suppress(TimeoutError):
                async with asyncio.timeout_at(START_S + days * DAY_S):
                    await runner.run(fetches=True)

        def publish_yesterday() -> None:
            """Publish a stranger's key of yesterday, among a thousand."""
            now_s = int(clock.wall())
            start = (now_s // DAY_S - 1) * INTERVALS_PER_DAY
            stranger = KeyFile((UploadedKey(random.bytes(16), start),))
            publish(
                authority,
                [stranger],
                PublishSettings(),
                now_s=now_s,
                entropy=random.bytes,
            )

        def show(day: int) -> None:
            if day in (1, 2) or day % 7 in (0, 1):
                line(day, connection, store)

        print("  day    store   peak    objects  encounters   scans  keys  exports")
        loop.run_until_complete(live())
        seconds = time.perf_counter() - began
        summarise(connection, radio, clock.wall())
    loop.close()
    assert troubles == []
    print(f"{days} days in {seconds:.1f} s")


def summarise(
    connection: sqlite3.Connection, radio: Neighbourhood, now_s: float
) -> None:
    """Check the keys, and print what was done."""
    oldest = connection.execute("SELECT min(start_ms) FROM scans").fetchone()[0]
    keys = list_keys(connection, SEALING)
    assert len({key.key for key in keys}) == len(keys)
    print(
        f"{radio.heard:,} sightings; {radio.ids:,} IDs sent in {radio.frames:,} frames;"
        f" the oldest scan is {now_s / DAY_S - oldest / 1_000 / DAY_S:.1f} days old"
        f" ({RETENTION_DAYS} and today are kept)"
    )


def line(day: int, connection: sqlite3.Connection, store: Path) -> None:
    """Print what is held."""

    def count(table: str) -> int:
        # The tables are literals below.
        return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608

    gc.collect()
    size_mb = store.stat().st_size / 1e6
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{day:>5} {size_mb:6.2f} MB {peak_mb:4.0f} MB {sys.getallocatedblocks():>9,}"
        f" {count('encounters'):>11,} {count('scans'):>7,} {count('own_keys'):>5}"
        f" {count('processed_exports'):>8}"
    )


if __name__ == "__main__":
    main()
