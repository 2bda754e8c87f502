"""The script of the evening: who is where, and what their phones cost."""

import itertools

import numpy as np
import pytest

from proximity.research.floor_plan import (
    DURATION_S,
    PEOPLE,
    Carriage,
    Person,
    carriage_db,
    clock_ms,
    walk,
    wander,
)

DAY = 20_522


def test_the_evening_lasts_from_eight_to_ten():
    clock = clock_ms(DAY)

    assert clock[0] == (DAY * 24 + 20) * 3_600_000
    assert clock[-1] == (DAY * 24 + 22) * 3_600_000 - 1_000


def test_people_walk_straight_between_their_places_and_sway_a_little():
    walker = Person("W", ((0, 0, 0), (60, 60, 0)), ((0, Carriage.HAND),), -12)

    tracks = walk((walker,), DAY, np.random.default_rng(0))

    expected = np.minimum(np.arange(DURATION_S) / 60, 60)
    assert np.abs(tracks.x_m[0] - expected).max() < 0.8
    assert np.abs(tracks.y_m[0]).std() < 0.3


def test_a_phone_costs_what_its_place_costs_from_the_minute_it_is_put_there():
    places = ((0, Carriage.POCKET), (10, Carriage.TABLE))
    cost = carriage_db(Person("W", ((0, 0, 0),), places, -12))

    assert cost[599] == Carriage.POCKET.value
    assert cost[600] == Carriage.TABLE.value


def test_wandering_has_unit_spread_and_forgets():
    drawn = wander(np.random.default_rng(0), (200, 300), time_s=10)

    assert drawn.std() == pytest.approx(1, abs=0.05)
    near = np.mean(drawn[:, 100] * drawn[:, 110])
    assert near == pytest.approx(np.exp(-1), abs=0.2)
    assert np.mean(drawn[:, 100] * drawn[:, 200]) == pytest.approx(0, abs=0.2)


@pytest.mark.parametrize("person", PEOPLE, ids=lambda person: person.name)
def test_every_script_runs_forward_in_time(person):
    for steps in (person.path, person.carriage):
        minutes = [step[0] for step in steps]
        assert minutes[0] == 0
        assert all(a < b for a, b in itertools.pairwise(minutes))
        assert minutes[-1] < DURATION_S / 60
