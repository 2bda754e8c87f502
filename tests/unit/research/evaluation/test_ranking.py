"""Areas under the curve, pooled and within strata."""

import numpy as np
import pytest

from proximity.research.evaluation import ranking
from proximity.research.evaluation.ranking import (
    area_under_curve,
    mean_over_strata,
    weighted_auc,
)

POSITIVE = np.array([False, True, False, True])


def test_a_weight_counts_an_item_as_often():
    value = np.array([1.0, 2.0, 3.0])
    positive = np.array([False, True, False])
    doubled = weighted_auc(value, positive, np.array([[2.0, 1.0, 1.0]]))

    # The positive one beats the first twice and loses to the last once.
    assert doubled[0] == pytest.approx(2 / 3)


def test_blocks_of_weights_change_nothing(monkeypatch):
    generator = np.random.default_rng(0)
    value, weight = generator.random(4), generator.random((7, 4))
    whole = weighted_auc(value, POSITIVE, weight)
    monkeypatch.setattr(ranking, "MAX_CELLS", 5)

    assert weighted_auc(value, POSITIVE, weight).tolist() == whole.tolist()


def test_a_number_that_tells_only_strata_apart_is_worth_one_half():
    stratum = np.array([0, 0, 1, 1])
    value = np.array([1.0, 1.0, 2.0, 2.0])
    one = np.ones((1, 4))

    assert mean_over_strata(value, POSITIVE, stratum, one)[0] == 0.5


def test_strata_count_once_each_and_only_with_both_classes():
    stratum = np.array([0, 0, 1, 1, 1, 2])
    positive = np.array([True, False, True, False, False, True])
    value = np.array([2.0, 1.0, 2.0, 1.0, 3.0, 0.0])
    one = np.ones((1, 6))

    # 1 in the first, 1/2 in the second; the third has one class only.
    assert mean_over_strata(value, positive, stratum, one)[0] == 0.75


def test_without_both_classes_there_is_none():
    none = mean_over_strata(np.ones(2), np.ones(2, bool), np.arange(2), np.ones((1, 2)))

    assert np.isnan(none[0])
    assert area_under_curve(np.zeros(0), np.zeros(0, bool)) is None
