import asyncio
import socket
from types import SimpleNamespace

import pytest
from dbus_fast import MessageType, Variant

from proximity.errors import (
    AdvertisingUnsupportedError,
    PermissionDeniedError,
    RadioError,
    RadioOffError,
)
from proximity.protocol.carrier import Carrier, encode_carrier
from proximity.radio import bluez_advertiser
from proximity.radio.bluez_advertiser import BluezAdvertiser, Frame, check
from proximity.radio.system_fields import split_fields

EXPOSURE = "0000fd6f-0000-1000-8000-00805f9b34fb"
PAYLOADS = [bytes([number]) * 20 for number in range(3)]
FRAMES = [encode_carrier(payload, Carrier.SERVICE_DATA) for payload in PAYLOADS]
ON = {"Powered": Variant("b", True)}
OFF = {"Powered": Variant("b", False)}
MANAGER = {"org.bluez.LEAdvertisingManager1": {}}


class Bus:
    """A connection to a daemon that keeps what is registered, and its history."""

    def __init__(self):
        self.objects = {"/org/bluez/hci0": {"org.bluez.Adapter1": ON, **MANAGER}}
        self.errors = {}
        self.exported = {}
        self.on_air = []
        self.history = []

    def export(self, path, frame):
        self.exported[path] = frame

    def unexport(self, path):
        del self.exported[path]

    def disconnect(self):
        self.on_air.clear()
        self.exported.clear()

    async def wait_for_disconnect(self):
        assert not self.exported

    async def call(self, message):
        error = self.errors.get(message.member)
        if isinstance(error, Exception):
            raise error
        if error:
            return SimpleNamespace(message_type=MessageType.ERROR, error_name=error)
        body = []
        if message.member == "GetManagedObjects":
            body = [self.objects]
        elif message.member == "RegisterAdvertisement":
            self.on_air.append(message.body[0])
            frame = self.exported[message.body[0]]
            self.history.append((message.body[0], frame.service_data[EXPOSURE].value))
        else:
            self.on_air.remove(message.body[0])
        return SimpleNamespace(message_type=MessageType.METHOD_RETURN, body=body)


@pytest.fixture
def bus(monkeypatch):
    bus = Bus()

    async def connect():
        return bus

    monkeypatch.setattr(bluez_advertiser, "connect", connect)
    return bus


def send(*frames, stop=False):
    async def run():
        advertiser = BluezAdvertiser()
        for frame in frames:
            await advertiser.set_frame(frame, 250)
        if stop:
            await advertiser.stop()
            await advertiser.stop()

    asyncio.run(run())


def test_a_frame_is_never_of_the_type_that_shows_the_public_address():
    frame = Frame(split_fields(FRAMES[0]), 250)

    assert frame.kind == "broadcast"
    assert frame.service_uuids == [EXPOSURE]
    assert frame.service_data[EXPOSURE].value == PAYLOADS[0]
    assert frame.manufacturer_data == {}
    assert (frame.min_interval, frame.max_interval) == (250, 260)


def test_each_frame_is_registered_anew_and_the_one_before_is_gone(bus):
    send(*FRAMES)

    paths, payloads = zip(*bus.history, strict=True)
    assert len(set(paths)) == 3
    assert list(payloads) == PAYLOADS
    assert bus.on_air == [paths[-1]]


def test_stopping_leaves_nothing_on_air(bus):
    send(FRAMES[0], stop=True)

    assert bus.on_air == []


def test_a_frame_that_bluez_has_dropped_does_not_stand_in_the_way(bus):
    async def run():
        advertiser = BluezAdvertiser()
        await advertiser.set_frame(FRAMES[0], 250)
        bus.on_air.clear()
        bus.errors["UnregisterAdvertisement"] = "org.bluez.Error.DoesNotExist"
        await advertiser.set_frame(FRAMES[1], 250)

    asyncio.run(run())

    assert len(bus.on_air) == 1


@pytest.mark.parametrize(
    ("error", "named"),
    [
        ("org.bluez.Error.NotPermitted", AdvertisingUnsupportedError),
        ("org.bluez.Error.InvalidLength", AdvertisingUnsupportedError),
        ("org.bluez.Error.NotReady", RadioOffError),
        ("org.freedesktop.DBus.Error.AccessDenied", PermissionDeniedError),
        ("org.bluez.Error.Failed", RadioError),
        (EOFError(), RadioOffError),
    ],
)
def test_a_refusal_is_named_and_leaves_nothing_on_air(bus, error, named):
    bus.errors["RegisterAdvertisement"] = error

    with pytest.raises(RadioError) as raised:
        send(FRAMES[0])

    assert type(raised.value) is named
    assert raised.value.hint
    assert bus.exported == {}


@pytest.mark.parametrize(
    ("objects", "named"),
    [
        ({}, RadioOffError),
        ({"/a": {"org.bluez.Adapter1": OFF}}, RadioOffError),
        ({"/a": {"org.bluez.Adapter1": ON}}, AdvertisingUnsupportedError),
    ],
)
def test_an_adapter_that_cannot_advertise_is_named(bus, objects, named):
    bus.objects = objects

    with pytest.raises(named):
        send(FRAMES[0])


def test_the_check_passes_where_one_can_listen_without_advertising(bus):
    bus.objects = {"/a": {"org.bluez.Adapter1": ON}}

    asyncio.run(check())

    bus.objects = {}
    with pytest.raises(RadioOffError):
        asyncio.run(check())


def test_a_system_without_a_bus_is_named(monkeypatch):
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere/at/all")

    with pytest.raises(RadioError, match="D-Bus"):
        send(FRAMES[0])


def test_a_bus_that_never_answers_is_given_up(monkeypatch, tmp_path):
    path = tmp_path / "bus"
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={path}")
    monkeypatch.setattr(bluez_advertiser, "_REPLY_TIMEOUT_S", 0.005)

    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        with pytest.raises(RadioError, match="TimeoutError"):
            asyncio.run(asyncio.wait_for(check(), 2))
