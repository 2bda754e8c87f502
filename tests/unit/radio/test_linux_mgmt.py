import asyncio

import pytest

from proximity.errors import (
    AdvertisingUnsupportedError,
    PermissionDeniedError,
    RadioError,
    RadioOffError,
)
from proximity.protocol import bluezone
from proximity.radio import linux_mgmt
from proximity.radio.linux_mgmt import LinuxAdvertiser, LinuxScanner, check
from proximity.radio.mgmt_frames import Command, Status
from proximity.radio.scanner import Heard, ScanReport

FRAME = bytes.fromhex("02011a03036ffd17166ffd") + bytes(range(20))
OTHER = FRAME[:-1] + b"\xff"
ADDRESS = bytes.fromhex("0102030405f6")


async def hear(kernel, clock, seconds=0.004):
    return [each async for each in LinuxScanner(clock, kernel.open).listen(seconds)]


async def started(kernel):
    while not kernel.listens:
        await asyncio.sleep(0)


def listening(with_kernel, act, seconds=0.004, **faults):
    """Return what is heard while `act(kernel)` happens, and the kernel."""

    async def main(kernel, clock):
        scan = asyncio.create_task(hear(kernel, clock, seconds))
        await asyncio.wait_for(started(kernel), 1)
        act(kernel)
        heard = await scan
        await settle()
        return heard, kernel

    return with_kernel(main, **faults)


async def settle():
    for _ in range(5):
        await asyncio.sleep(0)


def advertising(with_kernel, main, **faults):
    """Run `main(advertiser, kernel)`; return the kernel afterwards."""

    async def inside(kernel, clock):
        await main(LinuxAdvertiser(clock, kernel.open), kernel)
        await settle()
        return kernel

    return with_kernel(inside, **faults)


def test_every_report_comes_with_its_rssi_and_address_and_the_scan_comes_last(
    with_kernel,
):
    def act(kernel):
        for rssi in (-60, -61, 127):
            kernel.hear(FRAME, rssi, ADDRESS)

    (*heard, report), _ = listening(with_kernel, act)

    assert [each.rssi_dbm for each in heard] == [-60, -61, None]
    assert {(each.data, each.address) for each in heard} == {(FRAME, ADDRESS)}
    assert {type(each) for each in heard} == {Heard}
    assert isinstance(report, ScanReport)
    assert report.backend == "linux-mgmt"
    assert report.duty == 0.5
    for each in heard:
        assert report.start_ms <= each.t_wall_ms <= report.end_ms


def test_an_empty_scan_is_reported_and_the_monitor_removed(with_kernel):
    (report,), kernel = listening(with_kernel, lambda kernel: None)

    assert 4 <= report.end_ms - report.start_ms < 500
    assert not kernel.listens


def test_an_old_kernel_is_made_to_discover_instead(with_kernel):
    faults = {"status": {Command.ADD_PATTERNS_MONITOR: Status.UNKNOWN_COMMAND}}

    (report,), kernel = listening(with_kernel, lambda kernel: None, **faults)

    assert report.duty == 1.0
    assert Command.STOP_DISCOVERY in kernel.commands
    assert not kernel.listens


@pytest.mark.parametrize("turns", range(0, 24, 3))
def test_cancelling_stops_the_radio_at_whatever_moment(with_kernel, turns):
    async def main(kernel, clock):
        scan = asyncio.create_task(hear(kernel, clock, 60))
        for _ in range(turns):
            await asyncio.sleep(0)
        scan.cancel()
        with pytest.raises(asyncio.CancelledError):
            await scan
        await settle()
        return kernel

    assert not with_kernel(main).listens


def test_an_adapter_that_goes_in_the_middle_of_a_scan_is_named(with_kernel):
    for code, body in ((0x0005, b""), (0x0006, bytes(4))):
        with pytest.raises(RadioOffError):
            listening(with_kernel, lambda k, c=code, b=body: k.event(c, b), 60)


def test_another_adapter_may_go(with_kernel):
    (report,), _ = listening(with_kernel, lambda kernel: kernel.event(5, b"", 1))

    assert isinstance(report, ScanReport)


def test_a_scan_works_again_once_the_adapter_is_back(with_kernel):
    async def main(kernel, clock):
        here = kernel.controllers
        kernel.controllers = {}
        with pytest.raises(RadioOffError):
            await hear(kernel, clock)
        kernel.controllers = here
        return await hear(kernel, clock)

    assert len(with_kernel(main)) == 1


