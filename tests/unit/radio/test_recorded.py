import asyncio

import numpy as np
import pytest

from proximity.errors import RadioOffError
from proximity.protocol.reception import Broadcast, gather_receptions
from proximity.protocol.recording import make_recording
from proximity.protocol.sighting import Scans
from proximity.radio.recorded import RecordedScanner
from proximity.radio.scanner import Heard, ScanReport
from proximity.units import Clock

ADDRESS = bytes.fromhex("c0ffee000001")
THEN_MS = 1_600_000_000_000
NOW_S = 1_700_000_000.0


def recorded(*heard: tuple[int, int | None, bytes], until_ms: int = 20):
    """Return receptions at milliseconds after a start, in one scan."""
    receptions = gather_receptions(
        (THEN_MS + t_ms, rssi, Broadcast(ADDRESS, data)) for t_ms, rssi, data in heard
    )
    scans = np.array([[THEN_MS], [THEN_MS + until_ms], [-1]], np.int64)
    return make_recording(receptions, Scans(*scans))


def replay(recording, *seconds: float, pause_s: float = 0.0):
    """Return what each scan yields, by a clock that starts at zero."""

    async def run():
        loop = asyncio.get_running_loop()
        start_s = loop.time()
        clock = Clock(
            wall=lambda: NOW_S + loop.time() - start_s,
            monotonic=lambda: loop.time() - start_s,
        )
        scanner = RecordedScanner(recording, clock)
        scans = []
        for length_s in seconds:
            scans.append([each async for each in scanner.listen(length_s)])
            await asyncio.sleep(pause_s)
        return scans

    return asyncio.run(run())


def test_what_was_heard_is_heard_again_in_the_order_of_time():
    recording = recorded((4, -61, b"b"), (2, None, b"a"))
    (first, second, last) = replay(recording, 0.006)[0]

    assert (first.data, first.rssi_dbm) == (b"a", None)
    assert (second.data, second.rssi_dbm) == (b"b", -61)
    assert first.address == ADDRESS
    assert isinstance(last, ScanReport)


def test_times_are_those_of_the_clock():
    heard, report = replay(recorded((3, -60, b"a")), 0.005)[0]

    assert 3 <= heard.t_monotonic_ms < 1_000
    assert 0 <= heard.t_wall_ms - NOW_S * 1_000 - heard.t_monotonic_ms <= 1
    assert report.end_ms - report.start_ms >= 5
    assert report.monotonic_ms < heard.t_monotonic_ms


def test_a_scan_that_hears_nothing_is_reported_too():
    (report,) = replay(recorded(), 0.001)[0]

    assert isinstance(report, ScanReport)
    assert (report.backend, report.duty) == ("recorded", 1.0)


def test_what_falls_between_two_scans_is_missed():
    recording = recorded((1, -60, b"a"), (4, -60, b"b"), (150, -60, b"c"))
    scans = replay(recording, 0.002, 0.2, pause_s=0.008)

    assert [h.data for scan in scans for h in scan if isinstance(h, Heard)] == [
        b"a",
        b"c",
    ]


def test_after_its_end_there_is_nothing_to_listen_to():
    with pytest.raises(RadioOffError, match="over"):
        replay(recorded(until_ms=1), 0.002, 0.002, pause_s=0.002)


def test_an_empty_recording_is_over_at_once():
    empty = make_recording(gather_receptions([]), Scans(*np.zeros((3, 0), np.int64)))

    with pytest.raises(RadioOffError):
        replay(empty, 0.001)
