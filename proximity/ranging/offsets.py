"""Levels in, distances out: everything that was heard calibrates everything else.

A level is the sum of what the distance takes away and of offsets: of the sender, the
receiver, what stands between, the place. All are Gaussian before anything was heard,
so the posterior of all of them together is one linear system. Its unknowns are the
offsets and habits of devices that met several others, and of places; what belongs to
one encounter alone is summed out before. docs/explanation/scoring.md#offsets.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from proximity.ranging.encounters import Devices, Encounters, shared_devices
from proximity.ranging.levels import Levels
from proximity.ranging.looks import Bools, Float64, Int64
from proximity.ranging.population import Population

# Passes over all levels; from the second on each level counts as far as it is believed.
PASSES = 3
# Offsets of a device: sending, hearing, and how near it is to others by habit.
_SEND, _HEAR, _HABIT = range(3)
_PER_DEVICE = 3
# Of a place: its mean offset, and how far apart people are there.
_ROOM, _SPREAD = range(2)
_PER_PLACE = 2
# What places and devices share is a table; beyond so many cells, devices that met
# fewest others are each for themselves.
MOST_CELLS = 1 << 22
# Encounters are taken so many at a time: each makes a matrix of its own.
_AT_ONCE = 1 << 12
# Less of a determinant is rounding.
_LEAST_DETERMINANT = 1e-14
# Stands for a direction in which nothing was measured, dB^2.
_UNMEASURED = 1e12


class Distances(NamedTuple):
    """What is known of the mean distance of each encounter.

    Attributes
    ----------
    log10_m : float64[n]
        Mean of the decadic logarithm of metres.
    variance : float64[n]
        Of it; never more than before anything was heard.
    belief : float64[n]
        How far the levels were believed, 0..1; 1 for what is as usual.
    """

    log10_m: Float64
    variance: Float64
    belief: Float64


class _System(NamedTuple):
    """Levels as sums of shared unknowns and of what is private to an encounter.

    Attributes
    ----------
    residual : float64[n, 2]
        Level less its mean before anything was heard.
    rows : float64[n, 2, u]
        How each level depends on the unknowns that it has, dB: first those of its
        devices, then those of its place.
    columns : int64[n, u - 2]
        Which unknowns of devices those are.
    place : int64[n]
    private : float64[n, 2, 2]
        Covariance of what is private, without fading.
    distance_rows : float64[n, u]
        How the distance depends on the unknowns.
    distance_private : float64[n]
        Variance of what of the distance is private.
    device_prior : float64[d, d]
        Covariance of the unknowns of devices.
    place_prior : float64[p, 2, 2]
        Of those of each place.
    measured : bool[n, 2]
    slope_db, distance_log10 : float
        Of the population.
    """

    residual: Float64
    rows: Float64
    columns: Int64
    place: Int64
    private: Float64
    distance_rows: Float64
    distance_private: Float64
    device_prior: Float64
    place_prior: Float64
    measured: Bools
    slope_db: float
    distance_log10: float


class _Shared(NamedTuple):
    """Means and covariances of the shared unknowns, given all levels.

    Attributes
    ----------
    device_mean, device_covariance : float64[d], float64[d, d]
    place_mean, place_covariance : float64[p, 2], float64[p, 2, 2]
    between : float64[p, 2, d]
        Covariance of the unknowns of a place and of all devices.
    """

    device_mean: Float64
    device_covariance: Float64
    place_mean: Float64
    place_covariance: Float64
    between: Float64


def distances_of(
    encounters: Encounters, devices: Devices, levels: Levels, population: Population
) -> Distances:
    """Estimate the mean distance of every encounter from all levels together.

    Parameters
    ----------
    encounters : Encounters
        Of n encounters.
    devices : Devices
    levels : Levels
        Infinite variance where a direction was not measured; if neither was, the
        answer is what is known before.
    population : Population
    """
    system = _system(encounters, devices, levels, population)
    noise = np.where(system.measured, levels.variance, 0.0) + population.direction_sd**2
    noise = np.where(system.measured, noise, _UNMEASURED)
    usual = _with_noise(system.private, noise)
    usual_inverse = _inverse(usual)
    belief = np.ones(len(encounters.first))
    for _ in range(PASSES):
        # What is believed half as much has twice the variance, in all that is private.
        inverse = usual_inverse * belief[:, None, None]
        shared = _shared(system, inverse)
        expected = np.einsum("nij,nj->ni", system.rows, _local_mean(system, shared))
        surprise = np.where(system.measured, system.residual - expected, 0.0)
        squared = _quadratic(surprise, usual_inverse)
        # The weight of an observation under the tails of a Student distribution.
        tails = population.freedom + system.measured.sum(axis=1)
        belief = np.minimum(tails / (population.freedom + squared), 1.0)
    return _distances(system, inverse, shared, belief)


def _with_noise(private: Float64, noise: Float64) -> Float64:
    block = private.copy()
    block[:, (0, 1), (0, 1)] += noise
    return block


def _inverse(block: Float64) -> Float64:
    """Return the inverse of each symmetric matrix: float64[n, 2, 2]."""
    a, b, d = block[:, 0, 0], block[:, 0, 1], block[:, 1, 1]
    determinant = np.maximum(a * d - b * b, _LEAST_DETERMINANT * (a * d))
    rows = np.stack((d, -b, -b, a), axis=1) / determinant[:, None]
    return rows.reshape(-1, 2, 2)


def _quadratic(vector: Float64, matrix: Float64) -> Float64:
    """Return v' M v of each vector and symmetric matrix."""
    product = np.einsum("nij,nj->ni", matrix, vector)
    found: Float64 = np.einsum("ni,ni->n", product, vector)
    return found


