import asyncio
from itertools import pairwise

import numpy as np
import pytest

from proximity.errors import AdvertisingUnsupportedError, RadioOffError
from proximity.radio.hci_radio import HciSettings
from proximity.radio.scanner import Heard, ScanReport
from proximity.radio.virtual import VirtualAir
from proximity.radio.virtual_time import VirtualTimeLoop
from proximity.units import Clock

START_S = 1_600_000_000
FRAME = bytes.fromhex("02011a0303a1fe")
OTHER_FRAME = bytes.fromhex("02011a0303a2fe")


def on_air(main):
    """Run `main(air, sender, receiver)` in virtual time, and return its result."""

    async def run():
        loop = asyncio.get_running_loop()
        generator = np.random.default_rng(0)
        clock = Clock(wall=lambda: START_S + loop.time(), monotonic=loop.time)
        settings = HciSettings("virtual", clock, generator.bytes)
        air = VirtualAir(lambda sender, receiver, t_s: -60, generator)
        return await main(air, await air.join(settings), await air.join(settings))

    loop = VirtualTimeLoop()
    try:
        return loop.run_until_complete(run())
    finally:
        loop.close()


async def hear(radio, seconds=1.0):
    return [each async for each in radio.listen(seconds)]


def test_what_is_sent_is_heard_and_the_scan_is_reported_last():
    async def main(air, sender, receiver):
        await sender.set_frame(FRAME, 250)
        return await hear(receiver, 2.0)

    *heard, report = on_air(main)

    assert len(heard) in (7, 8)
    assert {type(each) for each in heard} == {Heard}
    assert {each.data for each in heard} == {FRAME}
    assert {each.rssi_dbm for each in heard} == {-60}
    assert report == ScanReport(
        START_S * 1_000, START_S * 1_000 + 2_000, 0, "virtual", 1.0
    )
    for each in heard:
        assert report.start_ms <= each.t_wall_ms <= report.end_ms
        assert each.t_wall_ms - each.t_monotonic_ms == START_S * 1_000


def test_an_empty_scan_is_reported_too():
    async def main(air, sender, receiver):
        return await hear(receiver)

    assert [type(each) for each in on_air(main)] == [ScanReport]


def test_address_and_payload_change_together():
    async def main(air, sender, receiver):
        scan = asyncio.create_task(hear(receiver, 20.0))
        for frame in (FRAME, OTHER_FRAME) * 5:
            await sender.set_frame(frame, 100)
            await asyncio.sleep(2)
        return (await scan)[:-1]

    pairs = [(each.address, each.data) for each in on_air(main)]
    changes = [(a, b) for a, b in pairwise(pairs) if a != b]

    assert len(set(pairs)) == len({address for address, _ in pairs}) == 10
    assert len(changes) == 9


def test_an_address_does_not_resolve():
    async def main(air, sender, receiver):
        addresses = set()
        for _ in range(20):
            await sender.set_frame(FRAME, 100)
            heard = await hear(receiver, 0.3)
            addresses |= {each.address for each in heard[:-1]}
        return addresses

    addresses = on_air(main)

    assert len(addresses) == 20
    assert {address[0] >> 6 for address in addresses} == {0}


def test_a_radio_that_changes_its_frame_goes_on_listening():
    async def main(air, sender, receiver):
        await sender.set_frame(FRAME, 100)
        scan = asyncio.create_task(hear(receiver, 4.0))
        for _ in range(4):
            await asyncio.sleep(0.9)
            await receiver.set_frame(OTHER_FRAME, 250)
        return await scan

    assert len(on_air(main)) > 34


def test_scans_follow_one_another():
    async def main(air, sender, receiver):
        await sender.set_frame(FRAME, 100)
        return [await hear(receiver) for _ in range(3)]

    assert all(len(scan) > 8 for scan in on_air(main))


def test_a_second_scan_at_the_same_time_is_a_mistake():
    async def main(air, sender, receiver):
        scan = asyncio.create_task(hear(receiver))
        await asyncio.sleep(0.1)
        with pytest.raises(ValueError, match="one scan"):
            await hear(receiver)
        return await scan

    assert isinstance(on_air(main)[-1], ScanReport)


