"""What every scanner does alike, run on each."""

import asyncio
from contextlib import aclosing

import pytest

from proximity.errors import RadioOffError
from proximity.protocol import bluezone, bluezone_ios, gaen
from proximity.protocol.advertisement import LEGACY_BYTES
from proximity.protocol.carrier import (
    DEFAULT_PROFILE,
    Carrier,
    DeploymentProfile,
    encode_carrier,
)
from proximity.protocol.linkability import audit_linkability
from proximity.protocol.on_air import Kind, kind_of
from proximity.protocol.sighting import MISSING_RSSI_DBM
from proximity.radio.recorder import Recorder
from proximity.radio.scanner import Heard, Scanner, ScanReport, sighting_of
from proximity.units import Clock

RSSI_DBM = -57
OTHER = DeploymentProfile(0xFDF0, 0x0ABC, 0xFDF1)


def frame(letter: bytes) -> bytes:
    return gaen.encode_advertisement(letter * 16, bytes(4))


def letters(heard: list[Heard]) -> set[bytes]:
    """Return whose frames were heard; systems join the fields of a frame anew."""
    sightings = [sighting_of(each) for each in heard]
    return {each.ephemeral_id[:1] for each in sightings if each is not None}


async def scan(scanner: Scanner, seconds: float) -> tuple[list[Heard], ScanReport]:
    """Return what a whole scan yields; only the last is a report."""
    *heard, report = [each async for each in scanner.listen(seconds)]
    assert isinstance(report, ScanReport)
    assert all(isinstance(each, Heard) for each in heard)
    return heard, report


def test_reports_come_in_order_with_the_times_of_the_clock(backend, run):
    async def test(clock: Clock) -> None:
        async with backend([(0, frame(b"a"))], RSSI_DBM, clock) as setup:
            heard, report = await scan(setup.scanner, 4)
        times = [each.t_monotonic_ms for each in heard]

        assert 4 * setup.least_per_s <= len(heard) <= 4 * setup.most_per_s
        assert times == sorted(times)
        assert letters(heard) == {b"a"}
        assert {each.rssi_dbm for each in heard} == {RSSI_DBM}
        lasted_ms = times[-1] - report.monotonic_ms
        assert report.monotonic_ms <= times[0]
        assert lasted_ms <= 4_000 + setup.slack_ms
        for each in heard:
            ahead_ms = (clock.wall() - clock.monotonic()) * 1_000
            assert abs(each.t_wall_ms - each.t_monotonic_ms - ahead_ms) <= 1
        assert 3_998 <= report.end_ms - report.start_ms <= 4_000 + setup.slack_ms

    run(test)


def test_a_scan_that_hears_nothing_is_reported(backend, run):
    async def test(clock: Clock) -> None:
        async with backend([], RSSI_DBM, clock) as setup:
            heard, report = await scan(setup.scanner, 2)

        assert heard == []
        assert 1_998 <= report.end_ms - report.start_ms <= 2_000 + setup.slack_ms
        assert 0 < report.duty <= 1

    run(test)


@pytest.mark.parametrize("set_by_s", [-3_600, 86_400])
def test_a_wall_clock_that_is_set_meanwhile_does_not_change_a_scans_length(
    backend, run, set_by_s
):
    async def test(clock: Clock) -> None:
        def wall() -> float:
            return clock.wall() + (set_by_s if clock.monotonic() > 1 else 0)

        setting = Clock(wall, clock.monotonic)
        async with backend([(0, frame(b"a"))], RSSI_DBM, setting) as setup:
            _, report = await scan(setup.scanner, 2)

        assert 1_998 <= report.end_ms - report.start_ms <= 2_000 + setup.slack_ms

    run(test)


def test_an_rssi_that_was_not_measured_is_never_made_up(backend, run):
    async def test(clock: Clock) -> None:
        async with backend([(0, frame(b"a"))], MISSING_RSSI_DBM, clock) as setup:
            heard, _ = await scan(setup.scanner, 2)

        expected = set() if setup.needs_rssi else {None}
        assert {each.rssi_dbm for each in heard} == expected

    run(test)


def test_every_id_has_its_address_and_every_address_its_id(backend, run):
    frames = [(at_s, frame(bytes([at_s + 1]))) for at_s in range(0, 12, 3)]

    async def test(clock: Clock) -> None:
        recorder = Recorder(clock)
        async with backend(frames, RSSI_DBM, clock) as setup:
            await recorder.record(setup.scanner, 12)
        found = audit_linkability(recorder.recorded()[0])[gaen.NAME]

        assert (found.ids, found.pairs, found.breaking_pairs) == (4, 4, 0)
        assert found.receptions_without_address == 0
        assert 2.0 <= found.longest_followed_s <= 3.0

    run(test)


def test_a_scan_may_follow_another_and_hears_nothing_of_between(backend, run):
    frames = [(0, frame(b"a")), (3, frame(b"b")), (6, frame(b"c"))]

    async def test(clock: Clock) -> None:
        async with backend(frames, RSSI_DBM, clock) as setup:
            first, _ = await scan(setup.scanner, 2.5)
            await asyncio.sleep(4)
            second, report = await scan(setup.scanner, 2)

        assert letters(first) == {b"a"}
        assert letters(second) == {b"c"}
        assert all(each.t_monotonic_ms >= report.monotonic_ms for each in second)

    run(test)


