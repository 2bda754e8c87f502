"""Looks become samples: for how long each stands, and how the distance moved."""

from dataclasses import replace

import numpy as np
import pytest

from proximity.ranging.levels import levels_of
from proximity.ranging.looks import LOOK_S, looks_of
from proximity.ranging.motion import MOST_SILENCE_S, samples_of


@pytest.fixture
def samples(population, heard_of):
    """Return a maker of samples from sightings."""

    def make(rows, fading=population.fading):
        looks = looks_of(heard_of(rows))
        n = int(looks.encounter.max()) + 1 if len(looks.look) else 0
        return samples_of(looks, levels_of(looks, n, fading), fading)

    return make


def test_whoever_was_heard_once_may_have_been_there_around_it(samples):
    found = samples([(0, True, 100, 60)])

    assert found.seconds.tolist() == [MOST_SILENCE_S]
    assert found.log10_m.tolist() == [0.0]


@pytest.mark.parametrize(
    ("gap_looks", "seconds"),
    [(1, 30.0), (4, 120.0), (10, 300.0), (11, 300.0), (10_000, 300.0)],
)
def test_a_sample_stands_for_half_of_a_silence_that_is_no_absence(
    samples, gap_looks, seconds
):
    found = samples([(0, True, 0, 60), (0, True, gap_looks * LOOK_S, 60)])

    assert found.seconds.tolist() == [(MOST_SILENCE_S + seconds) / 2] * 2


def test_encounters_have_their_own_silences(samples):
    rows = [(0, True, 0, 60), (1, True, 30, 60), (1, True, 60, 60), (2, True, 0, 60)]

    assert samples(rows).seconds.tolist() == [300.0, 165.0, 165.0, 300.0]


def test_both_directions_in_one_half_minute_are_one_sample(samples):
    found = samples([(0, True, 0, 60), (0, False, 1, 70), (0, False, 31, 70)])

    assert found.look.tolist() == [0, 1]
    assert found.encounter.tolist() == [0, 0]


def test_a_steady_signal_says_that_nobody_moved(samples, population):
    found = samples([(0, True, 30 * i, 66) for i in range(20)])

    assert found.log10_m.tolist() == pytest.approx([0.0] * 20)
    assert (found.variance < population.motion_sd**2).all()


def test_who_was_louder_was_nearer_but_by_less_than_it_seems(samples, population):
    rows = [(0, True, 30 * i, 60 if i < 20 else 80) for i in range(40)]
    found = samples(rows)
    seeming = 10 / population.slope_db

    assert (-seeming < found.log10_m[:20]).all()
    assert (found.log10_m[:18] < -0.1).all()
    assert (found.log10_m[22:] > 0.1).all()
    assert (found.log10_m[20:] < seeming).all()


def test_one_look_is_believed_less_than_many(samples):
    odd = 45
    once = samples([(0, True, 30 * i, odd if i == 10 else 66) for i in range(20)])
    long = samples([(0, True, 30 * i, odd if i >= 10 else 66) for i in range(20)])

    assert once.log10_m.min() > long.log10_m.min()
    assert once.variance[10] > 0


def test_what_is_known_of_a_moment_never_exceeds_how_people_move(samples, population):
    generator = np.random.default_rng(0)
    times = np.sort(generator.integers(0, 100_000, 40)).tolist()
    found = samples([(0, True, t, generator.uniform(40, 100)) for t in times])

    assert (found.variance <= population.motion_sd**2 * (1 + 1e-6)).all()
    assert (found.variance > 0).all()


def test_slow_fading_alone_is_no_motion(samples, population):
    still = replace(population, motion_sd=0.0).fading
    found = samples([(0, True, 30 * i, 50 + i) for i in range(20)], still)

    assert found.log10_m.tolist() == [0.0] * 20
    assert found.variance.tolist() == pytest.approx([0.0] * 20)


def test_without_fading_that_lasts_a_deviation_is_noise(samples, population):
    quick = replace(population, motion_sd=0.0, slow_sd=0.0).fading

    assert np.isfinite(
        samples([(0, True, 0, 50), (0, True, 30, 90)], quick).log10_m
    ).all()


def test_of_nothing_heard_there_is_no_sample(samples):
    assert [len(column) for column in samples([])] == [0] * 5
