import pytest
import typer

from proximity.cli.backend import require_backend


@pytest.mark.parametrize(
    "name",
    [
        "linux-mgmt",
        "bluez",
        "usb:0",
        "usb:0A12:0001/2",
        "serial:/dev/ttyACM0,1000000",
        "tcp-client:127.0.0.1:6402",
        "unix:/run/adapter",
    ],
)
def test_backends_and_transports_are_taken(name, monkeypatch):
    monkeypatch.setattr(
        "proximity.cli.backend.backends", lambda: ("linux-mgmt", "bluez")
    )

    require_backend(name)


@pytest.mark.parametrize("name", ["", ":", "usb:", "hci0", "foo:bar", "tcp-server:_:1"])
def test_what_no_system_has_is_wrong_usage_and_the_right_names_are_said(name):
    with pytest.raises(typer.BadParameter, match="usb:0"):
        require_backend(name)
