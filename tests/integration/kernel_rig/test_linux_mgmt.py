"""The management backend on a real kernel."""

import asyncio
import subprocess
import sys
from itertools import pairwise

import pytest
from kernel_rig.air_client import CLOCK, killed, plugged_in, power

from proximity.errors import RadioOffError
from proximity.protocol import gaen
from proximity.radio import linux_mgmt
from proximity.radio.linux_mgmt import LinuxAdvertiser, LinuxScanner
from proximity.radio.scanner import Heard

pytestmark = pytest.mark.kernel

FRAMES = [gaen.encode_advertisement(bytes([n]) * 16, bytes(4)) for n in range(4)]
FRAME = FRAMES[0]
CHECK = """
import asyncio, time
from proximity.errors import ProximityError
from proximity.radio.linux_mgmt import check
from proximity.units import Clock
try:
    asyncio.run(check(Clock(time.time, time.monotonic)))
except ProximityError as error:
    print(type(error).__name__, bool(error.hint))
else:
    print("usable")
"""


def sending(*, extended: bool) -> list[tuple[float, str, str]]:
    """Return time, address and data of what five seconds of a frame put on air."""

    async def main():
        async with plugged_in(extended=extended) as air:
            advertiser = LinuxAdvertiser(CLOCK)
            await advertiser.set_frame(FRAME, 250)
            await asyncio.sleep(5)
            sent = air("sent")
            await advertiser.stop()
            return sent

    return [(at_s, address, data) for at_s, _, address, data in asyncio.run(main())]


@pytest.mark.parametrize(
    ("extended", "least_s", "most_s"),
    # The kernel has 100 to 150 ms of its own for a Bluetooth 4 adapter.
    [(True, 0.249, 0.275), (False, 0.099, 0.165)],
    ids=["bluetooth-5", "bluetooth-4"],
)
def test_a_frame_goes_on_air_byte_by_byte(extended, least_s, most_s):
    sent = sending(extended=extended)
    gaps_s = [after[0] - before[0] for before, after in pairwise(sent)]

    assert len(FRAME) == 31
    assert {data for _, _, data in sent} == {FRAME.hex()}
    assert len({address for _, address, _ in sent}) == 1
    assert len(gaps_s) >= 4.5 / most_s
    assert least_s <= min(gaps_s)
    assert max(gaps_s) <= most_s


@pytest.mark.parametrize("extended", [True, False])
def test_address_and_id_change_together(extended):
    async def main():
        async with plugged_in(extended=extended) as air:
            advertiser = LinuxAdvertiser(CLOCK)
            for frame in FRAMES:
                await advertiser.set_frame(frame, 100)
                await asyncio.sleep(1)
            await advertiser.stop()
            return air("sent")

    pairs = {(address, data) for _, _, address, data in asyncio.run(main())}

    assert {data for _, data in pairs} == {frame.hex() for frame in FRAMES}
    assert len(pairs) == len({address for address, _ in pairs}) == len(FRAMES)
    # Non-resolvable private addresses begin with two zero bits.
    assert all(int(address[:2], 16) < 0x40 for address, _ in pairs)


@pytest.mark.parametrize("extended", [True, False])
def test_nothing_is_on_air_once_stop_returns(extended):
    async def main():
        async with plugged_in(extended=extended) as air:
            advertiser = LinuxAdvertiser(CLOCK)
            await advertiser.set_frame(FRAME, 100)
            await asyncio.sleep(0.5)
            before = air("on_air")
            await advertiser.stop()
            after = air("on_air")
            air("sent")
            await asyncio.sleep(1)
            return before, after, air("sent")

    before, after, sent = asyncio.run(main())

    assert len(before) == 1
    assert after == sent == []


def test_the_frame_of_a_killed_process_leaves_the_air_in_time(monkeypatch):
    # Eleven minutes would be long to wait.
    monkeypatch.setattr(linux_mgmt, "_LIFE_S", 20)
    life_s = 20

    async def main():
        async with plugged_in() as air:
            started_s = CLOCK.monotonic()
            killed(lambda: LinuxAdvertiser(CLOCK).set_frame(FRAME, 250))
            left = air("on_air")
            async with asyncio.timeout(life_s + 10):
                while air("on_air"):
                    await asyncio.sleep(0.5)
            return left, CLOCK.monotonic() - started_s

    left, lasted_s = asyncio.run(main())

    assert [data for _, data in left] == [FRAME.hex()]
    assert life_s - 1 <= lasted_s <= life_s + 5


