import asyncio
from types import SimpleNamespace

import pytest
from bleak.backends.scanner import AdvertisementData
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakDBusError,
    BleakError,
)

from proximity.errors import PermissionDeniedError, RadioError, RadioOffError
from proximity.protocol.scheme import recognise
from proximity.radio import bleak_scanner
from proximity.radio.bleak_scanner import BleakScanner, bus_error, open_system_radio
from proximity.radio.scanner import ScanReport
from proximity.units import Clock

EXPOSURE = "0000fd6f-0000-1000-8000-00805f9b34fb"
PAYLOAD = bytes(range(20))
Reason = BleakBluetoothNotAvailableReason


class System:
    """A system's radio that reports what it is told to while it starts."""

    def __init__(self, reports=(), *, at_start=None, at_stop=None):
        self.reports = reports
        self.at_start = at_start
        self.at_stop = at_stop
        self.running = False

    def open(self, callback):
        self.callback = callback
        return self

    async def start(self):
        if self.at_start:
            raise self.at_start
        self.running = True
        for address, advertised in self.reports:
            self.callback(SimpleNamespace(address=address), advertised)

    async def stop(self):
        self.running = False
        if self.at_stop:
            raise self.at_stop


def advertised(rssi=-60, service_data=None):
    data = {EXPOSURE: PAYLOAD} if service_data is None else service_data
    return AdvertisementData(None, {}, data, [EXPOSURE], None, rssi, ())


def hear(system, seconds=0.002):
    async def run():
        loop = asyncio.get_running_loop()
        clock = Clock(wall=lambda: 1_600_000_000 + loop.time(), monotonic=loop.time)
        scanner = BleakScanner(clock, system.open)
        return [each async for each in scanner.listen(seconds)]

    return asyncio.run(run())


def test_reports_come_in_order_with_their_data_joined_anew():
    reports = [("C0:FF:EE:00:00:01", advertised(rssi)) for rssi in (-60, -70)]

    *heard, report = hear(System(reports))

    assert [each.rssi_dbm for each in heard] == [-60, -70]
    assert {recognise(each.data).ephemeral_id for each in heard} == {PAYLOAD[:16]}
    assert {each.address for each in heard} == {bytes.fromhex("c0ffee000001")}
    assert isinstance(report, ScanReport)
    assert report.start_ms <= report.end_ms


@pytest.mark.parametrize("rssi", [127, -127])
def test_an_rssi_that_was_not_measured_is_missing(rssi):
    heard, _ = hear(System([("C0:FF:EE:00:00:01", advertised(rssi))]))

    assert heard.rssi_dbm is None


def test_an_alias_of_apples_systems_is_no_address():
    heard, _ = hear(System([("9A4E2F6B-0000-0000-0000-000000000000", advertised())]))

    assert heard.address is None


def test_what_is_no_advertisement_is_left_out():
    broken = advertised(service_data={"nonsense": b""})

    assert len(hear(System([("C0:FF:EE:00:00:01", broken)]))) == 1


def test_a_flood_is_dropped_beyond_its_bound(monkeypatch):
    monkeypatch.setattr(bleak_scanner, "_MAX_WAITING", 3)

    heard = hear(System([("C0:FF:EE:00:00:01", advertised())] * 10))

    assert len(heard) == 4


@pytest.mark.parametrize(
    ("error", "named"),
    [
        (BleakBluetoothNotAvailableError("", Reason.POWERED_OFF), RadioOffError),
        (BleakBluetoothNotAvailableError("", Reason.NO_BLUETOOTH), RadioOffError),
        (
            BleakBluetoothNotAvailableError("", Reason.DENIED_BY_USER),
            PermissionDeniedError,
        ),
        (BleakDBusError("org.bluez.Error.NotReady", []), RadioOffError),
        (
            BleakDBusError("org.freedesktop.DBus.Error.AccessDenied", []),
            PermissionDeniedError,
        ),
        (BleakError("adapter not found"), RadioError),
        (FileNotFoundError("/run/dbus"), RadioError),
    ],
)
@pytest.mark.parametrize("moment", ["at_start", "at_stop"])
def test_the_systems_errors_are_named(error, named, moment):
    with pytest.raises(RadioError) as raised:
        hear(System(**{moment: error}))

    assert type(raised.value) is named
    assert raised.value.hint
    assert raised.value.__cause__ is error


def test_cancelling_stops_the_radio_even_if_it_does_not_stop_well():
    system = System(at_stop=BleakError("in progress"))

    async def main():
        clock = Clock(wall=lambda: 0.0, monotonic=lambda: 0.0)
        stream = BleakScanner(clock, system.open).listen(60)
        scan = asyncio.create_task(anext(stream))
        while not system.running:
            await asyncio.sleep(0)
        scan.cancel()
        with pytest.raises(asyncio.CancelledError):
            await scan

    asyncio.run(main())

    assert not system.running


def test_bluez_is_asked_for_every_report_with_its_rssi(monkeypatch):
    asked = {}
    monkeypatch.setattr(
        bleak_scanner.bleak, "BleakScanner", lambda _, **given: asked.update(given)
    )

    open_system_radio(print)

    filters = {"Transport": "le", "DuplicateData": True, "RSSI": -127}
    assert asked == {"bluez": {"filters": filters}}


def test_an_unknown_refusal_on_the_bus_is_told_by_its_name():
    error = bus_error("org.bluez.Error.InProgress")

    assert type(error) is RadioError
    assert "InProgress" in str(error)
