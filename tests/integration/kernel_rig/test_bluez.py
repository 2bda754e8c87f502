"""Advertising and scanning through a real BlueZ."""

import asyncio
from itertools import pairwise

import pytest
from kernel_rig.adapters import PUBLIC_ADDRESS
from kernel_rig.air_client import CLOCK, killed, plugged_in, power

from proximity.errors import RadioOffError
from proximity.protocol import gaen
from proximity.radio.bleak_scanner import BleakScanner
from proximity.radio.bluez_advertiser import BluezAdvertiser, check
from proximity.radio.scanner import Heard, ScanReport, sighting_of

pytestmark = pytest.mark.kernel

FRAMES = [gaen.encode_advertisement(bytes([n]) * 16, bytes(4)) for n in range(4)]
FRAME = FRAMES[0]


async def collect(seconds: float) -> list[Heard | ScanReport]:
    """Return what a scan yields, on the scanner that `--backend bluez` takes."""
    scanner = BleakScanner(CLOCK, check=check)
    return [each async for each in scanner.listen(seconds)]


@pytest.mark.parametrize("extended", [True, False])
def test_each_frame_has_an_address_of_its_own_and_never_the_public_one(extended):
    async def main():
        async with plugged_in(extended=extended) as air:
            advertiser = BluezAdvertiser()
            for frame in FRAMES:
                await advertiser.set_frame(frame, 250)
                await asyncio.sleep(3)
            await advertiser.stop()
            return air("sent")

    sent = asyncio.run(main())
    pairs = {(address, data) for _, _, address, data in sent}

    assert len(pairs) == len({address for address, _ in pairs}) == len(FRAMES)
    assert len({data for _, data in pairs}) == len(FRAMES)
    assert PUBLIC_ADDRESS.replace(":", "").lower() not in {a for a, _ in pairs}
    assert all(int(address[:2], 16) < 0x40 for address, _ in pairs)


@pytest.mark.parametrize("extended", [True, False])
def test_nothing_is_on_air_once_stop_returns(extended):
    async def main():
        async with plugged_in(extended=extended) as air:
            advertiser = BluezAdvertiser()
            await advertiser.set_frame(FRAME, 250)
            before = air("on_air")
            await advertiser.stop()
            return before, air("on_air")

    before, after = asyncio.run(main())

    assert len(before) == 1
    assert after == []


def test_the_frame_of_a_killed_process_leaves_the_air_at_once():
    async def main():
        async with plugged_in() as air:
            killed(lambda: BluezAdvertiser().set_frame(FRAME, 250))
            async with asyncio.timeout(1):
                while air("on_air"):
                    await asyncio.sleep(0.05)
            return air("sent")

    assert {data for _, _, _, data in asyncio.run(main())}


def test_an_advertiser_without_power_is_named_and_works_again_with_it():
    async def main():
        async with plugged_in() as air:
            advertiser = BluezAdvertiser()
            await advertiser.set_frame(FRAME, 250)
            await power(on=False)
            with pytest.raises(RadioOffError) as raised:
                await advertiser.set_frame(FRAMES[1], 250)
            await advertiser.stop()
            await power(on=True)
            await advertiser.set_frame(FRAMES[2], 250)
            on_air = air("on_air")
            await advertiser.stop()
            return raised.value, on_air

    error, on_air = asyncio.run(main())

    assert error.hint
    assert len(on_air) == 1


def test_rssi_follows_the_distance():
    async def main():
        found = {}
        async with plugged_in() as air:
            for number, distance_m in enumerate((0.5, 2, 8)):
                rssi_dbm = air("place", distance_m=distance_m)
                air("send", data=FRAMES[number].hex(), interval_ms=100)
                *heard, _ = await collect(3)
                found[rssi_dbm] = heard
        return found

    found = asyncio.run(main())

    for number, (rssi_dbm, heard) in enumerate(found.items()):
        mine = [each for each in heard if sighting_of(each).ephemeral_id[0] == number]
        assert len(mine) > 24
        assert {each.rssi_dbm for each in mine} == {rssi_dbm}


def test_a_controller_that_filters_duplicates_leaves_one_report_in_ten_seconds():
    async def main():
        async with plugged_in(filters_duplicates=True) as air:
            air("place", distance_m=1)
            air("send", data=FRAME.hex(), interval_ms=100)
            *heard, _ = await collect(25)
            return heard

    heard = asyncio.run(main())
    times_s = [each.t_monotonic_ms / 1_000 for each in heard]

    assert 2 <= len(heard) <= 3
    assert all(9 <= after - before <= 12 for before, after in pairwise(times_s))


@pytest.mark.parametrize("goes", ["unplugged", "switched off"])
def test_a_scan_during_which_the_adapter_goes_does_not_pass_for_silence(goes):
    async def main():
        async with plugged_in() as air:
            scan = asyncio.create_task(collect(4))
            await asyncio.sleep(1)
            if goes == "unplugged":
                air("unplug")
            else:
                await power(on=False)
            try:
                with pytest.raises(RadioOffError) as raised:
                    await scan
            finally:
                if goes != "unplugged":
                    await power(on=True)
            return raised.value

    assert asyncio.run(main()).hint


def test_a_scan_without_power_is_named_and_works_again_with_it():
    async def main():
        async with plugged_in() as air:
            air("place", distance_m=1)
            air("send", data=FRAME.hex(), interval_ms=100)
            await power(on=False)
            with pytest.raises(RadioOffError) as raised:
                await collect(2)
            await power(on=True)
            return raised.value, await collect(2)

    error, back = asyncio.run(main())

    assert error.hint
    assert any(isinstance(each, Heard) for each in back)
