"""The phones of a world on a virtual air: real engines over real controller interfaces.

Each phone is an engine with its store, a host, and a controller; what one hears is what
another's controller sent. Hours pass at once, since radios rest while nobody listens.
"""

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from proximity.client.engine import Engine
from proximity.client.own_broadcast import Form
from proximity.protocol.reception import Broadcast
from proximity.protocol.sighting import Scans
from proximity.radio.hci_radio import HciRadio, HciSettings
from proximity.radio.scanner import Heard, sighting_of
from proximity.radio.virtual import VirtualAir
from proximity.radio.virtual_time import VirtualTimeLoop
from proximity.research.phones import (
    Phone,
    Simulation,
    new_phones,
    open_engine,
    phone_form,
)
from proximity.research.world import World
from proximity.store.scans import Scan
from proximity.units import INTERVAL_S, MS_PER_S, Clock, interval_of

BACKEND = "virtual"
ADVERTISEMENT_EVERY_MS = 270


@dataclass(frozen=True, slots=True)
class _OnAir:
    """One phone while it lives."""

    engine: Engine
    radio: HciRadio
    form: Form


def live_on_air(
    world: World,
    folder: Path,
    simulation: Simulation,
    eavesdrop: Callable[[Broadcast, int], None] = lambda broadcast, t_ms: None,
) -> list[Phone]:
    """Let every phone advertise its own keys, and hear and store what reaches it.

    Parameters
    ----------
    world : World
        With an `air`; each phone listens when `scans` says so.
    folder : Path
        Where the stores are made.
    simulation : Simulation
    eavesdrop : callable of (Broadcast, int)
        Called with all that any phone hears, and when, Unix milliseconds.

    Returns
    -------
    list of Phone
        In the order of `world.phones`; their stores are closed.

    Raises
    ------
    LockedError, StoreError
        If a phone cannot store what it heard.
    """
    phones = new_phones(world, folder, simulation)
    start_s = int(world.tracks.t_ms[0]) / MS_PER_S
    with asyncio.Runner(loop_factory=lambda: VirtualTimeLoop(start_s)) as runner:
        try:
            runner.run(_live(world, phones, simulation, eavesdrop))
        except ExceptionGroup as failures:
            # One phone's failure ends the life of all: callers know the error by name.
            raise failures.exceptions[0] from failures
    return phones


async def _live(
    world: World,
    phones: list[Phone],
    simulation: Simulation,
    eavesdrop: Callable[[Broadcast, int], None],
) -> None:
    loop = asyncio.get_running_loop()
    start_s = loop.time()
    if (air := world.air) is None:
        raise ValueError("this world was recorded: it has no air")
    clock = Clock(wall=loop.time, monotonic=lambda: loop.time() - start_s)
    settings = HciSettings(BACKEND, clock, simulation.generator.bytes)
    virtual_air = VirtualAir(air.reach, simulation.generator)
    with ExitStack() as engines:
        async with asyncio.TaskGroup() as lives:
            sending = []
            for index, phone in enumerate(phones):
                engine = engines.enter_context(open_engine(phone, clock, simulation))
                radio = await virtual_air.join(settings)
                on_air = _OnAir(engine, radio, phone_form(air.tx_power_dbm[index]))
                sending.append(lives.create_task(_send(on_air)))
                lives.create_task(_listen(on_air, world.scans[index], eavesdrop))
            await _until(int(world.tracks.t_ms[-1]) / MS_PER_S)
            for task in sending:
                task.cancel()


async def _send(phone: _OnAir) -> None:
    """Advertise without end; ID and address change at every interval."""
    while True:
        frame = phone.engine.advertisement(phone.form)
        await phone.radio.set_frame(frame, ADVERTISEMENT_EVERY_MS)
        now_s = asyncio.get_running_loop().time()
        await _until((interval_of(now_s) + 1) * INTERVAL_S)


async def _listen(
    phone: _OnAir, scans: Scans, eavesdrop: Callable[[Broadcast, int], None]
) -> None:
    """Make every scan at its time, and store what it heard."""
    spans = zip(scans.start_ms.tolist(), scans.end_ms.tolist(), strict=True)
    for start_ms, end_ms in spans:
        await _until(start_ms / MS_PER_S)
        async for each in phone.radio.listen((end_ms - start_ms) / MS_PER_S):
            if isinstance(each, Heard):
                eavesdrop(Broadcast(each.address, each.data), each.t_wall_ms)
                sighting = sighting_of(each)
                if sighting is not None:
                    phone.engine.hear(sighting)
            else:
                phone.engine.scanned(
                    Scan(
                        each.start_ms,
                        each.end_ms,
                        each.backend,
                        each.monotonic_ms,
                        each.duty,
                    )
                )
        phone.engine.flush()


async def _until(t_s: float) -> None:
    await asyncio.sleep(t_s - asyncio.get_running_loop().time())