def test_the_report_of_a_first_match_counts_once(with_kernel, heard_body):
    def act(kernel):
        kernel.event(0x2F, heard_body(FRAME, -60, ADDRESS, monitor=1))
        for _ in range(2):
            kernel.event(0x12, heard_body(FRAME, -60, ADDRESS))

    (*heard, _), _ = listening(with_kernel, act)

    assert len(heard) == 2


@pytest.mark.parametrize(
    ("faults", "error"),
    [
        ({"controllers": {}}, RadioOffError),
        ({"controllers": {0: 0}}, RadioOffError),
        ({"supported": 1}, RadioError),
        (
            {"status": {Command.ADD_PATTERNS_MONITOR: Status.PERMISSION_DENIED}},
            PermissionDeniedError,
        ),
        ({"status": {Command.ADD_PATTERNS_MONITOR: Status.BUSY}}, RadioError),
    ],
)
def test_a_scan_that_cannot_start_says_why(with_kernel, faults, error):
    with pytest.raises(error) as raised:
        with_kernel(hear, **faults)

    assert raised.value.hint


def test_a_frame_goes_on_air_byte_by_byte_at_its_interval(with_kernel):
    async def main(advertiser, kernel):
        await advertiser.set_frame(FRAME, 250)

    assert advertising(with_kernel, main).on_air == {4: (400, FRAME)}


def test_each_frame_replaces_the_one_before_by_a_new_instance(with_kernel):
    async def main(advertiser, kernel):
        await advertiser.set_frame(FRAME, 250)
        await advertiser.set_frame(OTHER, 250)

    kernel = advertising(with_kernel, main)

    # The kernel of the tests refuses to change an instance that is on air.
    assert kernel.aired == [FRAME, OTHER]
    assert kernel.on_air == {4: (400, OTHER)}


def test_what_a_killed_process_left_on_air_is_replaced(with_kernel):
    async def main(advertiser, kernel):
        kernel.on_air = {1: (400, b"another program"), 4: (400, b"left over")}
        await advertiser.set_frame(FRAME, 250)

    kernel = advertising(with_kernel, main)

    assert kernel.on_air == {1: (400, b"another program"), 4: (400, FRAME)}


def test_stopping_takes_the_frame_off_the_air(with_kernel):
    async def main(advertiser, kernel):
        await advertiser.stop()
        await advertiser.set_frame(FRAME, 250)
        await advertiser.stop()

    assert advertising(with_kernel, main).on_air == {}


def test_stopping_without_an_adapter_is_quiet(with_kernel):
    async def main(advertiser, kernel):
        await advertiser.set_frame(FRAME, 250)
        kernel.controllers = {}
        await advertiser.stop()

    advertising(with_kernel, main)


def test_stopping_waits_until_the_kernel_has_done_it(with_kernel):
    async def main(advertiser, kernel):
        await advertiser.set_frame(FRAME, 250)
        await advertiser.stop()
        assert kernel.on_air == {}

    advertising(with_kernel, main)


def test_a_frame_that_the_kernel_keeps_on_air_is_an_error_and_can_be_stopped_later(
    with_kernel,
):
    async def main(advertiser, kernel):
        await advertiser.set_frame(FRAME, 250)
        kernel.status = {Command.REMOVE_ADVERTISING: Status.BUSY}
        with pytest.raises(RadioError):
            await advertiser.stop()
        kernel.status = {}
        await advertiser.stop()

    assert advertising(with_kernel, main).on_air == {}


@pytest.mark.parametrize(("data_bytes", "life_s"), [(31, 960), (251, 0)])
def test_a_frame_leaves_the_air_by_itself_unless_it_is_renewed(
    with_kernel, data_bytes, life_s
):
    async def main(advertiser, kernel):
        await advertiser.set_frame(FRAME, 250)

    kernel = advertising(with_kernel, main, data_bytes=data_bytes)

    assert kernel.lives_s == [life_s]


@pytest.fixture
def renewed_soon(monkeypatch):
    monkeypatch.setattr(linux_mgmt, "_RENEW_S", 0.001)


async def until(happened):
    async with asyncio.timeout(1):
        while not happened():
            await asyncio.sleep(0)


@pytest.mark.usefixtures("renewed_soon")
def test_a_bluetooth_5_controller_keeps_a_frame_under_its_address(with_kernel):
    async def main(advertiser, kernel):
        await advertiser.set_frame(FRAME, 250)
        await asyncio.sleep(0.02)
        await advertiser.stop()

    kernel = advertising(with_kernel, main, data_bytes=251)

    # The kernel draws an address with each set of parameters.
    assert kernel.commands.count(Command.ADD_EXT_ADV_PARAMS) == 1
    assert kernel.on_air == {}


