"""A beacon carried past sensors."""

import pytest

from proximity.errors import FormatError
from proximity.research.datasets.position_tracks import load_position_tracks

SENSORS = 'Dongles:{"aa11": [[0.0, 0.0, 2.0], 1, "sensor10"]}\nBeacons:{}\n'
TURN = ",1,0,0,0,1,0,0,0,1"


@pytest.fixture
def folder(tmp_path):
    def write(row=f"100.5,aa11,bb22,-77,3.0,4.0,2.0{TURN}\n", sensors=SENSORS):
        (tmp_path / "tetam.dev").write_text(sensors)
        (tmp_path / "straight_01.mbd").write_text(row)
        return tmp_path

    return write


def test_the_distance_is_that_in_space(folder):
    (walk,) = load_position_tracks(folder()).collections

    assert walk.name == "straight_01"
    assert walk.distance_m.tolist() == [5.0]
    assert walk.sightings.t_ms.tolist() == [100_500]
    assert [device.name for device in walk.devices] == ["beacon", "sensor10"]


def test_a_sensor_without_a_place_is_refused(folder):
    with pytest.raises(FormatError, match="without a place"):
        load_position_tracks(folder(f"1,cc33,bb22,-77,3,4,2{TURN}\n"))


@pytest.mark.parametrize(
    "sensors",
    ["", "Dongles:[]", "Dongles:{", 'Dongles:{"aa11": [[1, 2], 1, "x"]}'],
)
def test_places_that_are_none_are_refused(folder, sensors):
    with pytest.raises(FormatError, match="places"):
        load_position_tracks(folder(sensors=sensors))


def test_a_folder_without_a_walk_is_refused(folder):
    (folder() / "straight_01.mbd").unlink()
    (folder().parent / "empty").mkdir()

    with pytest.raises(FormatError):
        load_position_tracks(folder().parent / "empty")
