"""Answers to questions of minutes and dose, against drawing what may have been."""

from statistics import NormalDist

import numpy as np
import pytest

from proximity.ranging.estimator import Estimate
from proximity.ranging.looks import LOOK_S
from proximity.ranging.motion import Samples
from proximity.ranging.offsets import Distances
from proximity.ranging.posterior import dose_minutes, minutes_within

# In which looks are near or far each for itself.
ALONE_S = LOOK_S / 2
COUNT = 40
# Distances are drawn evenly, so that few draws are enough.
DRAWS = 1_000
EVENLY = np.array([NormalDist().inv_cdf((i + 0.5) / DRAWS) for i in range(DRAWS)])


def estimate_of(log10_m, sd, *, moves=0.1, minutes=1.0, samples=COUNT):
    """Return encounters of equal samples, of which only the distance is not known."""
    log10_m = np.atleast_1d(np.asarray(log10_m, np.float64))
    n = len(log10_m)
    encounter = np.repeat(np.arange(n), samples)
    look = np.tile(np.arange(samples), n)
    return Estimate(
        Distances(log10_m, np.full(n, sd**2), np.ones(n)),
        Samples(
            encounter,
            look,
            np.full(n * samples, 60.0 * minutes),
            np.zeros(n * samples),
            np.full(n * samples, moves**2),
        ),
    )


def within(metres, found, memory_s=ALONE_S):
    return minutes_within(metres, found, found.samples.encounter, memory_s)


