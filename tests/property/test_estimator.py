"""Whatever was heard: in any order, never NaN, and no lie beyond stated bounds."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from proximity.ranging.encounters import Devices, Encounters
from proximity.ranging.estimator import estimate
from proximity.ranging.looks import Heard
from proximity.ranging.population import Population, default_parameters
from proximity.ranging.posterior import dose_minutes, minutes_within

# The first case may have to wait for a compiler.
waiting = settings(deadline=None, max_examples=60)
NEAR_M = 2.0
POPULATIONS = (default_parameters().calibrated, default_parameters().uncalibrated)
population_of = st.sampled_from(POPULATIONS)

# A packet that was logged twice, or a hundred times in a burst, moves an encounter's
# distance by no more than this, decades.
MOST_BY_REPEATS = 0.12
# A sender whose stated power is wrong by any amount moves its own encounter by so many
# decades, and every other of the same receiver by so many.
MOST_OF_ITS_OWN = 0.36
MOST_OF_OTHERS = 0.04
# From so many decibels on a lie is absurd: the longer, the less it is believed.
ABSURD_DB = 40.0

rows_of_four = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.booleans(),
        st.integers(0, 3_600_000),
        st.floats(40, 90, allow_nan=False) | st.integers(40, 90).map(float),
    ),
    min_size=1,
    max_size=40,
)

# As they are heard of people who are 1 to 4 m apart.
rows_of_two_metres = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.booleans(),
        st.integers(0, 3_600_000),
        st.integers(64, 74).map(float),
    ),
    min_size=1,
    max_size=40,
)


def heard_of(rows):
    encounter, forward, t_ms, attenuation_db = zip(*rows, strict=True)
    return Heard(
        np.array(encounter, np.int64),
        np.array(forward, np.bool_),
        np.array(t_ms, np.int64),
        np.array(attenuation_db, np.float64),
    )


def star(n):
    """Return the encounters of device 0 with n others."""
    return Encounters(np.zeros(n, np.int64), np.arange(1, n + 1), np.zeros(n, np.int64))


def estimated(heard, population, n=4):
    nobody = Devices(np.zeros(n + 1), np.zeros(n + 1), np.zeros(n + 1, np.bool_))
    return estimate(heard, star(n), nobody, population)


def answers(found, population):
    asked = found.samples.encounter
    return minutes_within(NEAR_M, found, asked, population.memory_s)


def share_near(found, population):
    """Return the expected share of the time heard that was within 2 m."""
    within = answers(found, population)
    return within.spread().mean / np.maximum(within.covered, 1e-9)


@waiting
@given(rows_of_four, population_of, st.randoms(use_true_random=False))
def test_the_order_of_sightings_changes_no_bit(rows, population, chance):
    shuffled = list(rows)
    chance.shuffle(shuffled)
    one, other = (estimated(heard_of(r), population) for r in (rows, shuffled))

    for left, right in zip(
        (*one.distances, *one.samples), (*other.distances, *other.samples), strict=True
    ):
        np.testing.assert_array_equal(left, right)


anything = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.booleans(),
        st.integers(-(2**62), 2**62),
        st.floats(allow_nan=True, allow_infinity=True),
    ),
    min_size=1,
    max_size=30,
)


@waiting
@given(anything, population_of)
def test_whatever_was_heard_every_answer_is_finite(rows, population):
    found = estimated(heard_of(rows), population)
    within = answers(found, population)
    dose = dose_minutes(found, found.samples.encounter)
    minutes = np.full(len(within.covered), 15.0)
    chance = within.chance_of(minutes)

    for each in (*found.distances, *found.samples, *within, *within.spread(), *dose):
        assert np.isfinite(each).all()
    assert ((chance >= 0) & (chance <= 1)).all()
    assert (found.distances.variance <= prior_variance(population) * (1 + 1e-9)).all()


def prior_variance(population):
    return (
        population.distance_pair_sd**2
        + 2 * population.distance_device_sd**2
        + population.distance_place_sd**2
    )


in_db = st.floats(0, 100)
in_decades = st.floats(0, 5)
correlation = st.floats(-0.999, 0.999)


@st.composite
def any_population(draw):
    """Return anything that a parameter file may hold."""
    return Population(
        level_db=draw(st.floats(-1e3, 1e3)),
        slope_db=draw(st.floats(1, 1e3)),
        send_sd=draw(in_db),
        hear_sd=draw(in_db),
        send_hear_correlation=draw(correlation),
        known_send_sd=draw(in_db),
        known_hear_sd=draw(in_db),
        known_correlation=draw(correlation),
        link_sd=draw(in_db),
        direction_sd=draw(st.floats(0.01, 100)),
        place_sd=draw(in_db),
        distance_log10=draw(st.floats(-5, 5)),
        distance_place_sd=draw(in_decades),
        distance_device_sd=draw(in_decades),
        distance_pair_sd=draw(in_decades),
        motion_sd=draw(in_decades),
        slow_sd=draw(in_db),
        fast_sd=draw(st.floats(0.01, 100)),
        packet_sd=draw(in_db),
        memory_s=draw(st.floats(1, 1e4)),
        freedom=draw(st.floats(2.001, 1e4)),
    )


@waiting
@given(rows_of_four, any_population())
def test_whatever_a_parameter_file_holds_every_answer_is_finite(rows, population):
    found = estimated(heard_of(rows), population)
    within = answers(found, population)
    dose = dose_minutes(found, found.samples.encounter)

    for each in (*found.distances, *found.samples, *within, *within.spread(), *dose):
        assert np.isfinite(each).all()


@waiting
@given(rows_of_two_metres, population_of, st.integers(1, 10))
def test_nearer_throughout_is_never_likelier_far(rows, population, less_db):
    """All of it 1 to 10 dB less attenuated, and nothing so odd as to be disbelieved."""
    usual, nearer = (
        estimated(heard_of([(*r[:3], r[3] - db) for r in rows]), population)
        for db in (0, less_db)
    )
    assume(min(usual.distances.belief.min(), nearer.distances.belief.min()) == 1)

    assert (
        share_near(nearer, population) >= share_near(usual, population) - 1e-9
    ).all()
    assert (nearer.distances.log10_m <= usual.distances.log10_m + 1e-9).all()


@waiting
@given(rows_of_four, population_of, st.data())
def test_packets_that_are_logged_twice_change_little(rows, population, data):
    repeats = data.draw(
        st.lists(st.sampled_from(rows), max_size=len(rows), unique=True)
    )
    usual, more = (
        estimated(heard_of(r), population) for r in (rows, [*rows, *repeats])
    )

    moved = np.abs(more.distances.log10_m - usual.distances.log10_m)
    assert moved.max() <= MOST_BY_REPEATS


def conversation(lie_db, others, level_db):
    """Return an hour in which 0 hears all others, the first of which lies."""
    return [
        (e, forward, 30_000 * i, level_db + (lie_db if e == 0 and forward else 0.0))
        for e in range(others + 1)
        for forward in (True, False)
        for i in range(0, 120, 4)
    ]


@waiting
@given(st.floats(-300, 300), st.integers(1, 5), st.integers(55, 80), population_of)
def test_a_lying_sender_moves_others_hardly_and_itself_a_little(
    lie_db, others, level_db, population
):
    honest, lied = (
        estimated(
            heard_of(conversation(db, others, float(level_db))), population, others + 1
        ).distances
        for db in (0.0, lie_db)
    )
    moved = np.abs(lied.log10_m - honest.log10_m)

    assert moved[0] <= MOST_OF_ITS_OWN
    assert moved[1:].max() <= MOST_OF_OTHERS


@pytest.mark.parametrize("population", POPULATIONS)
@pytest.mark.parametrize("sign", [-1, 1])
def test_the_more_absurd_a_lie_the_nearer_it_is_to_the_prior(population, sign):
    """One direction was heard, of one encounter alone."""
    nothing = estimated(heard_of([(0, True, 0, np.nan)]), population, 1).distances
    lies_db = 68.0 + sign * np.arange(ABSURD_DB, 68.0, 4.0)
    found = [
        estimated(
            heard_of([(0, True, 30_000 * i, db) for i in range(40)]), population, 1
        ).distances
        for db in lies_db.tolist()
    ]
    moved = [abs(each.log10_m[0] - nothing.log10_m[0]) for each in found]
    sd = [(each.variance[0] / nothing.variance[0]) ** 0.5 for each in found]

    assert (np.diff(moved) < 0).all()
    assert (np.diff(sd) > 0).all()
    assert moved[-1] < 0.65 * nothing.variance[0] ** 0.5
    assert sd[-1] > 0.95
