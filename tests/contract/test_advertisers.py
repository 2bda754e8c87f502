"""What every advertiser does alike, run on each."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack

import pytest
from advertising_systems import (
    SYSTEMS,
    SYSTEMS_ON_KERNEL,
    Bluez,
    OnAir,
    OnKernel,
)

from proximity.errors import RadioError, RadioOffError
from proximity.protocol import bluezone
from proximity.protocol.carrier import Carrier, encode_carrier
from proximity.protocol.on_air import Kind, kind_of
from proximity.radio import bluez_advertiser
from proximity.radio.virtual_time import VirtualTimeLoop
from proximity.units import Clock

FRAMES = [encode_carrier(bytes([n]) * 20, Carrier.SERVICE_DATA) for n in range(4)]
INTERVAL_MS = 250


@pytest.fixture(
    params=[
        *(pytest.param(each, id=name) for name, each in SYSTEMS.items()),
        *(
            pytest.param(each, id=name, marks=pytest.mark.kernel)
            for name, each in SYSTEMS_ON_KERNEL.items()
        ),
    ]
)
def with_advertiser(request, monkeypatch) -> Callable:
    """Return a runner of `main(advertiser, system)`, in virtual time if it can be."""
    system = request.param()
    is_real = isinstance(system, OnKernel)

    def run(main):
        async def inside():
            loop = asyncio.get_running_loop()
            if isinstance(system, Bluez):
                monkeypatch.setattr(bluez_advertiser, "connect", system.connect)
            async with AsyncExitStack() as stack:
                advertiser = await system.open(Clock(loop.time, loop.time), stack)
                await main(advertiser, system)
                await settle()

        factory = asyncio.new_event_loop if is_real else VirtualTimeLoop
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(inside())

    return run


async def settle() -> None:
    """Wait until nothing that was begun can still go on."""
    await asyncio.sleep(0.5)


async def watched(work, system) -> OnAir:
    """Do work, and return everything that was on air meanwhile, in order."""
    task = asyncio.ensure_future(work)
    seen = system.on_air()
    while not task.done():
        await asyncio.sleep(0)
        now = system.on_air()
        assert len(now) <= 1
        seen += [pair for pair in now if pair not in seen]
    await task
    return seen


def test_every_frame_goes_on_air_under_an_address_of_its_own(with_advertiser):
    async def main(advertiser, system):
        seen = []
        for data in FRAMES:
            seen += await watched(advertiser.set_frame(data, INTERVAL_MS), system)
        pairs = set(seen)

        assert len(pairs) == len({address for address, _ in pairs}) == len(FRAMES)
        assert len({data for _, data in pairs}) == len(FRAMES)

    with_advertiser(main)


def test_the_same_frame_again_takes_a_fresh_address_too(with_advertiser):
    async def main(advertiser, system):
        await advertiser.set_frame(FRAMES[0], INTERVAL_MS)
        before = system.on_air()
        await advertiser.set_frame(FRAMES[0], INTERVAL_MS)

        assert system.on_air()[0][0] != before[0][0]

    with_advertiser(main)


@pytest.mark.parametrize(
    ("data", "kind"),
    [(encode_carrier(bytes(20), carrier), Kind.GAEN) for carrier in Carrier]
    + [(bluezone.encode_advertisement(bytes(12)), Kind.BLUEZONE)],
    ids=[*(carrier.value for carrier in Carrier), "bluezone"],
)
def test_every_carrier_and_bluezones_frame_can_be_sent(with_advertiser, data, kind):
    async def main(advertiser, system):
        await advertiser.set_frame(data, INTERVAL_MS)

        assert [kind_of(sent) for _, sent in system.on_air()] == [kind]

    with_advertiser(main)


def test_who_stops_is_silent_and_may_begin_again(with_advertiser):
    async def main(advertiser, system):
        await advertiser.stop()
        await advertiser.set_frame(FRAMES[0], INTERVAL_MS)
        await advertiser.stop()
        await settle()
        assert system.on_air() == []
        await advertiser.stop()
        await advertiser.set_frame(FRAMES[1], INTERVAL_MS)
        assert len(system.on_air()) == 1

    with_advertiser(main)


def test_a_frame_refused_halfway_leaves_no_new_pair_and_no_old_frame(with_advertiser):
    async def main(advertiser, system):
        await advertiser.set_frame(FRAMES[0], INTERVAL_MS)
        before = system.on_air()
        system.refuse()
        with pytest.raises(RadioError) as raised:
            await watched(advertiser.set_frame(FRAMES[1], INTERVAL_MS), system)
        await settle()

        assert before
        assert raised.value.hint
        assert system.on_air() == []

    with_advertiser(main)


@pytest.mark.parametrize("turns", range(0, 24, 3))
def test_a_frame_cancelled_at_any_moment_breaks_no_pair_and_can_be_stopped(
    with_advertiser, turns
):
    async def main(advertiser, system):
        await advertiser.set_frame(FRAMES[0], INTERVAL_MS)
        seen = system.on_air()
        task = asyncio.create_task(advertiser.set_frame(FRAMES[1], INTERVAL_MS))
        for _ in range(turns):
            await asyncio.sleep(0)
            seen += system.on_air()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        pairs = {*seen, *system.on_air()}
        await advertiser.stop()
        await settle()

        assert len(pairs) == len({a for a, _ in pairs}) == len({d for _, d in pairs})
        assert system.on_air() == []

    with_advertiser(main)


def test_an_adapter_that_is_gone_is_named_and_stopping_is_quiet(with_advertiser):
    async def main(advertiser, system):
        await advertiser.set_frame(FRAMES[0], INTERVAL_MS)
        system.unplug()
        with pytest.raises(RadioOffError):
            await advertiser.set_frame(FRAMES[1], INTERVAL_MS)
        await advertiser.stop()

    with_advertiser(main)
