"""A device at work: it advertises, listens, stores, fetches and decides until stopped.

Each kind of work is a task of its own. When one fails, its failure is noted and it is
tried again; the others go on.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import TypeVar

from proximity.client.aside import Aside
from proximity.client.engine import Engine, ExportOutcome
from proximity.client.health_log import HealthLog, Work
from proximity.client.notices import Notice
from proximity.client.own_broadcast import CARRIERS, ID_LENGTH_S, Form
from proximity.client.schedule import (
    Chance,
    ScanSchedule,
    first_update_delay_s,
    next_update_delay_s,
    retry_delay_s,
    seconds_to_next_id,
    update_retry_delay_s,
)
from proximity.errors import (
    AdvertisingUnsupportedError,
    ProximityError,
    RadioError,
    StoreError,
)
from proximity.radio.advertiser import INTERVAL_MS, Advertiser
from proximity.radio.scanner import Heard, Scanner, ScanReport, sighting_of
from proximity.store.scans import Scan
from proximity.units import Clock, day_of

FLUSH_EVERY_S = 10.0
# A clock that is set, or a machine that slept, moves the end of an interval.
_LONGEST_SLEEP_S = 10.0
# Less than a clock can tell apart, just before a boundary, would be no sleep at all.
_SHORTEST_SLEEP_S = 0.05
_FORGET_CHECK_S = 600.0
# A machine that slept finds out then how long it did.
_WAKE_CHECK_S = 60.0
# A radio that has not answered by then never will.
_PATIENCE_S = 15.0
# A month of scans that wait for a store in trouble.
_MOST_SCANS = 10_000
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Radio:
    """What a device has to listen and to advertise with.

    Attributes
    ----------
    scanner : Scanner
    advertiser : Advertiser
        Where nothing can advertise, one without carriers.
    form : Form
        In which form it advertises; the carrier is the best that can be sent.
    """

    scanner: Scanner
    advertiser: Advertiser
    form: Form


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a runner takes from the world: time, chance and threads.

    Attributes
    ----------
    clock : Clock
    chance : callable -> float
        Uniform in 0 <= x < 1.
    aside : Aside
    schedule : ScanSchedule
    """

    clock: Clock
    chance: Chance
    aside: Aside
    schedule: ScanSchedule = field(default_factory=ScanSchedule)


