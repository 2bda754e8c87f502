import asyncio

import pytest

from proximity.errors import (
    AdvertisingUnsupportedError,
    PermissionDeniedError,
    RadioError,
    RadioOffError,
)
from proximity.radio import choose, linux_mgmt
from proximity.radio.choose import Found, ListenOnly, backends, open_radio, survey
from proximity.units import Clock

CLOCK = Clock(wall=lambda: 0.0, monotonic=lambda: 0.0)
DENIED = PermissionDeniedError("no", "hint")
ABSENT = RadioError("no Bluetooth", "hint")
OFF = RadioOffError("off", "hint")


@pytest.fixture
def machine(monkeypatch):
    """Return what each backend of a Linux machine fails with, to be changed."""
    errors = {"linux-mgmt": None, "bluez": None}

    async def check(name, clock):
        if errors[name]:
            raise errors[name]

    monkeypatch.setattr(choose, "_check", check)
    monkeypatch.setattr(choose, "backends", lambda: tuple(errors))
    return errors


def opened(backend):
    async def run():
        async with open_radio(backend, CLOCK, bytes) as radio:
            return radio

    return asyncio.run(run())


def test_linux_prefers_the_kernel_and_the_others_have_what_bleak_has():
    assert backends("linux") == ("linux-mgmt", "bluez")
    assert backends("darwin") == backends("win32") == ("bleak",)


def test_the_best_backend_that_works_is_opened(machine):
    assert opened(None).backend == "linux-mgmt"
    machine["linux-mgmt"] = DENIED
    assert opened(None).backend == "bluez"


@pytest.mark.parametrize(
    ("kernel", "daemon", "told"),
    [
        (DENIED, OFF, OFF),
        (ABSENT, OFF, ABSENT),
        (DENIED, DENIED, DENIED),
    ],
)
def test_where_nothing_works_the_error_that_helps_most_is_told(
    machine, kernel, daemon, told
):
    machine.update({"linux-mgmt": kernel, "bluez": daemon})

    with pytest.raises(RadioError) as raised:
        opened(None)

    assert raised.value is told


def test_a_survey_names_every_backend_and_its_error(machine):
    machine["linux-mgmt"] = DENIED

    assert asyncio.run(survey(CLOCK)) == (
        Found("linux-mgmt", DENIED),
        Found("bluez", None),
    )


def test_an_unknown_name_is_refused_with_the_names_there_are(machine):
    with pytest.raises(RadioError) as raised:
        opened("hci9")

    assert "bluez" in raised.value.hint


def test_the_advertiser_stops_when_the_radio_is_closed(machine, monkeypatch):
    stopped = []

    async def stop(self):
        stopped.append(self)

    monkeypatch.setattr(linux_mgmt.LinuxAdvertiser, "stop", stop)

    radio = opened("linux-mgmt")

    assert stopped == [radio.advertiser]


def test_a_system_without_advertising_listens_and_says_so(monkeypatch):
    monkeypatch.setattr(choose, "backends", lambda: ("bleak",))

    radio = opened("bleak")

    assert isinstance(radio.advertiser, ListenOnly)
    with pytest.raises(AdvertisingUnsupportedError) as raised:
        asyncio.run(radio.advertiser.set_frame(b"", 250))
    assert raised.value.hint


def test_a_transport_that_cannot_be_opened_is_named():
    with pytest.raises(RadioError, match="controller"):
        opened("unix:/nowhere/at/all")


@pytest.mark.parametrize("name", ["foo:bar", "usb:", ":", "tcp-server:_:1"])
def test_a_name_that_no_transport_has_is_unknown(name):
    with pytest.raises(RadioError, match="no backend of that name"):
        opened(name)
