"""A run of sixteen days in virtual time: nothing grows without bound."""

import asyncio
import gc
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from proximity.client.engine import Engine, EngineSettings, Surroundings
from proximity.client.health_log import HealthLog
from proximity.client.own_broadcast import Form
from proximity.client.runner import Circumstances, Radio, Runner
from proximity.protocol.gaen import derive_ephemeral_ids, encode_advertisement
from proximity.protocol.scheme import recognise
from proximity.radio.hci_radio import CAPABILITIES
from proximity.radio.scanner import Heard, ScanReport
from proximity.radio.virtual_time import VirtualTimeLoop
from proximity.scoring.config import built_in
from proximity.store.own_keys import OwnKey, list_keys
from proximity.store.schema import open_store
from proximity.store.sealing import SealingKey
from proximity.units import DAY_S, Clock

FIRST_DAY, DAYS, KEPT_DAYS = 20_774, 16, 14
START_S = FIRST_DAY * DAY_S
SEALING = SealingKey(bytes(32))
NEIGHBOURS = 2


class Neighbourhood:
    """A radio near devices whose IDs and addresses change each ten minutes."""

    capabilities = CAPABILITIES

    def __init__(self, wall: Callable[[], float]) -> None:
        self.wall = wall
        self.sent: list[bytes] = []

    async def listen(self, seconds: float) -> AsyncIterator[Heard | ScanReport]:
        start_ms = int(self.wall() * 1_000)
        for neighbour in range(NEIGHBOURS):
            interval = start_ms // 600_000
            value = (interval * NEIGHBOURS + neighbour).to_bytes(16, "big")
            data = encode_advertisement(value, bytes(4), flags=False)
            yield Heard(start_ms, start_ms, data, -70, value[-6:], "virtual")
        await asyncio.sleep(seconds)
        yield ScanReport(start_ms, int(self.wall() * 1_000), start_ms, "virtual", 1.0)

    async def set_frame(self, data: bytes, interval_ms: int) -> None:
        sent = recognise(data)
        assert sent is not None
        self.sent.append(sent.ephemeral_id)

    async def stop(self) -> None:
        pass


class NothingPublished:
    """An authority without exports."""

    def get(self, url: str, max_bytes: int) -> bytes:
        return b""


@dataclass(frozen=True)
class Held:
    """What a device holds at the end of a day."""

    encounters: int
    scans: int
    oldest_scan_day: int
    keys: list[OwnKey]
    file_bytes: int
    objects: int


async def here(work: Callable[[], object]) -> object:
    return work()


def live(folder: Path) -> tuple[dict[int, Held], list[bytes], list[object]]:
    """Return what was held day by day, the IDs sent, and all that went wrong."""
    store = folder / "store.sqlite"
    loop = VirtualTimeLoop(START_S)
    random = np.random.default_rng(1)
    clock = Clock(wall=loop.time, monotonic=lambda: loop.time() - START_S)
    radio = Neighbourhood(clock.wall)
    settings = EngineSettings("http://127.0.0.1/", (), built_in("en-v2"))
    world = Surroundings(clock, NothingPublished(), random.bytes)
    held: dict[int, Held] = {}
    troubles: list[object] = []

    @contextmanager
    def open_engine() -> Iterator[Engine]:
        with closing(open_store(store)) as connection:
            yield Engine(connection, SEALING, settings, world)

    with closing(open_store(store)) as connection:

        def number(query: str) -> int:
            return connection.execute(query).fetchone()[0]

        def look(day: int) -> None:
            gc.collect()
            held[day] = Held(
                number("SELECT count(*) FROM encounters"),
                number("SELECT count(*) FROM scans"),
                number("SELECT min(start_ms) FROM scans") // 1_000 // DAY_S,
                list_keys(connection, SEALING),
                number("PRAGMA page_count") * number("PRAGMA page_size"),
                sys.getallocatedblocks(),
            )

        async def run() -> None:
            for day in range(DAYS):
                loop.call_at(START_S + (day + 1) * DAY_S - 60, look, FIRST_DAY + day)
            with suppress(TimeoutError):
                async with asyncio.timeout_at(START_S + DAYS * DAY_S):
                    await runner.run(fetches=True)

        runner = Runner(
            Engine(connection, SEALING, settings, world),
            open_engine,
            Radio(radio, radio, Form(-20)),
            Circumstances(clock, random.random, here),
            health=HealthLog(connection, lambda *change: troubles.append(change)),
            tell=troubles.append,
        )
        loop.run_until_complete(run())
    loop.close()
    return held, radio.sent, troubles


def every_id_is_sent_once(sent: list[bytes]) -> None:
    # One ID for each ten minutes; the last interval may have just begun.
    assert len(sent) - DAYS * 144 in (0, 1)
    assert len(set(sent)) == len(sent)


def each_day_has_a_key_whose_ids_are_sent(
    held: dict[int, Held], sent: list[bytes]
) -> None:
    keys = held[FIRST_DAY + DAYS - 1].keys

    assert len({own.key for own in keys}) == len(keys)
    for own in keys:
        day = own.start_interval // 144 - FIRST_DAY
        ids = derive_ephemeral_ids(own.key, own.start_interval, own.period)
        assert [row.tobytes() for row in ids] == sent[day * 144 : (day + 1) * 144]


def what_is_older_than_fourteen_days_is_forgotten(held: dict[int, Held]) -> None:
    for day, each in held.items():
        oldest = max(FIRST_DAY, day - KEPT_DAYS)
        assert each.oldest_scan_day == oldest
        assert [own.start_interval // 144 for own in each.keys] == [
            *range(oldest, day + 1)
        ]


def store_and_memory_stop_growing(held: dict[int, Held]) -> None:
    full, later = held[FIRST_DAY + KEPT_DAYS], held[FIRST_DAY + DAYS - 1]

    assert later.encounters == full.encounters == 15 * 144 * NEIGHBOURS
    assert abs(later.scans - full.scans) <= 0.01 * full.scans
    assert later.file_bytes <= 1.02 * full.file_bytes
    assert full.file_bytes < 1_000_000
    # What a run keeps in memory does not depend on how long it runs.
    assert later.objects - held[FIRST_DAY + 1].objects < 5_000


# One test: the sixteen days take some ten seconds to live.
def test_keys_rotate_and_nothing_grows_without_bound_over_a_fortnight(tmp_path: Path):
    held, sent, troubles = live(tmp_path)

    assert troubles == []
    assert len(held) == DAYS
    every_id_is_sent_once(sent)
    each_day_has_a_key_whose_ids_are_sent(held, sent)
    what_is_older_than_fourteen_days_is_forgotten(held)
    store_and_memory_stop_growing(held)
