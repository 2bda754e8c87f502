"""The whole line: sightings in, distances and samples out."""

from dataclasses import replace

import numpy as np
import pytest

from proximity.ranging.estimator import estimate
from proximity.ranging.population import default_parameters
from proximity.ranging.posterior import minutes_within


@pytest.fixture
def estimated(population, heard_of, met, unknown):
    """Return a maker of estimates of the encounters of device 0 with others."""

    def make(rows, others=1, of=population):
        pairs = met([(0, i + 1) for i in range(others)])
        return estimate(heard_of(rows), pairs, unknown(others + 1), of)

    return make


def talk(encounter, level_db, minutes=20):
    return [
        (encounter, forward, 30 * i + 5, level_db)
        for i in range(2 * minutes)
        for forward in (True, False)
    ]


def chance(found, minutes, memory_s):
    asked = found.samples.encounter
    answers = minutes_within(2.0, found, asked, memory_s)
    return answers.chance_of(np.full(len(answers.covered), float(minutes))).tolist()


def test_side_by_side_is_told_from_across_the_room(estimated, population):
    found = estimated([*talk(0, 58), *talk(1, 80)], others=2)
    side, across = chance(found, 15, population.memory_s)

    assert side > 0.8
    assert across < 0.2


def test_of_someone_unheard_only_the_usual_is_known(estimated, population):
    found = estimated(talk(0, 64), others=3)

    assert found.distances.log10_m[1:] == pytest.approx(
        [population.distance_log10] * 2, abs=0.02
    )
    assert set(found.samples.encounter.tolist()) == {0}


@pytest.mark.parametrize("kind", ["calibrated", "uncalibrated"])
@pytest.mark.parametrize(
    ("level_db", "most"), [(60, 0.4), (66, 0.2), (0, 0.8), (140, 0.8)]
)
def test_one_sighting_is_hardly_more_than_nothing(estimated, kind, level_db, most):
    """However near or far it says: by so many standard deviations of the prior."""
    usual = getattr(default_parameters(), kind)
    found = estimated([(0, True, 0, float(level_db))], of=usual).distances
    prior = estimated([], of=usual).distances
    sd = prior.variance[0] ** 0.5

    assert abs(found.log10_m[0] - prior.log10_m[0]) < most * sd
    assert found.variance[0] ** 0.5 > 0.9 * sd


def test_of_nothing_heard_there_is_the_prior(estimated, population):
    found = estimated([])

    assert found.distances.log10_m.tolist() == pytest.approx([0.3])
    assert len(found.samples.encounter) == 0


def test_the_same_input_gives_the_same_bits(estimated):
    rows = [*talk(0, 61.3), *talk(1, 70.7)]
    first, second = estimated(rows, 2), estimated(rows, 2)

    for one, other in zip(first, second, strict=True):
        for left, right in zip(one, other, strict=True):
            np.testing.assert_array_equal(left, right)


def test_a_steeper_slope_makes_less_of_the_same_decibels(estimated, population):
    steep = replace(population, slope_db=40.0, level_db=54.0)
    usual, steeper = (estimated(talk(0, 80), of=p) for p in (population, steep))

    # Both expect 66 dB at the usual distance.
    assert steeper.distances.log10_m[0] < usual.distances.log10_m[0]
