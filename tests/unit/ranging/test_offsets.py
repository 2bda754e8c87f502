"""Distances against one dense normal distribution of everything, built by hand."""

from collections import Counter
from dataclasses import replace
from itertools import chain

import numpy as np
import pytest

from proximity.ranging import offsets
from proximity.ranging.encounters import Devices
from proximity.ranging.levels import Levels
from proximity.ranging.offsets import distances_of

# Devices 0 to 3 met several others, 4 and 5 one each; two places.
PAIRS = [(0, 1), (0, 2), (1, 2), (3, 0), (4, 3), (2, 5), (1, 0)]
PLACES = [0, 0, 0, 1, 1, 0, 1]


class Dense:
    """Every quantity of the model as a sum of independent standard normals."""

    def __init__(self, population, pairs, places, devices):
        self.population, self.pairs = population, pairs
        self.names = {}
        p = population
        send = np.where(devices.known, p.known_send_sd, p.send_sd)
        hear = np.where(devices.known, p.known_hear_sd, p.hear_sd)
        rho = np.where(devices.known, p.known_correlation, p.send_hear_correlation)
        self.distance, self.level, self.mean = [], [], []
        for e, ((a, b), place) in enumerate(zip(pairs, places, strict=True)):
            distance = {
                ("spread", place): p.distance_place_sd,
                ("pair", e): p.distance_pair_sd,
            }
            for device in (a, b):
                distance[("habit", device)] = p.distance_device_sd
            self.distance.append(distance)
            for receiver, sender in ((a, b), (b, a)):
                level = {name: p.slope_db * sd for name, sd in distance.items()}
                # Hearing is correlated with sending of the same device.
                level[("send", sender)] = send[sender]
                level[("send", receiver)] = rho[receiver] * hear[receiver]
                level[("hear", receiver)] = hear[receiver] * np.sqrt(
                    1 - rho[receiver] ** 2
                )
                level[("room", place)] = p.place_sd
                level[("link", e)] = p.link_sd
                self.level.append(level)
                known = devices.send_db[sender] + devices.hear_db[receiver]
                mean = p.level_db + p.slope_db * p.distance_log10 + known
                self.mean.append(mean)

    def posterior(self, levels, extra=None):
        """Return mean and variance of each distance, given levels."""
        names = sorted(set(chain(*self.level, *self.distance)), key=str)

        def matrix(sums):
            return np.array([[each.get(name, 0.0) for name in names] for each in sums])

        rows, distances = matrix(self.level), matrix(self.distance)
        noise = np.diag(levels.variance.ravel() + self.population.direction_sd**2)
        covariance = rows @ rows.T
        if extra is not None:
            covariance += extra
        heard = np.isfinite(levels.variance.ravel())
        covariance = covariance[np.ix_(heard, heard)] + noise[np.ix_(heard, heard)]
        cross = (distances @ rows.T)[:, heard]
        gain = np.linalg.solve(covariance, cross.T).T
        residual = levels.level_db.ravel()[heard] - np.array(self.mean)[heard]
        prior = np.sum(distances**2, axis=1)
        return (
            self.population.distance_log10 + gain @ residual,
            prior - np.sum(gain * cross, axis=1),
        )

    def private(self, levels):
        """Return the covariance of what each encounter has for itself alone."""
        met = Counter(chain(*self.pairs))

        def is_private(name):
            kind, number = name
            if kind in ("pair", "link"):
                return True
            return kind in ("send", "hear", "habit") and met[number] == 1

        names = [n for n in sorted(set(chain(*self.level)), key=str) if is_private(n)]
        rows = np.array([[each.get(n, 0.0) for n in names] for each in self.level])
        own = levels.variance.ravel() + self.population.direction_sd**2
        return rows @ rows.T + np.diag(np.where(np.isfinite(own), own, 0.0))


def devices(known=()):
    """Return six devices; known ones lose 2 dB more in sending, 1 less in hearing."""
    is_known = np.isin(np.arange(6), known)
    return Devices(2.0 * is_known, -1.0 * is_known, is_known)


def heard_levels(seed, missing=(), spread=6.0):
    generator = np.random.default_rng(seed)
    level = 66 + spread * generator.standard_normal((len(PAIRS), 2))
    variance = generator.uniform(0.5, 9.0, level.shape)
    for row, side in missing:
        level[row, side], variance[row, side] = 0.0, np.inf
    return Levels(level, variance)


@pytest.fixture
def solve(population, met, monkeypatch):
    """Return a maker of distances after some passes, known devices lossy."""

    def make(levels, known, passes):
        monkeypatch.setattr(offsets, "PASSES", passes)
        return distances_of(met(PAIRS, PLACES), devices(known), levels, population)

    return make


