"""Four phones on one body."""

import pytest

from proximity.errors import FormatError
from proximity.research.datasets import static_6ft
from proximity.research.datasets.static_6ft import load_static_6ft

TABLE = """environment,receiver,angle_deg,tx_name,t_s,rssi_dbm,txpower_adv
Room,iPhone,45,TestPhone1,0.0,-57,8
Room,iPhone,45,TestPhone4,0.0,-60,8
Room,nRF52,45,TestPhone1,0.0,-63,8
Room,nRF52,45,TestPhoneq,0.1,-63,72
Wall,iPhone,0,TestPhone2,0.0,127,
"""


def test_a_place_is_a_collection_and_a_phone_a_carriage(tmp_path):
    (tmp_path / "samples.csv").write_text(TABLE)

    room, wall = load_static_6ft(tmp_path).collections

    assert (room.name, wall.name) == ("Room", "Wall")
    assert [s.sender_placement.carriage for s in room.segments] == [
        "front pants pocket",
        "at ear",
        "front pants pocket",
    ]
    assert {s.distance_m for s in room.segments} == {1.8288}


def test_a_name_that_a_bit_error_broke_is_left_out(tmp_path):
    (tmp_path / "samples.csv").write_text(TABLE)

    room = load_static_6ft(tmp_path).collections[0]

    assert len(room.sightings.t_ms) == 3
    assert {device.name for device in room.devices} == {
        "iPhone",
        "nRF52",
        "TestPhone1",
        "TestPhone4",
    }


def test_a_folder_without_samples_is_refused(tmp_path):
    with pytest.raises(FormatError):
        load_static_6ft(tmp_path)


def test_more_places_than_a_campaign_has_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(static_6ft, "MAX_PLACES", 1)
    (tmp_path / "samples.csv").write_text(TABLE)

    with pytest.raises(FormatError, match="places"):
        load_static_6ft(tmp_path)
