from pathlib import Path

import pytest

from proximity.cli import home
from proximity.errors import StoreError


class NoKeyring:
    def get(self, account):
        return None

    def put(self, account, secret):
        return False

    def remove(self, account):
        return False


@pytest.fixture(autouse=True)
def without_keyring(monkeypatch):
    monkeypatch.setattr(home, "system_keyring", NoKeyring)
    for name in ("PROXIMITY_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)


def test_the_home_is_named_by_the_environment_before_the_data_folder(monkeypatch):
    monkeypatch.setenv("HOME", "/home/an")
    assert home.client_home() == Path("/home/an/.local/share/proximity")
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert home.client_home() == Path("/data/proximity")
    monkeypatch.setenv("PROXIMITY_HOME", "/device")
    assert home.client_home() == Path("/device")


def test_a_home_that_is_given_comes_first(monkeypatch, tmp_path):
    monkeypatch.setenv("PROXIMITY_HOME", "/device")

    assert home.store_file(tmp_path) == tmp_path / "store.sqlite"
    assert home.store_file(None) == Path("/device/store.sqlite")


def test_a_home_is_made_and_opened_and_the_key_file_is_said_aloud(tmp_path, capsys):
    connection, sealing = home.open_home(tmp_path / "device")

    assert (tmp_path / "device" / "store.sqlite").exists()
    assert sealing.open(sealing.seal(b"x", "t", b""), "t", b"") == b"x"
    captured = capsys.readouterr()
    assert captured.err.startswith("note: No system keyring")
    assert captured.out == ""
    connection.close()


def test_a_home_whose_key_is_gone_is_an_error(tmp_path, capsys):
    connection, _ = home.open_home(tmp_path)
    connection.close()
    (tmp_path / "sealing.key").unlink()

    with pytest.raises(StoreError):
        home.open_home(tmp_path)
