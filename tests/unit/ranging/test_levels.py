"""A level is the weighted mean of its looks, its variance that of such a mean."""

from itertools import product

import numpy as np
import pytest

from proximity.ranging.levels import levels_of
from proximity.ranging.looks import LOOK_S, Looks


def looks_with(rows):
    """Return looks from rows (encounter, forward, look, attenuation, weight)."""
    encounter, forward, look, attenuation_db, weight = zip(*rows, strict=True)
    return Looks(
        np.array(encounter, np.int64),
        np.array(forward, np.bool_),
        np.array(look, np.int64),
        np.array(attenuation_db, np.float64),
        np.array(weight, np.float64),
    )


def by_hand(rows, fading):
    """Return level and variance of one direction by the definition of covariance."""
    look, level_db, weight = (
        np.array(c, float) for c in list(zip(*rows, strict=True))[2:]
    )
    part = weight / weight.sum()
    lasting = fading.slow_sd**2 + (fading.slope_db * fading.motion_sd) ** 2
    variance = 0.0
    for i, j in product(range(len(look)), repeat=2):
        covariance = lasting * np.exp(
            -abs(look[i] - look[j]) * LOOK_S / fading.memory_s
        )
        if i == j:
            covariance += fading.fast_sd**2 + fading.packet_sd**2 / weight[i]
        variance += part[i] * part[j] * covariance
    return float(part @ level_db), variance


def test_one_look_has_the_whole_variance(population):
    fading = population.fading
    found = levels_of(looks_with([(0, True, 5, 66.0, 4.0)]), 1, fading)

    assert found.level_db.tolist() == [[66.0, 0.0]]
    # What is slow, what is motion, what is of one look, and of four sightings.
    assert found.variance[0, 0] == pytest.approx(9 + 4 + 4 + 6.25 / 4)
    assert found.variance[0, 1] == np.inf


@pytest.mark.parametrize("seed", range(5))
def test_a_level_is_that_of_the_double_sum_over_its_looks(population, seed):
    generator = np.random.default_rng(seed)
    directions = [(0, False), (0, True), (2, True), (3, False)]
    rows = []
    for encounter, forward in directions:
        looks = np.sort(generator.choice(200, generator.integers(1, 15), replace=False))
        rows += [
            (
                encounter,
                forward,
                look,
                generator.uniform(40, 90),
                generator.integers(1, 9),
            )
            for look in looks.tolist()
        ]
    found = levels_of(looks_with(rows), 4, population.fading)

    for encounter, forward in product(range(4), (True, False)):
        mine = [row for row in rows if row[:2] == (encounter, forward)]
        at = encounter, 0 if forward else 1
        expected = by_hand(mine, population.fading) if mine else (0.0, np.inf)
        assert (found.level_db[at], found.variance[at]) == pytest.approx(expected)


def test_the_louder_of_two_looks_is_not_the_level_but_its_share(population):
    found = levels_of(
        looks_with([(0, False, 0, 60.0, 3.0), (0, False, 1, 80.0, 1.0)]),
        1,
        population.fading,
    )

    assert found.level_db[0].tolist() == [0.0, 65.0]


def test_looks_long_apart_tell_more_than_looks_together(population):
    def variance(gap):
        looks = looks_with([(0, True, 0, 60.0, 1.0), (0, True, gap, 60.0, 1.0)])
        return levels_of(looks, 1, population.fading).variance[0, 0]

    assert variance(1) > variance(4) > variance(40)
    assert variance(10**12) == pytest.approx(variance(40), rel=1e-3)


def test_without_looks_nothing_is_measured(population):
    nothing = looks_with([(0, True, 0, 0.0, 1.0)])
    nothing = Looks._make(column[:0] for column in nothing)
    found = levels_of(nothing, 2, population.fading)

    assert found.level_db.tolist() == [[0.0, 0.0]] * 2
    assert np.isinf(found.variance).all()
