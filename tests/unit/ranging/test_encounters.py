"""What is known of devices, and which of them calibrate each other."""

import numpy as np
import pytest

from proximity.ranging.encounters import MOST_SHARED, devices_of, shared_devices


def test_models_and_carriages_add_up(population):
    found = devices_of(["A", "A", "", "B"], ["", "bag", "bag", "hat"], population)

    assert found.send_db.tolist() == [2.0, 7.0, 5.0, 0.0]
    assert found.hear_db.tolist() == [-1.0, 3.0, 4.0, 0.0]
    assert found.known.tolist() == [True, True, True, False]


def test_of_no_devices_nothing_is_known(population):
    assert [len(column) for column in devices_of([], [], population)] == [0, 0, 0]


def test_a_carriage_too_few_is_refused(population):
    with pytest.raises(ValueError, match="shorter"):
        devices_of(["A", "B"], [""], population)


def test_who_met_several_others_is_shared_those_with_most_first(met):
    encounters = met([(0, 1), (0, 2), (3, 0), (4, 2)])

    assert shared_devices(encounters, 6).tolist() == [0, 2]


def test_of_as_many_meetings_the_first_comes_first(met):
    assert shared_devices(met([(2, 1), (1, 2), (0, 3), (3, 0)]), 4).tolist() == [
        0,
        1,
        2,
        3,
    ]


def test_no_more_are_shared_than_the_system_bears(met):
    ring = [(i, (i + 1) % 500) for i in range(500)]
    found = shared_devices(met([*ring, (499, 7)]), 500)

    assert len(found) == MOST_SHARED
    assert found[:2].tolist() == [7, 499]
    assert len(np.unique(found)) == MOST_SHARED


def test_nobody_met_nobody(met):
    assert shared_devices(met([]), 3).tolist() == []