def test_the_frame_of_a_bluetooth_5_controller_stays_under_its_address():
    async def main():
        async with plugged_in(extended=True) as air:
            advertiser = LinuxAdvertiser(CLOCK)
            await advertiser.set_frame(FRAME, 250)
            await asyncio.sleep(5)
            sent = air("sent")
            await advertiser.stop()
            return sent

    sent = asyncio.run(main())
    gaps_s = [after[0] - before[0] for before, after in pairwise(sent)]

    assert len({address for _, _, address, _ in sent}) == 1
    assert max(gaps_s) < 0.6


def test_what_the_kernel_ended_is_put_on_air_again(monkeypatch):
    monkeypatch.setattr(linux_mgmt, "_LIFE_S", 4)
    monkeypatch.setattr(linux_mgmt, "_RENEW_S", 6)

    async def main():
        async with plugged_in() as air:
            advertiser = LinuxAdvertiser(CLOCK)
            await advertiser.set_frame(FRAME, 250)
            await asyncio.sleep(5.5)
            between = air("on_air")
            await asyncio.sleep(2)
            renewed = air("on_air")
            await advertiser.stop()
            return between, renewed, air("on_air")

    between, renewed, after = asyncio.run(main())

    assert between == after == []
    assert [data for _, data in renewed] == [FRAME.hex()]


def test_rssi_follows_the_distance_in_every_report():
    async def main():
        found = {}
        async with plugged_in() as air:
            air("send", data=FRAME.hex(), interval_ms=100)
            for distance_m in (0.5, 1, 2, 8):
                rssi_dbm = air("place", distance_m=distance_m)
                air("received")
                *heard, _ = [each async for each in LinuxScanner(CLOCK).listen(3)]
                found[rssi_dbm] = heard, air("received")
        return found

    found = asyncio.run(main())

    assert list(found) == [-48, -54, -60, -72]
    for rssi_dbm, (heard, received) in found.items():
        assert {each.rssi_dbm for each in heard} == {rssi_dbm}
        assert {each.data for each in heard} == {FRAME}
        # Nothing of what the receiver took is lost on the way.
        assert len(heard) == received > 8


def test_a_scan_that_ended_leaves_the_receiver_off():
    async def main():
        async with plugged_in() as air:
            scanner = LinuxScanner(CLOCK)
            scan = asyncio.create_task(_collect(scanner, 60))
            await asyncio.sleep(1)
            during = air("listens")
            scan.cancel()
            await asyncio.gather(scan, return_exceptions=True)
            await asyncio.sleep(1)
            return during, air("listens")

    assert asyncio.run(main()) == (True, False)


def test_an_adapter_that_is_switched_off_is_named_and_works_again_when_it_is_on():
    async def main():
        async with plugged_in() as air:
            air("send", data=FRAME.hex(), interval_ms=100)
            scanner, advertiser = LinuxScanner(CLOCK), LinuxAdvertiser(CLOCK)
            await advertiser.set_frame(FRAME, 250)
            scan = asyncio.create_task(_collect(scanner, 60))
            await asyncio.sleep(1)
            await power(on=False)
            with pytest.raises(RadioOffError) as in_the_middle:
                await scan
            with pytest.raises(RadioOffError) as at_the_start:
                await advertiser.set_frame(FRAME, 250)
            await advertiser.stop()
            await power(on=True)
            back = await _collect(scanner, 2)
            await advertiser.set_frame(FRAME, 250)
            on_air = air("on_air")
            await advertiser.stop()
            return in_the_middle.value, at_the_start.value, back, on_air

    in_the_middle, at_the_start, back, on_air = asyncio.run(main())

    assert in_the_middle.hint
    assert at_the_start.hint
    assert any(isinstance(each, Heard) for each in back)
    assert len(on_air) == 1


@pytest.mark.parametrize(
    ("capabilities", "said"),
    [("", "PermissionDeniedError True"), (",+net_admin", "usable")],
    ids=["none", "cap-net-admin"],
)
def test_a_user_needs_one_capability_and_nothing_else_of_roots(capabilities, said):
    # The other one only lets the user read an interpreter in somebody's closed home.
    granted = "+dac_read_search" + capabilities
    command = ["setpriv", "--reuid", "1000", "--regid", "1000", "--clear-groups"]
    command += ["--inh-caps", granted, "--ambient-caps", granted]

    async def main():
        async with plugged_in():
            return subprocess.run(  # noqa: S603
                [*command, sys.executable, "-c", CHECK],
                capture_output=True,
                text=True,
                check=True,
            ).stdout

    assert asyncio.run(main()).strip() == said


async def _collect(scanner: LinuxScanner, seconds: float) -> list[object]:
    return [each async for each in scanner.listen(seconds)]
