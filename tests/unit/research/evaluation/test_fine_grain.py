"""The decision cost of estimated distances, worked out by hand."""

import numpy as np
import pytest

from proximity.research.evaluation.fine_grain import fine_costs
from proximity.research.evaluation.metrics import equal_weights

# 4, 6, 10 and 15 ft.
FEET_M = np.array([1.2192, 1.8288, 3.048, 4.572])
ONE = equal_weights(4)


def costs(estimated, truth=FEET_M):
    found = fine_costs(np.array(estimated, float), np.array(truth, float), ONE)
    return {name: row[0] for name, row in found.items()}


def test_the_truth_itself_costs_nothing():
    assert costs(FEET_M) == {"1.2": 0, "1.8": 0, "3.0": 0, "mean": 0}


def test_saying_the_same_of_all_is_worth_nothing():
    for metres in (0.5, 2.4, 9.0):
        assert costs([metres] * 4) == {"1.2": 1, "1.8": 1, "3.0": 1, "mean": 1}


def test_misses_and_false_alarms_are_shares_of_their_class():
    # 4 ft is missed at 1.2 m; 10 ft is a false alarm at 1.8 m, one of two.
    found = costs([1.5, 1.5, 1.5, 4.0])

    assert found["1.2"] == 1
    assert found["1.8"] == 0.5
    assert found["3.0"] == 0
    assert found["mean"] == pytest.approx(0.5)


def test_other_distances_and_unknown_ones_do_not_count():
    whole = fine_costs(
        np.append(FEET_M, [9.0, 0.1]), np.append(FEET_M, [2.4, np.nan]), np.ones((1, 6))
    )

    assert whole["mean"][0] == 0


def test_without_one_of_the_classes_the_cost_is_unknown():
    found = costs([1.0] * 4, [1.2, 1.2, 1.2, 1.2])

    assert all(np.isnan(value) for value in found.values())
