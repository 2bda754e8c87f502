"""Distances from many levels are those of one joint distribution of everything."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proximity.ranging import offsets
from proximity.ranging.encounters import Devices, Encounters
from proximity.ranging.levels import Levels
from proximity.ranging.offsets import distances_of
from proximity.ranging.population import default_parameters

POPULATION = replace(
    default_parameters().uncalibrated, place_sd=3.0, distance_place_sd=0.2
)
PER_DEVICE, PER_PLACE, PER_ENCOUNTER = 3, 2, 2


def world(generator, n, devices, places):
    """Return encounters, of which some directions were not measured."""
    first = generator.integers(0, devices, n)
    second = (first + generator.integers(1, devices, n)) % devices
    measured = generator.random((n, 2)) < 0.7
    return (
        Encounters(first, second, generator.integers(0, places, n)),
        Devices(*generator.normal(0, 3, (2, devices)), generator.random(devices) < 0.5),
        Levels(
            np.where(measured, generator.normal(70, 8, (n, 2)), 0.0),
            np.where(measured, generator.uniform(0.5, 9, (n, 2)), np.inf),
        ),
    )


def joint(encounters, devices, levels, population):
    """Solve for every offset at once, also for what is one encounter's alone."""
    k, n, slope = len(devices.known), len(encounters.first), population.slope_db
    places = int(encounters.place.max()) + 1
    at_place = PER_DEVICE * k
    at_encounter = at_place + PER_PLACE * places
    prior = np.zeros((at_encounter + PER_ENCOUNTER * n,) * 2)
    for i, known in enumerate(devices.known):
        of = population
        send, hear, rho = (
            (of.known_send_sd, of.known_hear_sd, of.known_correlation)
            if known
            else (of.send_sd, of.hear_sd, of.send_hear_correlation)
        )
        at = slice(PER_DEVICE * i, PER_DEVICE * i + 2)
        cross = rho * send * hear
        prior[at, at] = [[send**2, cross], [cross, hear**2]]
        prior[at.stop, at.stop] = of.distance_device_sd**2
    variances = [population.place_sd**2, population.distance_place_sd**2] * places
    variances += [population.link_sd**2, population.distance_pair_sd**2] * n
    prior[range(at_place, len(prior)), range(at_place, len(prior))] = variances
    distance, rows, residual, noise = np.zeros((n, len(prior))), [], [], []
    for e in range(n):
        both = encounters.first[e], encounters.second[e]
        place = at_place + PER_PLACE * encounters.place[e]
        own = at_encounter + PER_ENCOUNTER * e
        habits = [PER_DEVICE * device + 2 for device in both]
        distance[e, [*habits, place + 1, own + 1]] = 1
        for side, (hears, sends) in enumerate((both, both[::-1])):
            row = slope * distance[e]
            row[[PER_DEVICE * sends, PER_DEVICE * hears + 1, place, own]] += 1
            rows.append(row)
            usual = population.level_db + slope * population.distance_log10
            usual += devices.send_db[sends] + devices.hear_db[hears]
            residual.append(levels.level_db[e, side] - usual)
            noise.append(levels.variance[e, side] + population.direction_sd**2)
    seen = np.isfinite(noise)
    rows, residual = np.array(rows)[seen], np.array(residual)[seen]
    spread = rows @ prior @ rows.T + np.diag(np.array(noise)[seen])
    gain = np.linalg.solve(spread, rows @ prior).T
    after = prior - gain @ rows @ prior
    mean = population.distance_log10 + distance @ (gain @ residual)
    return mean, np.einsum("ni,ij,nj->n", distance, after, distance)


@given(
    st.integers(0, 1 << 32), st.integers(1, 25), st.integers(2, 9), st.integers(1, 4)
)
def test_distances_are_those_of_the_joint_distribution(seed, n, devices, places):
    given_ = world(np.random.default_rng(seed), n, devices, places)

    with pytest.MonkeyPatch.context() as patch:
        # The first pass believes everything.
        patch.setattr(offsets, "PASSES", 1)
        found = distances_of(*given_, POPULATION)

    mean, variance = joint(*given_, POPULATION)
    np.testing.assert_allclose(found.log10_m, mean, atol=1e-6)
    np.testing.assert_allclose(found.variance, variance, atol=1e-6)


def test_encounters_are_solved_alike_in_one_part_and_in_many(monkeypatch):
    given_ = world(np.random.default_rng(1), 300, 40, 6)
    whole = distances_of(*given_, POPULATION)

    monkeypatch.setattr(offsets, "_AT_ONCE", 7)

    for mine, ours in zip(distances_of(*given_, POPULATION), whole, strict=True):
        np.testing.assert_allclose(mine, ours, rtol=1e-9)


def test_thousands_of_places_are_solved_in_no_table_of_all_of_them():
    n = 6_000
    alone = Encounters(np.zeros(n, int), np.arange(1, n + 1), np.arange(n))
    unknown = Devices(*np.zeros((2, n + 1)), np.zeros(n + 1, bool))
    levels = Levels(np.full((n, 2), 65.0), np.tile([4.0, np.inf], (n, 1)))

    found = distances_of(alone, unknown, levels, POPULATION)

    assert np.ptp(found.log10_m) < 1e-9
    assert (found.variance > 0).all()
