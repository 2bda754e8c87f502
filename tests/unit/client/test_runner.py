"""A run of hours in virtual time, with a radio that does what a test tells it to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

import pytest

from proximity.client.engine import Engine
from proximity.client.health_log import Trouble, Work, read_health
from proximity.client.own_broadcast import Form
from proximity.errors import (
    AdvertisingUnsupportedError,
    LockedError,
    PermissionDeniedError,
    RadioError,
    RadioOffError,
    StoreError,
)
from proximity.protocol.carrier import Carrier, DeploymentProfile
from proximity.protocol.scheme import recognise
from proximity.radio.scanner import Heard, ScanReport
from proximity.store.scans import Scan, read_scans
from proximity.units import interval_of

# As the rig of the fixtures: Tuesday, 17 November 2026, 10:00 UTC.
START_S = 20_774 * 86_400 + 36_000


def on_air(rig) -> list[tuple[float, bytes]]:
    return [(t, data) for t, data in rig.radio.frames if data is not None]


def test_the_first_advertisement_goes_out_at_once(rig):
    rig.run(1)

    assert on_air(rig)[0][0] == START_S


def test_each_interval_has_its_own_id_from_its_first_second(rig):
    rig.run(3_600 - 1)

    frames = on_air(rig)
    assert [round(t - START_S) for t, _ in frames] == [0, 600, 1200, 1800, 2400, 3000]
    assert len({data for _, data in frames}) == 6
    assert all(recognise(data).scheme == "gaen" for _, data in frames)


def test_the_device_falls_silent_when_it_is_stopped(rig):
    rig.run(30)

    assert rig.radio.frames[-1][1] is None


def test_five_minutes_are_never_without_a_scan(rig):
    rig.run(7_200)

    starts = rig.radio.scans
    gaps = [b - a for a, b in pairwise(starts)]
    assert starts[0] - START_S <= 60
    assert all(211 <= gap <= 300 for gap in gaps)


def test_what_was_heard_and_every_scan_are_stored(rig):
    rig.run(700)

    assert rig.sightings() >= 1
    scans = read_scans(rig.connection, 0, 2**60)
    assert len(scans.start_ms) == len(rig.radio.scans) == 3


def test_a_stop_between_two_flushes_loses_nothing(rig):
    rig.run(31)

    assert rig.sightings() == 1


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (
            AdvertisingUnsupportedError("It cannot.", "Use another."),
            Trouble.ADVERTISING_UNSUPPORTED,
        ),
        (PermissionDeniedError("It may not.", "Allow it."), Trouble.PERMISSION_DENIED),
    ],
)
def test_scanning_goes_on_when_advertising_cannot(
    rig, error: RadioError, trouble: Trouble
):
    rig.radio.failing_frames = [(0, 10**9, error)]

    rig.run(700)

    assert len(rig.radio.scans) == 3
    assert (Work.ADVERTISEMENT, trouble) in rig.changes
    assert read_health(rig.connection)[Work.SCAN].trouble is None


def test_scanning_goes_on_where_no_carrier_can_be_sent(rig):
    rig.radio.carriers = ()

    rig.run(700)

    assert len(rig.radio.scans) == 3
    assert rig.changes == [(Work.ADVERTISEMENT, Trouble.ADVERTISING_UNSUPPORTED)]


def test_an_adapter_that_comes_back_listens_within_a_minute(rig):
    off = RadioOffError("The adapter is gone.", "Plug it in.")
    rig.radio.failing_scans = [(0, 1_000, off)]

    rig.run(1_100)

    assert 0 <= rig.radio.scans[0] - START_S - 1_000 <= 60
    assert [change for change in rig.changes if change[0] is Work.SCAN] == [
        (Work.SCAN, Trouble.RADIO_OFF),
        (Work.SCAN, None),
    ]


def test_an_adapter_that_comes_back_advertises_again(rig):
    off = RadioOffError("The adapter is gone.", "Plug it in.")
    rig.radio.failing_scans = [(100, 320, off)]

    rig.run(500)

    # The second frame is the same ID, which the adapter had forgotten.
    times = [t - START_S for t, _ in on_air(rig)]
    assert len(times) == 2
    assert times[1] > 320


def test_an_id_whose_interval_is_over_does_not_stay_on_air(rig):
    off = RadioOffError("The adapter is gone.", "Plug it in.")
    rig.radio.failing_frames = [(600, 610, off)]

    rig.run(640)

    assert (START_S + 600, None) in rig.radio.frames
    assert interval_of(on_air(rig)[-1][0]) == interval_of(START_S) + 1
    assert on_air(rig)[-1][1] != on_air(rig)[0][1]


def test_a_radio_that_hangs_is_given_up(rig):
    async def hang(seconds: float) -> AsyncIterator[Heard | ScanReport]:
        await asyncio.sleep(10**9)
        yield ScanReport(0, 0, 0, "fake", 1.0)

    rig.radio.listen = hang

    rig.run(120)

    assert rig.changes == [(Work.SCAN, Trouble.RADIO_FAILED)]


@pytest.mark.parametrize("carrier", [Carrier.MANUFACTURER_DATA, Carrier.SERVICE_UUID])
def test_the_id_travels_in_the_carrier_that_the_system_has(rig, carrier: Carrier):
    rig.run(1)
    rig.radio.carriers = (carrier,)

    rig.run(1)

    first, second = (recognise(data) for _, data in on_air(rig))
    assert first.ephemeral_id == second.ephemeral_id
    assert on_air(rig)[0][1] != on_air(rig)[1][1]


def test_an_authority_is_asked_soon_and_then_every_four_hours(rig):
    rig.run(30_000, fetches=True)

    assert [round(t - START_S) for t in rig.network.asked] == [30, 14_430, 28_830]
    assert read_health(rig.connection)[Work.FETCH].done_s == START_S + 28_830


def test_a_restart_does_not_ask_again_early(rig):
    rig.run(600, fetches=True)

    rig.run(600, fetches=True)

    assert len(rig.network.asked) == 1


def test_without_an_authority_nobody_is_asked(rig):
    rig.run(30_000)

    assert rig.network.asked == []


def test_an_unreachable_authority_is_asked_again_ever_more_rarely(rig):
    rig.network.unreachable_until_s = START_S + 3_000

    rig.run(10_000, fetches=True)

    assert 3 <= len(rig.network.asked) <= 6
    assert rig.changes == [
        (Work.FETCH, Trouble.UNREACHABLE),
        (Work.FETCH, None),
    ]


def test_a_store_in_trouble_loses_nothing_and_stops_nothing(
    rig, monkeypatch: pytest.MonkeyPatch
):
    flush = rig.engine.flush

    def locked() -> int:
        if rig.wall() < START_S + 100:
            raise LockedError("Another process holds the store.", "Wait.")
        return flush()

    monkeypatch.setattr(rig.engine, "flush", locked)

    rig.run(120)

    assert rig.changes == [(Work.STORE, Trouble.STORE_LOCKED), (Work.STORE, None)]
    assert rig.sightings() == 1


def test_the_day_before_the_retention_is_forgotten_at_midnight(rig):
    rig.connection.execute(
        "INSERT INTO scans (start_ms, end_ms, monotonic_ms, backend, duty)"
        " VALUES (?, ?, 0, 'old', 1)",
        ((START_S - 14 * 86_400) * 1_000,) * 2,
    )
    old = "SELECT count(*) FROM scans WHERE backend = 'old'"

    rig.run(600)
    kept = rig.connection.execute(old).fetchone()[0]
    rig.run(16 * 3_600)

    assert kept == 1
    assert rig.connection.execute(old).fetchone()[0] == 0


def test_a_clock_that_is_set_moves_the_id_within_seconds(rig):
    jump_s = 0.0
    wall = rig.clock.wall
    rig.clock = replace(rig.clock, wall=lambda: wall() + jump_s)
    rig.engine = rig.new_engine(rig.connection)

    async def set_clock() -> None:
        nonlocal jump_s
        await asyncio.sleep(100)
        jump_s = 3_600

    task = rig.loop.create_task(set_clock())
    rig.run(200)

    assert task.done()
    assert len(on_air(rig)) == 2
    assert on_air(rig)[1][0] - START_S <= 111


def test_a_notice_that_waited_is_told_once(rig, monkeypatch: pytest.MonkeyPatch):
    waiting = ["a notice"]
    monkeypatch.setattr(rig.engine, "notices", lambda: list(waiting))
    monkeypatch.setattr(rig.engine, "told", waiting.remove)

    rig.run(600, fetches=True)

    assert rig.told == ["a notice"]


def test_a_radio_that_swallows_a_cancellation_does_not_hold_up_the_end(rig):
    async def swallow(data: bytes, interval_ms: int) -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(10)

    rig.radio.set_frame = swallow

    rig.run(5)

    assert rig.radio.frames[-1][1] is None
    assert rig.loop.time() < 60


def test_a_machine_that_slept_asks_when_it_wakes(rig):
    slept_s = 0.0
    wall = rig.clock.wall
    rig.clock = replace(rig.clock, wall=lambda: wall() + slept_s)
    rig.engine = rig.new_engine(rig.connection)

    async def sleep() -> None:
        nonlocal slept_s
        await asyncio.sleep(1_000)
        slept_s = 10 * 3_600

    task = rig.loop.create_task(sleep())
    rig.run(1_200, fetches=True)

    assert task.done()
    assert len(rig.network.asked) == 2


def test_a_clock_that_is_set_back_does_not_put_off_the_next_fetch(rig):
    back_s = 0.0
    wall = rig.clock.wall
    rig.clock = replace(rig.clock, wall=lambda: wall() - back_s)
    rig.engine = rig.new_engine(rig.connection)

    async def set_clock() -> None:
        nonlocal back_s
        await asyncio.sleep(1_000)
        back_s = 8 * 3_600

    task = rig.loop.create_task(set_clock())
    rig.run(15_000, fetches=True)

    assert task.done()
    assert len(rig.network.asked) == 2


def test_a_full_temporary_folder_does_not_end_the_run(
    rig, monkeypatch: pytest.MonkeyPatch
):
    def full(_: Engine) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Engine, "update", full)

    rig.run(700, fetches=True)

    assert rig.changes == [(Work.FETCH, Trouble.STORE_FAILED)]
    assert len(rig.radio.scans) == 3


def test_a_notice_that_nobody_can_read_waits(rig, monkeypatch: pytest.MonkeyPatch):
    def gone(_: object) -> None:
        raise BrokenPipeError

    waiting = ["a notice"]
    monkeypatch.setattr(rig.engine, "notices", lambda: list(waiting))
    monkeypatch.setattr(rig.engine, "told", waiting.remove)
    monkeypatch.setattr(rig, "told", SimpleNamespace(append=gone))

    rig.run(700, fetches=True)

    assert waiting == ["a notice"]
    assert len(rig.radio.scans) == 3


def test_a_bluezone_id_has_one_address_for_its_quarter_of_an_hour(rig):
    rig.form = Form(-20, "bluezone")
    rig.radio.carriers = tuple(Carrier)

    rig.run(3_600 - 1)

    frames = on_air(rig)
    assert [round(t - START_S) for t, _ in frames] == [0, 900, 1800, 2700]
    assert len({data for _, data in frames}) == 4
    assert all(recognise(data).scheme == "bluezone" for _, data in frames)


def test_a_system_that_cannot_send_bluezones_form_still_listens(rig):
    rig.form = Form(-20, "bluezone")
    rig.radio.carriers = (Carrier.SERVICE_UUID,)

    rig.run(700)

    assert len(rig.radio.scans) == 3
    assert rig.changes == [(Work.ADVERTISEMENT, Trouble.ADVERTISING_UNSUPPORTED)]


@pytest.mark.parametrize("carrier", Carrier)
def test_a_deployments_numbers_go_on_air_in_every_carrier(rig, carrier: Carrier):
    profile = DeploymentProfile(0xFDF0, 0x0ABC, 0xFDF1)
    rig.form = Form(-20, profile=profile)
    rig.radio.carriers = (carrier,)

    rig.run(1)

    ((_, data),) = on_air(rig)
    assert recognise(data) is None
    assert recognise(data, profile).carrier is carrier


def test_a_full_disk_costs_no_scan_and_is_said_once(
    rig, monkeypatch: pytest.MonkeyPatch
):
    scanned = rig.engine.scanned

    def full(scan: Scan) -> None:
        if rig.wall() < START_S + 900:
            raise StoreError("The disk is full.", "Make room.")
        scanned(scan)

    monkeypatch.setattr(rig.engine, "scanned", full)

    rig.run(1_200)

    scans = read_scans(rig.connection, 0, 2**60)
    assert len(scans.start_ms) == len(rig.radio.scans) == 5
    assert rig.changes == [(Work.STORE, Trouble.STORE_FAILED), (Work.STORE, None)]