def test_who_stops_is_silent():
    async def main(air, sender, receiver):
        await sender.set_frame(FRAME, 100)
        await sender.stop()
        await sender.stop()
        silent = await hear(receiver)
        await sender.set_frame(FRAME, 100)
        return silent, await hear(receiver)

    silent, again = on_air(main)

    assert (len(silent), len(again) > 8) == (1, True)


def test_cancellation_stops_the_radio():
    async def main(air, sender, receiver):
        await sender.set_frame(FRAME, 100)
        scan = asyncio.create_task(hear(receiver, 60.0))
        await asyncio.sleep(1)
        scan.cancel()
        with pytest.raises(asyncio.CancelledError):
            await scan
        return await hear(receiver)

    assert len(on_air(main)) > 8


@pytest.mark.parametrize("steps", range(10))
def test_a_frame_that_was_cancelled_anywhere_can_be_stopped(steps):
    async def main(air, sender, receiver):
        answer_slowly(air)
        await cancelled(sender.set_frame(FRAME, 100), steps)
        await sender.stop()
        return await hear(receiver)

    assert len(on_air(main)) == 1


@pytest.mark.parametrize("steps", range(8))
def test_a_scan_that_was_cancelled_anywhere_leaves_no_controller_scanning(steps):
    async def main(air, sender, receiver):
        answer_slowly(air)
        await cancelled(hear(receiver, 60.0), steps)
        # A controller that scans refuses the address of a frame.
        await receiver.set_frame(FRAME, 100)
        return await hear(sender)

    assert len(on_air(main)) > 8


@pytest.mark.parametrize("steps", range(16))
def test_a_frame_that_was_cancelled_anywhere_does_not_end_a_scan(steps):
    async def main(air, sender, receiver):
        answer_slowly(air)
        await sender.set_frame(FRAME, 100)
        scan = asyncio.create_task(hear(receiver, 4.0))
        await asyncio.sleep(0.5)
        await cancelled(receiver.set_frame(OTHER_FRAME, 250), steps)
        return await scan

    assert len(on_air(main)) > 34


ANSWER_AFTER_S = 0.01


def answer_slowly(air):
    """Let controllers take their time, as those behind a wire do."""
    loop = asyncio.get_running_loop()
    for controller, host in air._parts.values():
        controller._send = lambda packet, host=host: loop.call_later(
            ANSWER_AFTER_S, host.on_packet, packet
        )


async def cancelled(work, steps):
    """Start work, and cancel it while it waits for an answer, or right with one."""
    task = asyncio.create_task(work)
    await asyncio.sleep(steps * ANSWER_AFTER_S / 2)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def test_a_closed_iterator_stops_the_radio():
    async def main(air, sender, receiver):
        await sender.set_frame(FRAME, 100)
        scan = receiver.listen(60.0)
        await anext(scan)
        await scan.aclose()
        return await hear(receiver)

    assert len(on_air(main)) > 8


def test_an_adapter_that_goes_away_ends_the_scan_with_an_error():
    async def main(air, sender, receiver):
        await sender.set_frame(FRAME, 100)
        heard = []

        async def hear_all():
            async for each in receiver.listen(60.0):
                heard.append(each)

        asyncio.get_running_loop().call_later(1, air.unplug, 1)
        with pytest.raises(RadioOffError):
            await hear_all()
        with pytest.raises(RadioOffError):
            await hear(receiver)
        return heard

    assert 8 <= len(on_air(main)) <= 11


def test_an_advertiser_without_its_adapter_says_so_and_stops_quietly():
    async def main(air, sender, receiver):
        await sender.set_frame(FRAME, 100)
        air.unplug(0)
        with pytest.raises(RadioOffError):
            await sender.set_frame(OTHER_FRAME, 100)
        await sender.stop()

    on_air(main)


@pytest.mark.parametrize(("data", "interval_ms"), [(bytes(32), 250), (FRAME, 19)])
def test_what_no_legacy_advertisement_carries_is_refused(data, interval_ms):
    async def main(air, sender, receiver):
        with pytest.raises(AdvertisingUnsupportedError):
            await sender.set_frame(data, interval_ms)

    on_air(main)