@pytest.mark.usefixtures("renewed_soon")
def test_a_frame_that_left_the_air_meanwhile_comes_back(with_kernel):
    async def main(advertiser, kernel):
        await advertiser.set_frame(FRAME, 250)
        kernel.on_air.clear()
        await until(lambda: kernel.on_air)
        await advertiser.stop()

    kernel = advertising(with_kernel, main, data_bytes=31)

    assert set(kernel.aired) == {FRAME}
    assert kernel.on_air == {}


@pytest.mark.usefixtures("renewed_soon")
def test_a_renewal_without_an_adapter_is_tried_again(with_kernel):
    async def main(advertiser, kernel):
        await advertiser.set_frame(FRAME, 250)
        here, kernel.controllers = kernel.controllers, {}
        asked = len(kernel.commands)
        await until(lambda: len(kernel.commands) > asked + 2)
        kernel.controllers = here
        kernel.on_air.clear()
        await until(lambda: kernel.on_air)
        await advertiser.stop()

    advertising(with_kernel, main, data_bytes=31)


@pytest.mark.usefixtures("renewed_soon")
def test_the_next_frame_ends_the_renewal_of_the_last(with_kernel):
    async def main(advertiser, kernel):
        await advertiser.set_frame(FRAME, 250)
        await until(lambda: kernel.aired.count(FRAME) >= 2)
        await advertiser.set_frame(OTHER, 250)
        before = len(kernel.aired)
        await until(lambda: len(kernel.aired) > before + 2)
        await advertiser.stop()
        assert set(kernel.aired[before:]) == {OTHER}

    advertising(with_kernel, main, data_bytes=31)


@pytest.mark.parametrize(
    ("faults", "error"),
    [
        ({"instances": 0}, AdvertisingUnsupportedError),
        (
            {"status": {Command.ADD_EXT_ADV_PARAMS: Status.UNKNOWN_COMMAND}},
            AdvertisingUnsupportedError,
        ),
        ({"status": {Command.ADD_EXT_ADV_DATA: Status.REJECTED}}, RadioError),
        (
            {"status": {Command.READ_ADVERTISING_FEATURES: 0x14}},
            PermissionDeniedError,
        ),
        ({"controllers": {}}, RadioOffError),
    ],
)
def test_a_frame_that_cannot_be_sent_leaves_nothing_on_air(with_kernel, faults, error):
    async def main(advertiser, kernel):
        await advertiser.set_frame(FRAME, 250)
        for name, value in faults.items():
            setattr(kernel, name, value)
        with pytest.raises(error) as raised:
            await advertiser.set_frame(OTHER, 250)
        assert raised.value.hint
        await settle()
        if "controllers" not in faults:
            assert kernel.on_air == {}

    assert advertising(with_kernel, main).aired == [FRAME]


def test_a_frame_too_long_for_legacy_advertising_is_the_callers_mistake(with_kernel):
    async def main(advertiser, kernel):
        with pytest.raises(ValueError, match="31"):
            await advertiser.set_frame(bytes(32), 250)

    advertising(with_kernel, main)


def test_the_check_needs_the_privilege_and_sends_nothing(with_kernel):
    async def main(kernel, clock):
        await check(clock, kernel.open)
        kernel.status = {Command.READ_ADVERTISING_FEATURES: Status.PERMISSION_DENIED}
        with pytest.raises(PermissionDeniedError, match="manage Bluetooth"):
            await check(clock, kernel.open)
        return kernel

    kernel = with_kernel(main)

    assert kernel.aired == []
    assert not kernel.listens


@pytest.mark.parametrize("answer", ["_information", "_index_list"])
def test_a_kernel_that_answers_otherwise_is_a_radio_error(with_kernel, answer):
    async def main(kernel, clock):
        setattr(kernel, answer, lambda _: bytes(3))
        for work in (
            hear(kernel, clock),
            LinuxAdvertiser(clock, kernel.open).set_frame(FRAME, 250),
            check(clock, kernel.open),
        ):
            with pytest.raises(RadioError, match="format"):
                await work

    with_kernel(main)


def test_no_frame_is_renewed_while_its_id_lasts():
    """A renewal takes a fresh address: two addresses would have one ID."""
    longest_id_s = max(600, bluezone.slot_ms(bluezone.DEFAULT_COUNT) / 1_000)

    assert longest_id_s < linux_mgmt._RENEW_S < linux_mgmt._LIFE_S
