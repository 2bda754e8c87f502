import json
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from proximity.client.run_settings import (
    KEYS_FILE,
    SETTINGS_FILE,
    RunSettings,
    pin_keys,
    pinned_keys,
    read_keys,
    read_settings,
    write_settings,
)
from proximity.errors import FileAccessError, FormatError, StoreError
from proximity.protocol.carrier import DEFAULT_PROFILE, DeploymentProfile
from proximity.protocol.public_keys import PinnedKey, encode_public_keys
from proximity.protocol.signature import VerificationKey

KEY = VerificationKey(ec.derive_private_key(7, ec.SECP256R1()).public_key(), "VN", "v1")


def test_a_new_home_asks_nobody_and_speaks_vietnamese(tmp_path: Path):
    settings = read_settings(tmp_path)

    assert settings.source_url is None
    assert settings.language == "vi"
    assert pinned_keys(tmp_path) == ()


def test_settings_come_back_as_they_were(tmp_path: Path):
    profile = DeploymentProfile(0xFDF0, 0x0ABC, 0xFDF1)
    settings = RunSettings(
        "https://example.org/", "bluez", "en", -24, "bluezone", profile
    )

    write_settings(tmp_path / "home", settings)

    assert read_settings(tmp_path / "home") == settings


def test_settings_are_for_their_owner_alone(tmp_path: Path):
    write_settings(tmp_path, RunSettings())

    mode = (tmp_path / SETTINGS_FILE).stat().st_mode
    assert stat.S_IMODE(mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == [SETTINGS_FILE]


@pytest.mark.parametrize(
    "change",
    [
        {"source_url": 3},
        {"backend": []},
        {"language": "xx"},
        {"language": None},
        {"tx_power_dbm": 200},
        {"tx_power_dbm": "-20"},
        {"scheme": "tcn"},
        {"scheme": None},
        {"scheme": []},
        {"profile": None},
        {"profile": {"service_uuid16": "0xfd6f"}},
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, change: dict[str, object]):
    good = {"source_url": None, "backend": None, "language": "vi", "tx_power_dbm": -20}
    (tmp_path / SETTINGS_FILE).write_text(json.dumps(good | change), "utf-8")

    with pytest.raises(FormatError) as caught:
        read_settings(tmp_path)

    assert next(iter(change)) in str(caught.value)


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b"\xff", b" " * 70_000])
def test_a_file_of_another_kind_is_refused(tmp_path: Path, data: bytes):
    (tmp_path / SETTINGS_FILE).write_bytes(data)

    with pytest.raises(FormatError):
        read_settings(tmp_path)


def test_pinned_keys_are_those_of_the_authority(tmp_path: Path):
    pin_keys(tmp_path, encode_public_keys([PinnedKey(KEY)]))

    assert [(key.key_id, key.key_version) for key in pinned_keys(tmp_path)] == [
        ("VN", "v1")
    ]


def test_a_wrong_file_of_keys_leaves_those_that_are_pinned(tmp_path: Path):
    pin_keys(tmp_path, encode_public_keys([PinnedKey(KEY)]))

    with pytest.raises(FormatError):
        pin_keys(tmp_path, b"{}")

    assert len(pinned_keys(tmp_path)) == 1


def test_a_folder_in_the_way_is_named(tmp_path: Path):
    (tmp_path / KEYS_FILE).mkdir()

    with pytest.raises(StoreError):
        pinned_keys(tmp_path)
    with pytest.raises(StoreError):
        pin_keys(tmp_path, encode_public_keys([PinnedKey(KEY)]))


def test_a_file_that_is_cut_short_is_to_be_corrected_or_deleted(tmp_path: Path):
    (tmp_path / SETTINGS_FILE).write_bytes(b"{")

    with pytest.raises(FormatError) as caught:
        read_settings(tmp_path)

    assert SETTINGS_FILE in caught.value.hint


def test_a_file_of_keys_without_end_is_read_up_to_its_bound(tmp_path: Path):
    endless = tmp_path / "keys.json"
    endless.write_bytes(b" " * 1_000_000)

    assert len(read_keys(endless)) == 65_537
    with pytest.raises(FormatError):
        pin_keys(tmp_path, read_keys(endless))


def test_a_file_of_keys_that_cannot_be_read_is_named(tmp_path: Path):
    with pytest.raises(FileAccessError):
        read_keys(tmp_path)


def test_settings_of_before_there_were_profiles_are_read(tmp_path: Path):
    old = {"source_url": None, "backend": None, "language": "vi", "tx_power_dbm": -20}
    (tmp_path / SETTINGS_FILE).write_text(json.dumps(old), "utf-8")

    settings = read_settings(tmp_path)

    assert (settings.scheme, settings.profile) == ("gaen", DEFAULT_PROFILE)
