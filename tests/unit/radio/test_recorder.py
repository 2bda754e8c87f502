import asyncio
from collections.abc import AsyncIterator

import pytest

from proximity.errors import RadioOffError
from proximity.protocol.sighting import MISSING_RSSI_DBM
from proximity.radio.recorder import Recorder
from proximity.radio.scanner import Heard, ScanReport
from proximity.units import Clock

ADDRESS = bytes.fromhex("c0ffee000001")
CLOCK = Clock(wall=lambda: 9.0, monotonic=lambda: 2.0)
REPORT = ScanReport(9_000, 9_500, 2_000, "fake", 1.0)


def heard(t_ms: int, data: bytes = b"\x01\x09", rssi_dbm: int | None = -60) -> Heard:
    return Heard(t_ms, t_ms, data, rssi_dbm, ADDRESS, "fake")


class FakeScanner:
    """Yields what it is given; raises what is an error."""

    def __init__(self, *events: Heard | ScanReport | BaseException) -> None:
        self.events = events

    async def listen(self, seconds: float) -> AsyncIterator[Heard | ScanReport]:
        for event in self.events:
            await asyncio.sleep(0)
            if isinstance(event, BaseException):
                raise event
            yield event


def scans_of(recorder: Recorder) -> list[tuple[int, ...]]:
    _, scans = recorder.recorded()
    return list(zip(*(column.tolist() for column in scans), strict=True))


def test_everything_that_is_heard_is_kept_with_its_scan():
    recorder = Recorder(CLOCK)
    scanner = FakeScanner(heard(9_100), heard(9_200, rssi_dbm=None), REPORT)
    asyncio.run(recorder.record(scanner, 0.5))
    receptions, _ = recorder.recorded()

    assert receptions.t_ms.tolist() == [9_100, 9_200]
    assert receptions.rssi_dbm.tolist() == [-60, MISSING_RSSI_DBM]
    assert [b.address for b in receptions.broadcasts] == [ADDRESS]
    assert scans_of(recorder) == [(9_000, 9_500, 2_000)]


def test_an_empty_scan_is_kept():
    recorder = Recorder(CLOCK)
    asyncio.run(recorder.record(FakeScanner(REPORT), 0.5))

    assert scans_of(recorder) == [(9_000, 9_500, 2_000)]


def test_a_scan_that_is_interrupted_ends_then():
    recorder = Recorder(CLOCK)
    scanner = FakeScanner(heard(9_000), asyncio.CancelledError())

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(recorder.record(scanner, 0.5))
    assert scans_of(recorder) == [(9_000, 9_000, 2_000)]


def test_a_scan_ends_with_what_was_heard_before_the_adapter_went():
    recorder = Recorder(CLOCK)
    scanner = FakeScanner(heard(9_300), RadioOffError("gone", "plug it in"))

    with pytest.raises(RadioOffError):
        asyncio.run(recorder.record(scanner, 0.5))
    assert scans_of(recorder) == [(9_000, 9_300, 2_000)]


def test_a_scan_that_never_ran_does_not_pass_for_silence():
    recorder = Recorder(CLOCK)

    with pytest.raises(RadioOffError):
        asyncio.run(recorder.record(FakeScanner(RadioOffError("off", "on")), 0.5))
    assert scans_of(recorder) == []


def test_data_that_no_recording_can_hold_is_left_out():
    recorder = Recorder(CLOCK)
    asyncio.run(recorder.record(FakeScanner(heard(9_100, bytes(1_651)), REPORT), 0.5))
    receptions, _ = recorder.recorded()

    assert len(receptions.t_ms) == 0
