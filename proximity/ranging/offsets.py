"""Levels in, distances out: everything that was heard calibrates everything else.

A level is the sum of what the distance takes away and of offsets: of the sender, the
receiver, what stands between, the place. All are Gaussian before anything was heard,
so the posterior of all of them together is one linear system. Its unknowns are the
offsets and habits of devices that met several others, and of places; what belongs to
one encounter alone is summed out before. docs/explanation/scoring.md#offsets.
"""

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
        How each level depends on the unknowns that it has, dB.
    columns : int64[n, u]
        Which unknowns those are.
    private : float64[n, 2, 2]
        Covariance of what is private, without fading.
    distance_rows : float64[n, u]
        How the distance depends on the unknowns.
    distance_private : float64[n]
        Variance of what of the distance is private.
    prior : float64[z, z]
        Covariance of the unknowns.
    measured : bool[n, 2]
    slope_db, distance_log10 : float
        Of the population.
    """

    residual: Float64
    rows: Float64
    columns: Int64
    private: Float64
    distance_rows: Float64
    distance_private: Float64
    prior: Float64
    measured: Bools
    slope_db: float
    distance_log10: float


class _Shared(NamedTuple):
    """Mean and covariance of the shared unknowns, given all levels."""

    mean: Float64
    covariance: Float64


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
    belief = np.ones(len(encounters.first))
    for _ in range(PASSES):
        # What is believed half as much has twice the variance, in all that is private.
        inverse = np.linalg.inv(usual) * belief[:, None, None]
        shared = _shared(system, inverse)
        expected = np.einsum("nij,nj->ni", system.rows, shared.mean[system.columns])
        surprise = np.where(system.measured, system.residual - expected, 0.0)
        squared = np.einsum("ni,nij,nj->n", surprise, np.linalg.inv(usual), surprise)
        # The weight of an observation under the tails of a Student distribution.
        tails = population.freedom + system.measured.sum(axis=1)
        belief = np.minimum(tails / (population.freedom + squared), 1.0)
    return _distances(system, inverse, shared, belief)


def _with_noise(private: Float64, noise: Float64) -> Float64:
    block = private.copy()
    block[:, (0, 1), (0, 1)] += noise
    return block


def _shared(system: _System, inverse: Float64) -> _Shared:
    size = len(system.prior)
    weighted = np.einsum("nij,njk->nik", inverse, system.rows)
    normal = np.einsum("nij,nik->njk", system.rows, weighted)
    right = np.einsum("nij,ni->nj", weighted, system.residual)
    columns = system.columns
    matrix = np.zeros(size * size)
    place = columns[:, :, None] * size + columns[:, None, :]
    np.add.at(matrix, place, normal)
    vector = np.zeros(size)
    np.add.at(vector, columns, right)
    # (I + P N)^-1 P: right also where a prior variance is 0.
    product = system.prior @ matrix.reshape(size, size)
    covariance = np.linalg.solve(np.eye(size) + product, system.prior)
    return _Shared(covariance @ vector, (covariance + covariance.T) / 2)


def _distances(
    system: _System, inverse: Float64, shared: _Shared, belief: Float64
) -> Distances:
    columns = system.columns
    # Private distance moves both levels alike.
    into_level = system.slope_db * system.distance_private
    gain = np.einsum("nij->nj", inverse) * into_level[:, None]
    local = shared.mean[columns]
    rest = system.residual - np.einsum("nij,nj->ni", system.rows, local)
    log10_m = (
        system.distance_log10
        + np.einsum("nj,nj->n", system.distance_rows, local)
        + np.einsum("ni,ni->n", gain, rest)
    )
    left = system.distance_rows - np.einsum("ni,nij->nj", gain, system.rows)
    block = shared.covariance[columns[:, :, None], columns[:, None, :]]
    variance = (
        system.distance_private
        - gain.sum(axis=1) * into_level
        + np.einsum("ni,nij,nj->n", left, block, left)
    )
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
    shared = shared_devices(encounters, len(devices.known))
    number = np.full(len(devices.known), -1)
    number[shared] = np.arange(len(shared))
    n, width = len(both), 2 * _PER_DEVICE + _PER_PLACE
    rows = np.zeros((n, 2, width))
    columns = np.zeros((n, width), np.int64)
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
    first_place = _PER_DEVICE * len(shared)
    of_place = first_place + encounters.place * _PER_PLACE
    rows[:, :, -_PER_PLACE + _ROOM] = 1.0
    rows[:, :, -_PER_PLACE + _SPREAD] = slope
    distance_rows[:, -_PER_PLACE + _SPREAD] = 1.0
    columns[:, -_PER_PLACE:] = of_place[:, None] + np.arange(_PER_PLACE)
    places = int(encounters.place.max()) + 1 if n else 0
    return _System(
        residual,
        rows,
        columns,
        private,
        distance_rows,
        distance_private,
        _prior(covariance[shared], places, population),
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


def _prior(devices: Float64, places: int, population: Population) -> Float64:
    """Return the covariance of the shared unknowns before anything was heard."""
    size = _PER_DEVICE * len(devices) + _PER_PLACE * places
    prior = np.zeros((size, size))
    for i, covariance in enumerate(devices):
        at = slice(i * _PER_DEVICE, (i + 1) * _PER_DEVICE)
        prior[at, at] = covariance
    room = np.arange(_PER_DEVICE * len(devices), size, _PER_PLACE) + _ROOM
    prior[room, room] = population.place_sd**2
    spread = room - _ROOM + _SPREAD
    prior[spread, spread] = population.distance_place_sd**2
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