def test_a_scan_that_was_cancelled_frees_the_radio_for_the_next(backend, run):
    async def test(clock: Clock) -> None:
        async with backend([(0, frame(b"a"))], RSSI_DBM, clock) as setup:
            task = asyncio.create_task(scan(setup.scanner, 60))
            await asyncio.sleep(3)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            heard, _ = await scan(setup.scanner, 2)

        assert 2 * setup.least_per_s <= len(heard) <= 2 * setup.most_per_s + 1

    run(test)


def test_a_scan_that_is_closed_early_frees_the_radio_for_the_next(backend, run):
    async def test(clock: Clock) -> None:
        async with backend([(0, frame(b"a"))], RSSI_DBM, clock) as setup:
            async with aclosing(setup.scanner.listen(60)) as listening:
                async for _ in listening:
                    break
            heard, _ = await scan(setup.scanner, 2)

        assert 2 * setup.least_per_s <= len(heard) <= 2 * setup.most_per_s + 1

    run(test)


def test_an_adapter_that_is_gone_is_a_named_error(backend, run):
    async def test(clock: Clock) -> None:
        async with backend([(0, frame(b"a"))], RSSI_DBM, clock) as setup:
            await scan(setup.scanner, 1)
            await setup.unplug()
            with pytest.raises(RadioOffError):
                await scan(setup.scanner, 1)

    run(test)


def test_an_adapter_that_goes_in_the_middle_of_a_scan_ends_it(backend, run):
    async def test(clock: Clock) -> None:
        async with backend([(0, frame(b"a"))], RSSI_DBM, clock) as setup:
            if not setup.tells_at_once:
                return
            start_s = clock.monotonic()
            task = asyncio.create_task(scan(setup.scanner, 60))
            await asyncio.sleep(3)
            await setup.unplug()
            with pytest.raises(RadioOffError):
                await task
            assert clock.monotonic() - start_s < 10

    run(test)


@pytest.mark.parametrize(
    ("data", "kind"),
    [(encode_carrier(bytes(20), carrier), Kind.GAEN) for carrier in Carrier]
    + [
        (bluezone.encode_advertisement(bytes(12)), Kind.BLUEZONE),
        (bluezone_ios.encode_service(), Kind.IOS_SERVICE),
        (bluezone_ios.encode_overflow(), Kind.IOS_OVERFLOW),
        (bluezone_ios.encode_beacon(), Kind.IBEACON),
    ],
    ids=lambda value: value.value if isinstance(value, Kind) else "",
)
def test_every_carrier_and_all_of_bluezone_are_heard(backend, run, data, kind):
    async def test(clock: Clock) -> None:
        async with backend([(0, data)], RSSI_DBM, clock) as setup:
            heard, _ = await scan(setup.scanner, 1)

        assert {kind_of(each.data) for each in heard} == {kind}

    run(test)


@pytest.mark.parametrize("profile", [DEFAULT_PROFILE, OTHER], ids=["default", "other"])
@pytest.mark.parametrize("carrier", Carrier)
def test_the_stream_tells_carrier_payload_and_transmit_power(
    backend, run, carrier, profile
):
    payload = bytes(range(20))
    stated = b"\x02\x0a\xf4"
    data = encode_carrier(payload, carrier, profile)
    if len(data) + len(stated) <= LEGACY_BYTES:
        data += stated

    async def test(clock: Clock) -> None:
        async with backend([(0, data)], RSSI_DBM, clock, profile) as setup:
            heard, _ = await scan(setup.scanner, 1)

        sent = payload[:16] if carrier is Carrier.SERVICE_UUID else payload
        told = -12 if data.endswith(stated) else None
        assert {(each.carrier, each.payload) for each in heard} == {(carrier, sent)}
        assert {each.tx_power_dbm for each in heard} == {told}

    run(test)


def test_another_deployments_advertisement_is_heard_and_left_alone(backend, run):
    data = encode_carrier(bytes(20), Carrier.SERVICE_DATA)

    async def test(clock: Clock) -> None:
        async with backend([(0, data)], RSSI_DBM, clock, OTHER) as setup:
            heard, _ = await scan(setup.scanner, 1)

        assert heard
        assert {(each.carrier, each.payload) for each in heard} == {(None, None)}
        assert letters(heard) == set()

    run(test)


def test_what_is_heard_is_named_after_its_backend_and_shows_no_address(
    backend, run, backend_name
):
    async def test(clock: Clock) -> None:
        async with backend([(0, frame(b"a"))], RSSI_DBM, clock) as setup:
            heard, report = await scan(setup.scanner, 1)

        assert {each.backend for each in heard} == {report.backend}
        assert report.backend == backend_name
        assert heard[0].address is not None
        assert heard[0].address.hex() not in repr(heard[0])
        assert repr(heard[0].address) not in repr(heard[0])

    run(test)
