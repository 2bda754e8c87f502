"""Figures beyond the hand-computed vectors of tests/vectors/evaluation.json."""

import numpy as np
import pytest

from proximity.research.evaluation.metrics import (
    brier_skill,
    calibration_error,
    detection_cost,
    equal_weights,
    mean_error,
    mean_ranks,
    rates,
    shuffled_aucs,
    stratified_chance_error,
)

ONE = equal_weights(4)


def test_saying_nothing_costs_as_much_as_saying_everything():
    positive = np.array([True, True, False, False])
    for called in (np.zeros(4, bool), np.ones(4, bool)):
        assert detection_cost(*rates(called, positive, ONE))[0] == 1
    assert detection_cost(*rates(positive, positive, ONE))[0] == 0
    assert detection_cost(*rates(~positive, positive, ONE))[0] == 2


def test_rates_of_a_class_that_is_not_there_are_unknown():
    hits, alarms = rates(np.ones(4, bool), np.ones(4, bool), ONE)

    assert hits[0] == 1
    assert np.isnan(alarms[0])


def test_the_base_rate_itself_has_no_skill():
    positive = np.array([True, False, False, False])

    assert brier_skill(np.full(4, 0.25), positive, ONE)[0] == pytest.approx(0)
    assert brier_skill(positive.astype(float), positive, ONE)[0] == 1
    assert brier_skill(np.full(4, 0.75), positive, ONE)[0] < 0
    assert np.isnan(brier_skill(np.full(4, 0.5), np.ones(4, bool), ONE)[0])


def test_honest_probabilities_have_next_to_no_calibration_error():
    generator = np.random.default_rng(0)
    probability = generator.random(400)
    found = [
        calibration_error(probability, generator.random(400) < probability, w)[0]
        for w in [equal_weights(400)] * 200
    ]

    # Uncorrected, the noise of 40 items a bin alone would be near .07.
    assert np.sqrt(np.mean(np.square(found))) < 0.04


def test_a_constant_bias_is_found_in_full():
    generator = np.random.default_rng(0)
    truth = generator.random(20_000) < 0.3

    error = calibration_error(np.full(20_000, 0.5), truth, equal_weights(20_000))

    assert error[0] == pytest.approx(0.2, abs=0.02)


def test_calibration_of_few_items_is_finite():
    error = calibration_error(np.array([0.9]), np.array([True]), equal_weights(1))

    assert error[0] == pytest.approx(0.1)


def test_minutes_are_off_by_their_mean_absolute_error():
    error = mean_error(np.array([5.0, 0.0]), np.array([2.0, 1.0]), equal_weights(2))

    assert error[0] == 2


def test_ties_share_their_rank():
    assert mean_ranks(np.array([5.0, 1.0, 5.0])).tolist() == [2.5, 1, 2.5]


def test_shuffled_labels_give_one_half():
    generator = np.random.default_rng(0)
    score = np.arange(100.0)

    aucs = shuffled_aucs(score, score >= 60, generator, 400)

    assert aucs.mean() == pytest.approx(0.5, abs=0.01)
    assert aucs.std() > 0.03


def test_one_class_cannot_be_shuffled():
    generator = np.random.default_rng(0)

    assert np.isnan(shuffled_aucs(np.ones(3), np.ones(3, bool), generator, 2)).all()


def test_chance_varies_the_area_as_dealt_out_labels_do():
    generator = np.random.default_rng(0)
    positive = np.arange(20) % 4 == 0
    areas = shuffled_aucs(np.arange(20.0), positive, generator, 4_000)

    error = stratified_chance_error(positive, np.zeros(20, np.int64))

    assert error == pytest.approx(areas.std(), rel=0.05)


def test_errors_of_strata_are_averaged():
    positive = np.array([True, False, True, False])

    # Of one positive and one other item, the area is 0 or 1.
    assert stratified_chance_error(positive, np.array([0, 0, 1, 1])) == 0.5


def test_strata_of_one_class_do_not_vary():
    positive = np.array([True, False, True, True])

    assert stratified_chance_error(positive, np.array([0, 0, 1, 1])) == 0.5
    assert np.isnan(stratified_chance_error(positive[2:], np.array([0, 0])))
