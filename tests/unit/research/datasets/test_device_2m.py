"""Phone models at 2 m."""

import pytest

from proximity.errors import FormatError
from proximity.research.datasets.device_2m import load_device_2m

HEADER = "\ufeffManufacturer,Device Name,Model,Distance (m),Orientation,Average (dBm)\n"


def test_each_model_has_its_mean_at_its_distance(tmp_path):
    (tmp_path / "Device Data.csv").write_text(
        HEADER + "SONY,XZ1,G8342,2,Top,-59.54\nLG,5X,Nexus 5X,2,Top,-67.4\n", "utf-8"
    )

    (chamber,) = load_device_2m(tmp_path).collections

    assert chamber.sightings.rssi_dbm.tolist() == pytest.approx([-59.54, -67.4])
    assert [chamber.devices[s.sender].model for s in chamber.segments] == [
        "SONY XZ1",
        "LG 5X",
    ]
    assert chamber.distance_m.tolist() == [2, 2]


@pytest.mark.parametrize("rows", ["", "SONY,XZ1,G8342,,Top,-59\n"])
def test_models_without_a_distance_are_refused(tmp_path, rows):
    (tmp_path / "Device Data.csv").write_text(HEADER + rows, "utf-8")

    with pytest.raises(FormatError, match="without a distance"):
        load_device_2m(tmp_path)