class Runner:
    """Everything a device does on its own.

    Parameters
    ----------
    engine : Engine
        Takes what is heard; used by the event loop's thread alone.
    open_engine : callable -> context manager of Engine
        Another engine over the same store, for slow work aside.
    radio : Radio
    world : Circumstances
    health : HealthLog
        Over the engine's own connection.
    tell : callable of Notice
        Shows a person a notice; it counts as told when this returns.
    """

    def __init__(
        self,
        engine: Engine,
        open_engine: Callable[[], AbstractContextManager[Engine]],
        radio: Radio,
        world: Circumstances,
        *,
        health: HealthLog,
        tell: Callable[[Notice], None],
    ) -> None:
        self._engine = engine
        self._open_engine = open_engine
        self._radio = radio
        self._world = world
        self._health = health
        self._tell = tell
        self._frame_lost = False
        self._scans: deque[Scan] = deque(maxlen=_MOST_SCANS)
        # Forgetting rebuilds the file: nobody else may read it then.
        self._slow_work = asyncio.Lock()

    async def run(self, *, fetches: bool) -> None:
        """Work until cancelled; then fall silent and store what was heard.

        Parameters
        ----------
        fetches : bool
            Whether there is an authority to ask.
        """
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._advertise())
                tasks.create_task(self._scan())
                tasks.create_task(self._store())
                tasks.create_task(self._forget())
                if fetches:
                    tasks.create_task(self._update())
        finally:
            self._flush()
            await self._fall_silent()

    async def _advertise(self) -> None:
        """Have the ID of each moment on air; address and ID change together."""
        failures = 0
        on_air: int | None = None
        length_s = ID_LENGTH_S[self._radio.form.scheme]
        while True:
            now_s = self._world.clock.wall()
            current = int(now_s // length_s)
            if current != on_air or self._frame_lost:
                self._frame_lost = False
                error = await self._set_frame()
                on_air = current if error is None else None
                failures = 0 if error is None else failures + 1
            wait_s = _LONGEST_SLEEP_S
            if failures:
                wait_s = retry_delay_s(failures, self._world.chance)
            await _pause(min(wait_s, seconds_to_next_id(now_s, length_s)))

    async def _set_frame(self) -> ProximityError | None:
        try:
            frame = self._frame()
            async with _answering():
                await self._radio.advertiser.set_frame(frame, INTERVAL_MS)
        except (RadioError, StoreError) as error:
            self._note(Work.ADVERTISEMENT, error)
            # The ID of an interval that is over must not stay on air.
            await self._fall_silent()
            return error
        self._note(Work.ADVERTISEMENT)
        return None

    def _frame(self) -> bytes:
        """Return the advertising data of now in the best carrier that can be sent."""
        form = self._radio.form
        possible = self._radio.advertiser.capabilities.carriers
        for carrier in CARRIERS[form.scheme]:
            if carrier in possible:
                return self._engine.advertisement(replace(form, carrier=carrier))
        raise _nothing_to_advertise_with()

    async def _fall_silent(self) -> None:
        with suppress(RadioError):
            async with _answering():
                await self._radio.advertiser.stop()

    async def _scan(self) -> None:
        schedule, world = self._world.schedule, self._world
        delay_s = schedule.first_delay_s(world.chance)
        failures = 0
        while True:
            await _pause(delay_s)
            started_s = world.clock.monotonic()
            try:
                await self._listen()
            except RadioError as error:
                failures += 1
                self._note(Work.SCAN, error)
                delay_s = retry_delay_s(failures, world.chance)
                continue
            self._note(Work.SCAN)
            if failures:
                # An adapter that comes back has forgotten what it advertised.
                self._frame_lost = True
            failures = 0
            since_s = world.clock.monotonic() - started_s
            delay_s = schedule.next_delay_s(since_s, world.chance)

    async def _listen(self) -> None:
        listen_s = self._world.schedule.listen_s
        async with _answering(listen_s):
            async for item in self._radio.scanner.listen(listen_s):
                self._take(item)

    def _take(self, item: Heard | ScanReport) -> None:
        """Let the engine take it; a store in trouble does not stop the radio."""
        try:
            if isinstance(item, ScanReport):
                self._scans.append(_scan_of(item))
                self._flush()
            elif sighting := sighting_of(item):
                self._engine.hear(sighting)
        except StoreError as error:
            self._note(Work.STORE, error)

    async def _store(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_EVERY_S)
            self._flush()

    def _flush(self) -> None:
        """Store what was heard and the scans; what cannot be stored yet, waits."""
        try:
            stored = len(self._scans)
            while self._scans:
                self._engine.scanned(self._scans[0])
                self._scans.popleft()
            stored += self._engine.flush()
        except StoreError as error:
            self._note(Work.STORE, error)
        else:
            # Nothing stored is no news, so that the disk may sleep.
            if stored:
                self._note(Work.STORE)

    async def _forget(self) -> None:
        """Forget at the start and on each new day."""
        forgotten_on: int | None = None
        while True:
            today = day_of(self._world.clock.wall())
            if today != forgotten_on:
                try:
                    await self._aside(lambda engine: engine.forget())
                    forgotten_on = today
                except StoreError as error:
                    self._note(Work.STORE, error)
            await asyncio.sleep(_FORGET_CHECK_S)

    async def _update(self) -> None:
        chance, clock = self._world.chance, self._world.clock
        self._tell_notices()
        last_s = self._health[Work.FETCH].done_s
        delay_s = first_update_delay_s(last_s, clock.wall(), chance)
        failures = 0
        while True:
            await self._wait(delay_s)
            self._flush()
            try:
                outcomes = await self._aside(lambda engine: engine.update())
            except ProximityError as error:
                failures += 1
                self._note(Work.FETCH, error)
                delay_s = update_retry_delay_s(failures, chance)
                continue
            failures = 0
            self._note(Work.FETCH)
            self._note_outcomes(outcomes)
            self._tell_notices()
            delay_s = next_update_delay_s(chance)

    def _note_outcomes(self, outcomes: list[ExportOutcome]) -> None:
        """Note what became of the exports: one that was refused is named first."""
        errors = (outcome.error for outcome in outcomes)
        self._note(Work.MATCH, next((e for e in errors if e is not None), None))

    def _tell_notices(self) -> None:
        try:
            for notice in self._engine.notices():
                self._tell(notice)
                self._engine.told(notice)
        except StoreError as error:
            self._note(Work.STORE, error)
        except OSError:
            # Nobody can read it now: it is not told, and waits in the store.
            return

    async def _wait(self, seconds: float) -> None:
        """Sleep for hours, of which those count too that the machine slept."""
        clock = self._world.clock
        wall_s, monotonic_s = clock.wall(), clock.monotonic()
        left_s = seconds
        while left_s > 0:
            await _pause(min(left_s, _WAKE_CHECK_S))
            # Awake time alone if the clock was set back.
            awake_s = clock.monotonic() - monotonic_s
            left_s = seconds - max(awake_s, clock.wall() - wall_s)

    async def _aside(self, work: Callable[[Engine], T]) -> T:
        def with_engine() -> T:
            try:
                with self._open_engine() as engine:
                    return work(engine)
            except OSError as error:
                # A big export is unpacked in the temporary folder.
                raise StoreError(
                    "The system does not let a file be read or written.",
                    "See that the disk and the temporary folder have space left.",
                ) from error

        async with self._slow_work:
            return await self._world.aside(with_engine)

    def _note(self, work: Work, error: ProximityError | None = None) -> None:
        now_s = self._world.clock.wall()
        if error is None:
            self._health.succeeded(work, now_s)
        else:
            self._health.failed(work, error, now_s)


async def _pause(seconds: float) -> None:
    """Sleep, unless this task was cancelled meanwhile."""
    task = asyncio.current_task()
    # Before Python 3.12 `asyncio.wait_for`, which radios' libraries use, loses a
    # cancellation that comes together with the answer it waits for.
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
    await asyncio.sleep(max(seconds, _SHORTEST_SLEEP_S))


@asynccontextmanager
async def _answering(busy_s: float = 0.0) -> AsyncIterator[None]:
    """Give up on a radio that does not answer, once its work should be done."""
    try:
        async with asyncio.timeout(busy_s + _PATIENCE_S):
            yield
    except TimeoutError as error:
        raise RadioError(
            "The radio does not answer.", "Switch the adapter off and on."
        ) from error


def _scan_of(report: ScanReport) -> Scan:
    # A clock that was set back within a scan must not cost the scan.
    return Scan(
        report.start_ms,
        max(report.start_ms, report.end_ms),
        report.backend,
        report.monotonic_ms,
        report.duty,
    )


def _nothing_to_advertise_with() -> AdvertisingUnsupportedError:
    return AdvertisingUnsupportedError(
        "Nothing on this machine can advertise.",
        "Others are still heard. To be heard too, use another adapter.",
    )
