"""A population of round numbers, and short ways to say who heard whom."""

import numpy as np
import pytest

from proximity.ranging.encounters import Devices, Encounters
from proximity.ranging.levels import Levels
from proximity.ranging.looks import Heard
from proximity.ranging.population import Offset, Population


@pytest.fixture(scope="session")
def population():
    """Return parameters every one of which matters."""
    return Population(
        level_db=60.0,
        slope_db=20.0,
        send_sd=3.0,
        hear_sd=4.0,
        send_hear_correlation=0.3,
        known_send_sd=1.0,
        known_hear_sd=2.0,
        known_correlation=-0.2,
        link_sd=2.0,
        direction_sd=1.0,
        place_sd=1.5,
        distance_log10=0.3,
        distance_place_sd=0.1,
        distance_device_sd=0.08,
        distance_pair_sd=0.25,
        motion_sd=0.1,
        slow_sd=3.0,
        fast_sd=2.0,
        packet_sd=2.5,
        memory_s=120.0,
        freedom=12.0,
        models={"A": Offset(2.0, -1.0)},
        carriages={"bag": Offset(5.0, 4.0)},
    )


@pytest.fixture(scope="session")
def heard_of():
    """Return a maker of sightings from rows (encounter, forward, t_s, attenuation)."""

    def make(rows):
        columns = list(zip(*rows, strict=True)) if rows else [[]] * 4
        encounter, forward, t_s, attenuation_db = columns
        return Heard(
            np.array(encounter, np.int64),
            np.array(forward, np.bool_),
            np.array([round(t * 1_000) for t in t_s], np.int64),
            np.array(attenuation_db, np.float64),
        )

    return make


@pytest.fixture(scope="session")
def met():
    """Return a maker of encounters from pairs of devices, of one place if not told."""

    def make(pairs, places=None):
        first, second = np.array(pairs, np.int64).reshape(-1, 2).T
        where = np.zeros(len(first)) if places is None else places
        return Encounters(first, second, np.array(where, np.int64))

    return make


@pytest.fixture(scope="session")
def unknown():
    """Return a maker of devices of which nothing is known."""

    def make(k):
        return Devices(np.zeros(k), np.zeros(k), np.zeros(k, np.bool_))

    return make


@pytest.fixture(scope="session")
def levels_with():
    """Return a maker of levels; None where a direction was not measured."""

    def make(level_db, variance=4.0):
        measured = np.array([[v is not None for v in row] for row in level_db])
        level = np.array([[v or 0.0 for v in row] for row in level_db], np.float64)
        shape = level.reshape(-1, 2), measured.reshape(-1, 2)
        return Levels(shape[0], np.where(shape[1], variance, np.inf))

    return make
