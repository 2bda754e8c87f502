import numpy as np
import pytest

from proximity.scoring.config import built_in
from proximity.scoring.window_looks import looks_of_scans


@pytest.fixture
def looks(window, today):
    def make(*windows):
        columns = built_in("default").rule.columns([windows], today)
        return looks_of_scans(columns, np.arange(len(columns.window)))

    return make


def test_one_key_and_day_is_one_encounter(looks, window, today):
    found = looks(
        window((50, 60)), window((51, 60), key_index=1), window((52, 60), day=today - 1)
    )

    assert found.encounters == 3
    assert sorted(found.looks.attenuation_db) == [50, 51, 52]


def test_scans_within_half_a_minute_are_one_look(looks, window):
    # The same key may be heard twice at once.
    found = looks(window((50, 60)), window((60, 60)))

    assert found.encounters == 1
    assert found.looks.attenuation_db.tolist() == [55]
    assert found.row.tolist() == [0, 0]


def test_a_scan_of_an_impossible_attenuation_is_bounded(looks, window):
    assert looks(window((255, 60))).looks.attenuation_db.tolist() == [140]


def test_no_scans_are_no_looks(looks, window):
    found = looks(window())

    assert (found.encounters, len(found.looks.look)) == (0, 0)