def drawn_minutes(metres, log10_m, sd, *, moves=0.1, together=1):
    """Draw minutes of `COUNT` samples, of which so many move as one."""
    generator = np.random.default_rng(7)
    mean = log10_m + sd * EVENLY[:, None]
    moved = moves * generator.standard_normal((DRAWS, COUNT // together))
    near = mean + np.repeat(moved, together, axis=1) <= np.log10(metres)
    return near.sum(axis=1)


@pytest.mark.parametrize("log10_m", [0.0, 0.25, 0.3, 0.5])
@pytest.mark.parametrize("sd", [0.03, 0.2])
def test_minutes_are_those_of_drawing_distance_and_motion(log10_m, sd):
    found = within(2.0, estimate_of(log10_m, sd))
    drawn = drawn_minutes(2.0, log10_m, sd)

    assert found.covered.tolist() == [COUNT]
    assert found.spread().mean[0] == pytest.approx(drawn.mean(), abs=0.6)
    for minutes in (5, 15, 30):
        chance = found.chance_of(np.array([minutes - 0.5]))[0]
        assert chance == pytest.approx(np.mean(drawn >= minutes), abs=0.05)


@pytest.mark.parametrize("sd", [0.1, 0.2])
def test_looks_within_the_memory_of_motion_are_near_together(sd):
    found = within(2.0, estimate_of(0.3, sd, moves=0.15), memory_s=10 * ALONE_S)
    drawn = drawn_minutes(2.0, 0.3, sd, moves=0.15, together=10)

    chance = found.chance_of(np.array([25.0]))[0]
    assert chance == pytest.approx(np.mean(drawn >= 25), abs=0.06)


def test_an_interval_holds_nine_draws_of_ten():
    spread = within(2.0, estimate_of(0.35, 0.1, moves=0.3)).spread()
    drawn = drawn_minutes(2.0, 0.35, 0.1, moves=0.3)
    inside = (drawn >= spread.low[0]) & (drawn <= spread.high[0])

    assert np.mean(inside) == pytest.approx(0.9, abs=0.03)
    assert np.mean(drawn < spread.low[0]) == pytest.approx(0.05, abs=0.03)


@pytest.mark.parametrize("log10_m", [-1.0, 0.0, 0.3, 0.8, 3.0])
def test_quantiles_are_ordered_and_within_what_was_heard(log10_m):
    spread = within(2.0, estimate_of(log10_m, 0.2)).spread()

    assert 0 <= spread.low[0] <= spread.high[0] <= COUNT
    assert 0 <= spread.mean[0] <= COUNT
    if 0.0 <= log10_m <= 0.5:
        assert spread.low[0] <= spread.mean[0] <= spread.high[0]


def test_farther_limits_hold_more_minutes():
    found = estimate_of([0.2, 0.5], 0.2)
    means = [within(d, found).spread().mean for d in (0.5, 1.0, 2.0, 3.0, 10.0)]
    chances = [within(d, found).chance_of(np.array([15.0])) for d in (1.0, 2.0, 3.0)]

    assert (np.diff(means, axis=0) > 0).all()
    assert (np.diff(chances, axis=0) > 0).all()


def test_farther_people_are_near_for_less():
    found = within(2.0, estimate_of(np.linspace(-1, 2, 30), 0.2))

    assert (np.diff(found.spread().mean) <= 0).all()
    assert (np.diff(found.chance_of(np.full(30, 15.0))) <= 0).all()


@pytest.mark.parametrize("log10_m", [-1.0, 0.3, 3.0])
def test_at_least_no_minutes_are_certain(log10_m):
    assert within(2.0, estimate_of(log10_m, 0.2)).chance_of(np.array([0.0])) == 1.0


def test_nobody_is_near_for_longer_than_was_heard():
    found = within(2.0, estimate_of(-2.0, 0.01))

    assert found.chance_of(np.array([COUNT + 1.0])).tolist() == [0.0]
    assert found.chance_of(np.array([COUNT - 1.0])).tolist() == pytest.approx([1.0])


def test_more_minutes_are_never_likelier():
    found = within(2.0, estimate_of([0.3], 0.2))
    minutes = np.linspace(0, COUNT + 1, 80)
    chances = [float(found.chance_of(np.array([m]))[0]) for m in minutes]

    assert (np.diff(chances) <= 0).all()


def test_a_question_may_be_about_a_part_of_an_encounter():
    found = estimate_of([0.0, 0.3], 0.2)
    question = np.full(2 * COUNT, -1)
    question[:10], question[COUNT : COUNT + 20] = 0, 2
    some = minutes_within(2.0, found, question, ALONE_S)

    assert some.covered.tolist() == [10.0, 0.0, 20.0]
    assert some.spread().mean[1] == 0
    assert some.chance_of(np.array([5.0, 5.0, 5.0]))[1] == 0


def test_encounters_of_one_question_add_up():
    found = estimate_of([0.1, 0.4], 0.2)
    both = minutes_within(2.0, found, np.zeros(2 * COUNT, np.int64), ALONE_S)
    each = within(2.0, found)

    assert both.spread().mean[0] == pytest.approx(each.spread().mean.sum())
    assert both.covered.tolist() == [2 * COUNT]


@pytest.mark.parametrize("question", [np.zeros(0, np.int64), np.full(COUNT, -1)])
def test_without_a_question_there_is_no_answer(question):
    found = estimate_of([0.1], 0.2, samples=len(question))
    minutes = minutes_within(2.0, found, question, ALONE_S)

    assert len(minutes.covered) == 0
    assert minutes.chance_of(np.zeros(0)).tolist() == []
    assert len(dose_minutes(found, question).mean) == 0


def drawn_dose(log10_m, sd, moves):
    generator = np.random.default_rng(9)
    mean = log10_m + sd * EVENLY[:, None]
    at = mean + moves * generator.standard_normal((DRAWS, COUNT))
    return np.minimum(10.0 ** (-2 * at), 1.0).sum(axis=1)


@pytest.mark.parametrize("log10_m", [0.0, 0.3, 0.6])
def test_a_dose_is_minutes_that_fall_with_the_square_of_the_distance(log10_m):
    found = estimate_of([log10_m], 0.15)
    dose = dose_minutes(found, found.samples.encounter)
    drawn = drawn_dose(log10_m, 0.15, 0.1)

    assert dose.mean[0] == pytest.approx(drawn.mean(), rel=0.05)
    assert dose.low[0] == pytest.approx(np.quantile(drawn, 0.05), rel=0.15, abs=0.3)
    assert dose.high[0] == pytest.approx(np.quantile(drawn, 0.95), rel=0.15)
    assert dose.low[0] < dose.mean[0] < dose.high[0]


def test_whoever_is_very_near_gets_a_minute_for_a_minute():
    found = estimate_of([-200.0, 200.0], 0.1)
    dose = dose_minutes(found, found.samples.encounter)

    assert dose.mean.tolist() == pytest.approx([COUNT, 0.0])
