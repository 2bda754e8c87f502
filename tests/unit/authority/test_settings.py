"""The one settings object."""

import json
from pathlib import Path

import pytest

from proximity.authority.settings import (
    Settings,
    is_initialised,
    load_settings,
    new_settings,
    save_settings,
)
from proximity.errors import FormatError, NothingStoredError


def test_settings_come_back_from_their_file(tmp_path: Path):
    settings = Settings(region="FR", allow_user_report=True, client_tries=7)
    save_settings(tmp_path, settings)

    assert load_settings(tmp_path, {}) == settings
    assert (tmp_path / "settings.json").stat().st_mode & 0o777 == 0o600


def test_the_environment_wins(tmp_path: Path):
    save_settings(tmp_path, Settings(region="FR"))
    environment = {
        "PROXIMITY_AUTHORITY_REGION": "IT",
        "PROXIMITY_AUTHORITY_MINIMUM": "5",
        "PROXIMITY_AUTHORITY_ALLOW_USER_REPORT": "yes",
    }

    settings = load_settings(tmp_path, environment)

    assert (settings.region, settings.minimum, settings.allow_user_report) == (
        "IT",
        5,
        True,
    )


def test_the_environment_makes_no_test_of_a_real_authority(tmp_path: Path):
    save_settings(tmp_path, Settings())

    assert not load_settings(tmp_path, {"PROXIMITY_AUTHORITY_TEST": "true"}).test
    assert not new_settings({"PROXIMITY_AUTHORITY_TEST": "true"}, test=False).test
    assert not new_settings({"PROXIMITY_AUTHORITY_DEMO": "true"}, test=False).demo


@pytest.mark.parametrize(
    "wrong",
    [
        {"regoin": "VN"},
        {"minimum": "20"},
        {"minimum": -1},
        {"region": "Việt Nam"},
        {"language": "fr"},
        {"publish_every_s": 5},
        {"client_tries": 0},
        {"user_reports_per_day": 0},
        {"request_timeout_s": 0},
        {"trusted_proxies": "*"},
        {"trusted_proxies": "10.0.0.1/99"},
        {"trusted_proxies": "10.0.0.1,proxy"},
        {"messenger_url": "ftp://gateway/"},
        {"messenger_url": "https:gateway"},
        {"messenger_url": "https://[gateway/"},
        {"messenger_url": "https://gateway:99999/"},
        {"database_url": "mysql://host/db"},
        {"allow_user_report": 1},
        {"health_authority_id": ""},
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, wrong: dict[str, object]):
    (tmp_path / "settings.json").write_text(json.dumps(wrong))

    with pytest.raises(FormatError, match="setting cannot be used"):
        load_settings(tmp_path, {})


def test_a_wrong_variable_is_named(tmp_path: Path):
    save_settings(tmp_path, Settings())

    for name, text in (("MINIMUM", "many"), ("ALLOW_USER_REPORT", "perhaps")):
        with pytest.raises(FormatError):
            load_settings(tmp_path, {f"PROXIMITY_AUTHORITY_{name}": text})


def test_a_folder_that_was_not_made_is_told_how(tmp_path: Path):
    assert not is_initialised(tmp_path)
    with pytest.raises(NothingStoredError) as caught:
        load_settings(tmp_path, {})

    assert "authority init" in caught.value.hint


def test_an_address_with_a_password_is_not_shown():
    assert "secret" not in repr(Settings(database_url="postgresql://u:secret@h/db"))


@pytest.mark.parametrize("text", ["VN", "LA,LA", "LA,", "la/..", "LA KH"])
def test_regions_of_travellers_are_others_each_once(text):
    with pytest.raises(FormatError, match="traveler_regions"):
        Settings(region="VN", traveler_regions=text)


def test_regions_of_travellers_are_a_list():
    assert Settings().regions_of_travellers == ()
    assert Settings(traveler_regions="LA,KH").regions_of_travellers == ("LA", "KH")


@pytest.mark.parametrize(
    "wrong",
    [
        {"console_url": "http://console.example.org"},
        {"console_url": "https://console.example.org/path"},
        {"console_url": "https://Console.example.org"},
        {"utc_offset_min": 900},
    ],
)
def test_the_console_has_an_address_with_https_and_a_real_time_zone(wrong):
    with pytest.raises(FormatError):
        Settings(**wrong)
    Settings(console_url="https://console.example.org:8443", utc_offset_min=-180)
