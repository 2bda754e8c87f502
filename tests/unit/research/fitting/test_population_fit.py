"""Collections in, a population out, or an error that says what is missing."""

import numpy as np
import pytest

from proximity.errors import EvaluationError
from proximity.ranging.population import Population
from proximity.research.fitting.population_fit import (
    FREEDOM,
    GRID_PLACE_SD,
    USUAL_FADING,
    fit_population,
)


@pytest.fixture(scope="module")
def of_grid(grid):
    return fit_population([grid(), grid(carriage="in hand", level_db=70.0)])


@pytest.fixture(scope="module")
def meal(recorded):
    """Return a meal of four, each heard twice a minute for ten minutes."""
    generator = np.random.default_rng(0)
    at = np.array([0.0, 1.0, 2.5, 6.0])
    rows = []
    for receiver in range(4):
        for sender in set(range(4)) - {receiver}:
            metres = abs(at[receiver] - at[sender])
            for t_s in range(0, 600, 30):
                rssi = -80 - 20 * np.log10(metres) + generator.normal()
                rows.append((t_s, receiver, sender, rssi, metres))
    return recorded(rows, models=("A", "B", "C", ""))


@pytest.fixture(scope="module")
def of_people(meal):
    return fit_population([meal])


def test_a_grid_tells_carriages_and_no_models(of_grid):
    assert set(of_grid.carriages) == {"bag", "in hand"}
    assert of_grid.models == {}
    # From 10 dB a doubling of the distance.
    assert of_grid.slope_db == pytest.approx(10 / np.log10(2), rel=0.1)


def test_of_a_grid_motion_and_places_are_taken_as_usual(of_grid):
    assert of_grid.motion_sd == USUAL_FADING.motion_sd
    assert of_grid.distance_place_sd == GRID_PLACE_SD
    assert of_grid.place_sd == 0


def test_people_with_several_models_tell_these(of_people):
    assert set(of_people.models) == {"A", "B", "C"}
    assert of_people.carriages == {}
    assert of_people.slope_db == pytest.approx(20, rel=0.2)
    assert of_people.level_db == pytest.approx(60, abs=4)


def test_one_place_tells_nothing_of_how_places_differ(of_people):
    assert of_people.place_sd == 0
    assert of_people.distance_place_sd == 0
    assert of_people.freedom == FREEDOM


def test_numbers_are_rounded_to_what_people_read(of_people):
    numbers = [of_people.level_db, of_people.slow_sd, *of_people.models["A"]]

    assert [round(value, 4) for value in numbers] == numbers
    assert isinstance(of_people, Population)


def test_the_same_collections_give_the_same_population(meal, of_people):
    assert fit_population([meal]) == of_people


def test_what_states_no_distance_changes_nothing(meal, of_people, recorded):
    silent = recorded([(0, 0, 1, -60, np.nan), (9, 1, 0, -60, np.nan)])

    assert fit_population([silent, meal]) == of_people


def test_a_model_of_which_nothing_was_heard_is_not_known(recorded):
    rows = [
        (t, receiver, sender, -70 - receiver - 2 * sender, 1.0 + receiver + sender)
        for t in range(0, 300, 30)
        for receiver in range(3)
        for sender in range(3)
        if receiver != sender
    ]
    found = fit_population([recorded(rows, models=("A", "B", "C", "D"))])

    assert set(found.models) == {"A", "B", "C"}


@pytest.mark.parametrize(
    "rows",
    [
        [(0, 0, 1, -60, np.nan)],
        [(0, 0, 1, -60, 1.0), (60, 1, 0, -60, 1.0)],
        [(0, 0, 1, -60, 1.0), (60, 1, 2, np.nan, 1.0)],
    ],
)
def test_less_than_two_encounters_are_too_few(recorded, rows):
    with pytest.raises(EvaluationError, match="too few") as caught:
        fit_population([recorded(rows)])
    assert caught.value.hint


def test_without_collections_there_is_nothing_to_fit():
    with pytest.raises(EvaluationError):
        fit_population([])