def _chunks(n: int) -> Iterator[slice]:
    for begin in range(0, n, _AT_ONCE):
        yield slice(begin, begin + _AT_ONCE)


def _shared(system: _System, inverse: Float64) -> _Shared:
    """Solve for the shared unknowns: first without places, then those of each."""
    size, places = len(system.device_prior), len(system.place_prior)
    of_devices, right = np.zeros(size * size), np.zeros(size)
    of_places, place_right = np.zeros((places, 2, 2)), np.zeros((places, 2))
    both = np.zeros((places, _PER_PLACE, size))
    room = np.arange(_PER_PLACE)
    for part in _chunks(len(system.place)):
        rows, columns, place = system.rows[part], system.columns[part], system.place
        place = place[part]
        weighted = inverse[part] @ rows
        normal = rows.transpose(0, 2, 1) @ weighted
        known = np.einsum("nij,ni->nj", weighted, system.residual[part])
        cell = columns[:, :, None] * size + columns[:, None, :]
        np.add.at(of_devices, cell, normal[:, :-_PER_PLACE, :-_PER_PLACE])
        np.add.at(right, columns, known[:, :-_PER_PLACE])
        np.add.at(of_places, place, normal[:, -_PER_PLACE:, -_PER_PLACE:])
        np.add.at(place_right, place, known[:, -_PER_PLACE:])
        at = (place[:, None, None], room[:, None], columns[:, None, :])
        np.add.at(both, at, normal[:, -_PER_PLACE:, :-_PER_PLACE])
    # Each place alone, were the devices known. (I + P N)^-1 P: right also where a
    # prior variance is 0.
    alone = _posterior(system.place_prior, of_places)
    through = alone @ both
    flat, flat_through = both.reshape(-1, size), through.reshape(-1, size)
    covariance = _posterior(
        system.device_prior, of_devices.reshape(size, size) - flat.T @ flat_through
    )
    mean = covariance @ (right - flat_through.T @ place_right.reshape(-1))
    between = -(through @ covariance)
    return _Shared(
        mean,
        covariance,
        np.einsum("pij,pj->pi", alone, place_right) - through @ mean,
        alone - between @ through.transpose(0, 2, 1),
        between,
    )


def _posterior(prior: Float64, information: Float64) -> Float64:
    """Return the covariance that information leaves of a prior's."""
    product = np.eye(prior.shape[-1]) + prior @ information
    covariance = np.linalg.solve(product, prior)
    symmetric: Float64 = (covariance + covariance.swapaxes(-1, -2)) / 2
    return symmetric


def _local_mean(system: _System, shared: _Shared) -> Float64:
    """Return the means of the unknowns of each encounter."""
    of_devices, of_place = shared.device_mean[system.columns], shared.place_mean
    return np.concatenate((of_devices, of_place[system.place]), axis=1)


def _local_covariance(columns: Int64, place: Int64, shared: _Shared) -> Float64:
    """Return the covariance of the unknowns of each of some encounters."""
    room = np.arange(_PER_PLACE)
    between = shared.between[place[:, None, None], room[:, None], columns[:, None, :]]
    of_devices = shared.device_covariance[columns[:, :, None], columns[:, None, :]]
    above = np.concatenate((of_devices, between.transpose(0, 2, 1)), axis=2)
    below = np.concatenate((between, shared.place_covariance[place]), axis=2)
    return np.concatenate((above, below), axis=1)


def _distances(
    system: _System, inverse: Float64, shared: _Shared, belief: Float64
) -> Distances:
    # Private distance moves both levels alike.
    into_level = system.slope_db * system.distance_private
    gain = inverse.sum(axis=1) * into_level[:, None]
    local = _local_mean(system, shared)
    rest = system.residual - np.einsum("nij,nj->ni", system.rows, local)
    log10_m = (
        system.distance_log10
        + np.einsum("nj,nj->n", system.distance_rows, local)
        + np.einsum("ni,ni->n", gain, rest)
    )
    variance = system.distance_private - gain.sum(axis=1) * into_level
    left = system.distance_rows - np.einsum("ni,nij->nj", gain, system.rows)
    for part in _chunks(len(variance)):
        covariance = _local_covariance(system.columns[part], system.place[part], shared)
        variance[part] += _quadratic(left[part], covariance)
    return Distances(log10_m, np.maximum(variance, 1e-9), belief)


