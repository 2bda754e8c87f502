"""Ten million sightings: bounded memory, and no more said than in half minutes."""

import tracemalloc

import numpy as np

from proximity.ranging.encounters import Devices, Encounters
from proximity.ranging.estimator import estimate
from proximity.ranging.looks import MOST_SIGHTINGS, Heard, looks_of
from proximity.ranging.population import default_parameters

SIGHTINGS = 10_000_000
# Beside what was handed in: a few columns of eight bytes.
BYTES_PER_SIGHTING = 64


def flood(n, encounters=1, span_ms=60_000):
    """Return sightings whose times go back as often as forth."""
    generator = np.random.default_rng(0)
    return Heard(
        generator.integers(0, encounters, n),
        np.ones(n, np.bool_),
        generator.integers(0, span_ms, n),
        generator.integers(60, 71, n).astype(np.float64),
    )


def test_ten_million_sightings_of_a_minute_are_two_looks_in_bounded_memory():
    heard = flood(SIGHTINGS)
    tracemalloc.start()
    try:
        looks = looks_of(heard)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert looks.look.tolist() == [0, 1]
    assert looks.weight.tolist() == [MOST_SIGHTINGS] * 2
    assert np.abs(looks.attenuation_db - 65).max() < 0.01
    assert peak <= BYTES_PER_SIGHTING * SIGHTINGS


def test_a_flood_is_believed_no_more_than_a_minute_of_usual_sightings():
    """Who sends a thousand times as often is not known a thousand times as well."""
    population = default_parameters().calibrated
    pair = Encounters(np.array([0]), np.array([1]), np.array([0]))
    nobody = Devices(np.zeros(2), np.zeros(2), np.zeros(2, np.bool_))
    usual, many = (
        estimate(flood(n), pair, nobody, population).distances.variance[0]
        for n in (20, 1_000_000)
    )

    assert 0.95 * usual < many < usual
