"""Signals without a time."""

import pytest

from proximity.errors import FormatError
from proximity.research.datasets.multichannel import load_multichannel

HEADER = "distance,rssiBLE,rssi24,freq24,rssi5,freq5,y\n"


def write(folder, name, rows):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(HEADER + rows)


def test_a_place_is_a_collection_and_order_stands_for_time(tmp_path):
    rows = "50,-40,1,2,3,4,close\n300,-70,1,2,3,4,safe\n50,-41,1,2,3,4,close\n"
    write(tmp_path, "train/iPhone.csv", rows)
    write(tmp_path, "train/Pi.csv", "150,-50,1,2,3,4,close\n")

    (train,) = load_multichannel(tmp_path).collections

    assert not train.timed
    assert [s.distance_m for s in train.segments] == [1.5, 0.5, 3.0]
    assert train.sightings.rssi_dbm.tolist() == [-50, -40, -41, -70]
    assert [train.devices[s.sender].name for s in train.segments] == [
        "Pi",
        "iPhone",
        "iPhone",
    ]


def test_rows_that_hold_no_bluetooth_are_left_out(tmp_path):
    rows = "50,-40,1,2,3,4,close\nsafe,-89,2412,-54,5580,320,\n"
    write(tmp_path, "office/scenarios/OnePlus.csv", rows)

    (office,) = load_multichannel(tmp_path).collections

    assert len(office.sightings.t_ms) == 1


def test_a_folder_without_places_is_refused(tmp_path):
    with pytest.raises(FormatError, match="none of the places"):
        load_multichannel(tmp_path)


def test_a_distance_of_nothing_is_refused(tmp_path):
    write(tmp_path, "bus/Pi.csv", "0,-40,1,2,3,4,close\n")

    with pytest.raises(FormatError, match="distance"):
        load_multichannel(tmp_path)