def _system(
    encounters: Encounters, devices: Devices, levels: Levels, population: Population
) -> _System:
    slope = population.slope_db
    both = np.stack((encounters.first, encounters.second), axis=1)
    known_db = np.stack(
        (
            devices.send_db[both[:, 1]] + devices.hear_db[both[:, 0]],
            devices.send_db[both[:, 0]] + devices.hear_db[both[:, 1]],
        ),
        axis=1,
    )
    usual_db = population.level_db + slope * population.distance_log10
    measured = np.isfinite(levels.variance)
    residual = np.where(measured, levels.level_db - usual_db - known_db, 0.0)

    covariance = _device_covariance(devices, population)
    n, width = len(both), 2 * _PER_DEVICE + _PER_PLACE
    places = int(encounters.place.max()) + 1 if n else 0
    most = MOST_CELLS // (_PER_DEVICE * _PER_PLACE * max(places, 1))
    shared = shared_devices(encounters, len(devices.known))[: max(most, 1)]
    number = np.full(len(devices.known), -1)
    number[shared] = np.arange(len(shared))
    rows = np.zeros((n, 2, width))
    columns = np.zeros((n, 2 * _PER_DEVICE), np.int64)
    distance_rows = np.zeros((n, width))
    common = population.link_sd**2 + (slope * population.distance_pair_sd) ** 2
    private = np.full((n, 2, 2), common)
    distance_private = np.full(n, population.distance_pair_sd**2)
    into = _into_levels(slope)
    for side in (0, 1):
        at = slice(side * _PER_DEVICE, (side + 1) * _PER_DEVICE)
        is_shared = number[both[:, side]] >= 0
        rows[is_shared, :, at] = into[side]
        distance_rows[is_shared, at] = np.eye(_PER_DEVICE)[_HABIT]
        of_device = number[both[is_shared, side]][:, None] * _PER_DEVICE
        columns[is_shared, at] = of_device + np.arange(_PER_DEVICE)
        own = covariance[both[~is_shared, side]]
        private[~is_shared] += np.einsum("ij,njk,lk->nil", into[side], own, into[side])
        distance_private[~is_shared] += population.distance_device_sd**2
    rows[:, :, -_PER_PLACE + _ROOM] = 1.0
    rows[:, :, -_PER_PLACE + _SPREAD] = slope
    distance_rows[:, -_PER_PLACE + _SPREAD] = 1.0
    return _System(
        residual,
        rows,
        columns,
        encounters.place,
        private,
        distance_rows,
        distance_private,
        _device_prior(covariance[shared]),
        _place_prior(places, population),
        measured,
        slope,
        population.distance_log10,
    )


def _into_levels(slope: float) -> Float64:
    """Return how (send, hear, habit) of either device go into both levels.

    The first device hears the second, and the second the first: float64[2, 2, 3] by
    device and level.
    """
    return np.array(
        [
            [[0.0, 1.0, slope], [1.0, 0.0, slope]],
            [[1.0, 0.0, slope], [0.0, 1.0, slope]],
        ]
    )


def _device_prior(devices: Float64) -> Float64:
    """Return the covariance of the unknowns of shared devices: blocks of each."""
    # One at least, so that who has none has something to point to.
    size = _PER_DEVICE * max(len(devices), 1)
    prior = np.zeros((size, size))
    for i, covariance in enumerate(devices):
        at = slice(i * _PER_DEVICE, (i + 1) * _PER_DEVICE)
        prior[at, at] = covariance
    return prior


def _place_prior(places: int, population: Population) -> Float64:
    prior = np.zeros((places, _PER_PLACE, _PER_PLACE))
    prior[:, _ROOM, _ROOM] = population.place_sd**2
    prior[:, _SPREAD, _SPREAD] = population.distance_place_sd**2
    return prior


def _device_covariance(devices: Devices, population: Population) -> Float64:
    """Return the covariance of (send, hear, habit) of each device."""
    known = devices.known
    send = np.where(known, population.known_send_sd, population.send_sd)
    hear = np.where(known, population.known_hear_sd, population.hear_sd)
    together = np.where(
        known, population.known_correlation, population.send_hear_correlation
    )
    covariance = np.zeros((len(known), _PER_DEVICE, _PER_DEVICE))
    covariance[:, _SEND, _SEND] = send**2
    covariance[:, _HEAR, _HEAR] = hear**2
    covariance[:, _SEND, _HEAR] = covariance[:, _HEAR, _SEND] = together * send * hear
    covariance[:, _HABIT, _HABIT] = population.distance_device_sd**2
    return covariance
