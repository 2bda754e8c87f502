"""Signals that the model itself made, and what its scorer reaches on them."""

from dataclasses import replace

import numpy as np
import pytest

from proximity.ranging.population import default_parameters
from proximity.research.evaluation.ceiling import ceilings, drawn_anew
from proximity.research.evaluation.grid import grid_questions
from proximity.research.evaluation.scorer import Knowledge

SPREADS = (
    "send_sd",
    "hear_sd",
    "known_send_sd",
    "known_hear_sd",
    "link_sd",
    "place_sd",
    "slow_sd",
    "packet_sd",
)


def generators(count=2):
    return [np.random.default_rng(i) for i in range(count)]


def quiet(**numbers):
    """Return parameters under which nothing but distance moves a signal."""
    known = default_parameters()
    still = dict.fromkeys(SPREADS, 0.0) | {"direction_sd": 0.01, "fast_sd": 0.01}

    def of(population):
        return replace(population, **(still | numbers))

    return replace(
        known, calibrated=of(known.calibrated), uncalibrated=of(known.uncalibrated)
    )


def ask(dataset):
    return grid_questions(dataset, Knowledge.SIGNAL)[:1]


def test_only_the_strength_of_signals_is_drawn(people):
    drawn = drawn_anew(people, default_parameters(), np.random.default_rng(0))

    heard, before = drawn.sightings, people.sightings
    assert np.array_equal(heard.t_ms, before.t_ms)
    assert np.array_equal(heard.sender, before.sender)
    assert np.array_equal(drawn.distance_m, people.distance_m)
    assert drawn.tracks is people.tracks
    assert not np.array_equal(heard.rssi_dbm, before.rssi_dbm)
    assert np.all(np.isfinite(heard.rssi_dbm))


def test_the_same_generator_draws_the_same(people):
    first, second = (
        drawn_anew(people, default_parameters(), np.random.default_rng(3))
        for _ in range(2)
    )

    assert np.array_equal(first.sightings.rssi_dbm, second.sightings.rssi_dbm)


def test_without_noise_the_signal_is_the_law_of_distance(grid):
    parameters = quiet()
    population = parameters.uncalibrated

    drawn = drawn_anew(grid.collections[0], parameters, np.random.default_rng(0))

    law = population.level_db + population.slope_db * np.log10(drawn.distance_m)
    # The least noise that parameters may have is .01 dB, twice.
    assert drawn.sightings.rssi_dbm == pytest.approx(-law, abs=0.07)


def test_what_was_not_measured_is_not_drawn(people):
    rssi_dbm = people.sightings.rssi_dbm.copy()
    rssi_dbm[4] = np.nan
    partly = replace(people, sightings=people.sightings._replace(rssi_dbm=rssi_dbm))

    drawn = drawn_anew(partly, default_parameters(), np.random.default_rng(0))

    assert np.flatnonzero(np.isnan(drawn.sightings.rssi_dbm)).tolist() == [4]


def test_fading_of_a_population_is_as_wide_as_it_says(many):
    parameters = quiet(link_sd=5.0)
    strengths = [
        drawn_anew(many.collections[0], parameters, np.random.default_rng(i))
        for i in range(40)
    ]
    first = [float(each.sightings.rssi_dbm[0]) for each in strengths]

    assert np.std(first) == pytest.approx(5.0, rel=0.3)


def test_where_nothing_disturbs_everything_can_be_found(grid):
    for each in ceilings(grid, ask, quiet(), generators()):
        assert each.auc.tolist() == [1, 1]


def test_where_devices_differ_more_than_distances_little_can_be_found(many):
    wide = quiet(send_sd=1.0, link_sd=60.0)

    run = ceilings(many, ask, wide, generators())[0]

    assert (run.name, run.unit, run.self_calibrated) == ("many", "run", False)
    assert run.auc.shape == (2,)
    # 60 runs, 30 of them near: the standard error of chance is .075.
    assert run.auc.mean() == pytest.approx(0.5, abs=0.2)