@pytest.mark.parametrize("known", [(), (0, 4), tuple(range(6))])
@pytest.mark.parametrize("missing", [(), ((0, 0), (3, 1), (4, 0)), ((5, 0), (5, 1))])
def test_it_is_the_posterior_of_one_dense_normal_distribution(
    population, solve, known, missing
):
    levels = heard_levels(3, missing)
    found = solve(levels, known, 1)
    mean, variance = Dense(population, PAIRS, PLACES, devices(known)).posterior(levels)

    np.testing.assert_allclose(found.log10_m, mean, atol=1e-8)
    np.testing.assert_allclose(found.variance, variance, atol=1e-8)


def test_what_is_half_believed_has_twice_the_private_variance(population, solve):
    levels = heard_levels(4, spread=25.0)
    belief = solve(levels, (1,), 2).belief
    found = solve(levels, (1,), 3)
    dense = Dense(population, PAIRS, PLACES, devices((1,)))
    more = np.repeat(1 / belief - 1, 2)
    same = np.repeat(np.arange(len(PAIRS)), 2)
    extra = np.where(same[:, None] == same, dense.private(levels) * more, 0.0)
    mean, variance = dense.posterior(levels, extra)

    assert belief.min() < 0.8
    np.testing.assert_allclose(found.log10_m, mean, atol=1e-8)
    np.testing.assert_allclose(found.variance, variance, atol=1e-8)


@pytest.fixture
def found_of(population, met, unknown, levels_with):
    """Return a maker of distances of unknown devices from pairs and their levels."""

    def make(pairs, level_db, of=population):
        k = 1 + max(chain(*pairs), default=-1)
        return distances_of(met(pairs), unknown(k), levels_with(level_db), of)

    return make


PRIOR = 0.25**2 + 2 * 0.08**2 + 0.1**2


def test_where_nothing_was_measured_nothing_changed(found_of):
    found = found_of([(0, 1), (1, 2)], [(None, None)] * 2)

    assert found.log10_m.tolist() == pytest.approx([0.3, 0.3])
    assert found.variance.tolist() == pytest.approx([PRIOR, PRIOR])
    assert found.belief.tolist() == [1.0, 1.0]


@pytest.mark.parametrize("level_db", [-1e3, 0.01, 66.0, 140.0, 1e3])
def test_nothing_that_was_heard_makes_less_known(found_of, level_db):
    found = found_of([(0, 1), (1, 2), (2, 3)], [(level_db, level_db)] * 3)

    assert (found.variance <= PRIOR).all()
    assert (found.variance > 0).all()
    assert np.isfinite(found.log10_m).all()


def test_less_attenuation_is_nearer(found_of):
    found = found_of([(0, 1), (0, 2), (0, 3)], [(60, 61), (66, 66), (72, 73)])

    assert (np.diff(found.log10_m) > 0).all()


def test_a_weak_receiver_is_told_by_all_that_it_hears(found_of):
    """The same 76 dB, of a device to which all is weak and of one as usual."""
    pairs = [(0, 1), (0, 2), (0, 3), (0, 4)]
    weak = found_of(pairs, [(76, None), (76, None), (77, None), (75, None)])
    usual = found_of(pairs, [(76, None), (66, None), (67, None), (65, None)])

    assert weak.log10_m[0] < usual.log10_m[0] - 0.02


def test_the_other_direction_tells_of_a_weak_sender(found_of):
    alone, both = (found_of([(0, 1)], [row]) for row in ((76, None), (76, 66)))

    assert both.log10_m[0] < alone.log10_m[0]
    assert both.variance[0] < alone.variance[0]


def test_a_known_model_loses_what_its_table_says(population, met, levels_with):
    """A device that is known to lose 10 dB in sending, heard 10 dB weaker."""
    both = np.array([True, True])
    lossy = Devices(np.array([0.0, 10.0]), np.zeros(2), both)
    usual = Devices(np.zeros(2), np.zeros(2), both)
    found = [
        distances_of(met([(0, 1)]), each, levels_with([(db, None)]), population)
        for each, db in ((lossy, 76), (usual, 66))
    ]

    assert found[0].log10_m[0] == pytest.approx(found[1].log10_m[0])


@pytest.mark.parametrize("lie_db", [-60.0, 60.0])
def test_a_level_too_odd_to_be_true_is_believed_less(found_of, lie_db):
    found = found_of([(0, 1), (2, 3)], [(66 + lie_db, 66 + lie_db), (66, 66)])

    assert found.belief[0] < 0.4
    assert found.belief[1] == 1.0


def test_a_population_without_some_spreads_is_solved_all_the_same(population, found_of):
    flat = replace(
        population,
        place_sd=0.0,
        distance_place_sd=0.0,
        send_sd=0.0,
        distance_device_sd=0.0,
        link_sd=0.0,
    )
    found = found_of([(0, 1), (0, 2)], [(60, 61), (66, None)], flat)

    assert np.isfinite(found.log10_m).all()
    assert (found.variance <= 0.25**2).all()


def test_of_no_encounters_there_are_no_distances(found_of):
    assert [len(column) for column in found_of([], [])] == [0, 0, 0]
