"""Exposure windows in, what is known of each of a person's days out."""

from typing import NamedTuple

import numpy as np

from proximity.protocol.gaen import CalibrationConfidence
from proximity.ranging.encounters import Devices, Encounters
from proximity.ranging.estimator import Estimate, estimate_looks
from proximity.ranging.motion import MOST_SILENCE_S
from proximity.ranging.population import Parameters, Population
from proximity.ranging.posterior import (
    Minutes,
    Spread,
    dose_minutes,
    minutes_within,
    share_within,
)
from proximity.scoring.window_looks import looks_of_scans
from proximity.scoring.window_score import Drop, Float64, Int64, WindowColumns

# Distances that people are told of, metres.
TOLD_M = (1.0, 2.0, 3.0)


class Weighted(NamedTuple):
    """What a minute of each window weighs, and why a window does not count.

    Attributes
    ----------
    weight : float64[n]
    drop : int64[n]
        `Drop`.
    """

    weight: Float64
    drop: Int64


class PersonPosterior(NamedTuple):
    """What is known of one person's days.

    Attributes
    ----------
    days : int64[d]
        UTC day numbers with a counted window, ascending.
    windows : int64[w]
        The windows that count.
    expected : float64[w]
        Expected weighted seconds of each within the distance.
    scans : int64[s]
        Scans of those windows.
    chance : float64[s]
        That each was within the distance.
    weighted : Minutes
        Of each day within the distance, each minute by its weight.
    within : tuple of Minutes
        Of each day within each of `TOLD_M`, unweighted.
    dose : Spread
        Minutes at one metre that would weigh as much, unweighted; float64[d] each.
    """

    days: Int64
    windows: Int64
    expected: Float64
    scans: Int64
    chance: Float64
    weighted: Minutes
    within: tuple[Minutes, ...]
    dose: Spread


class Asking(NamedTuple):
    """How windows are estimated: with which parameters, and within which distance."""

    parameters: Parameters
    metres: float


def person_posterior(
    columns: WindowColumns, weighted: Weighted, group: int, asking: Asking
) -> PersonPosterior | None:
    """Estimate distances of all of a person's windows together, and sum them by day.

    Senders whose power is not calibrated are estimated apart, under wider priors; what
    is not known of one's own phone moves both alike.

    Parameters
    ----------
    columns : WindowColumns
    weighted : Weighted
    group : int
        Whose windows.
    asking : Asking

    Returns
    -------
    PersonPosterior | None
        None if no window counts.
    """
    mine = (weighted.drop == Drop.COUNTED) & (columns.group == group)
    if not mine.any():
        return None
    days = np.unique(columns.day[mine])
    calibrated = columns.confidence > CalibrationConfidence.LOWEST
    parts = [
        _part(_Windows(columns, weighted.weight, np.flatnonzero(chosen)), days, each)
        for chosen, each in (
            (mine & calibrated, _Asked(asking.parameters.calibrated, asking.metres)),
            (mine & ~calibrated, _Asked(asking.parameters.uncalibrated, asking.metres)),
        )
        if chosen.any()
    ]
    if len(parts) == 1:
        return parts[0]
    one, other = parts
    return PersonPosterior(
        days,
        np.append(one.windows, other.windows),
        np.append(one.expected, other.expected),
        np.append(one.scans, other.scans),
        np.append(one.chance, other.chance),
        _added(one.weighted, other.weighted),
        tuple(map(_added, one.within, other.within)),
        Spread._make(map(np.add, one.dose, other.dose)),
    )


class _Windows(NamedTuple):
    columns: WindowColumns
    weight: Float64
    chosen: Int64


class _Asked(NamedTuple):
    population: Population
    metres: float


def _part(windows: _Windows, days: Int64, asked: _Asked) -> PersonPosterior:
    columns, weight, chosen = windows
    population, metres = asked
    scans = np.flatnonzero(np.isin(columns.window, chosen))
    window = columns.window[scans]
    looks, encounters, row = looks_of_scans(columns, scans)
    found = estimate_looks(
        looks, _one_phone(encounters), _nothing_known(encounters + 1), population
    )
    count = len(looks.look)
    day = np.zeros(count, np.int64)
    day[row] = np.searchsorted(days, columns.day[window])
    seconds = columns.seconds[scans]
    weighted_s = seconds * weight[window]

    # A scan says itself for how long it stands; half a minute of a case, however often
    # it was told, for no longer than one scan can.
    told_s = np.bincount(row, seconds, count)
    believed = np.minimum(1.0, MOST_SILENCE_S / np.maximum(told_s, 1e-9))

    def lasting(of_scan: Float64) -> Estimate:
        total: Float64 = believed * np.bincount(row, of_scan, count)
        return found._replace(samples=found.samples._replace(seconds=total))

    plain = lasting(seconds)

    def minutes(distance_m: float, lasted: Estimate) -> Minutes:
        answer = minutes_within(distance_m, lasted, day, population.memory_s)
        return _for_all(answer, len(days))

    chance = share_within(metres, found)[row] if count else np.zeros(0)
    expected = np.bincount(
        np.searchsorted(chosen, window), chance * weighted_s, len(chosen)
    )
    dose = dose_minutes(plain, day)
    return PersonPosterior(
        days,
        chosen,
        expected.astype(np.float64),
        scans,
        chance,
        minutes(metres, lasting(weighted_s)),
        tuple(minutes(each, plain) for each in TOLD_M),
        Spread._make(_padded(column, len(days)) for column in dose),
    )


def _one_phone(encounters: int) -> Encounters:
    """Every encounter is of the person's own phone with another one."""
    own = np.zeros(encounters, np.int64)
    return Encounters(own, np.arange(1, encounters + 1), own)


def _nothing_known(devices: int) -> Devices:
    unknown = np.zeros(devices)
    return Devices(unknown, unknown, unknown > 0)


def _added(one: Minutes, other: Minutes) -> Minutes:
    return Minutes._make(map(np.add, one, other))


def _for_all(minutes: Minutes, days: int) -> Minutes:
    """Return it with zeros for the days after the last one of this part."""
    return Minutes._make(_padded(column, days) for column in minutes)


def _padded(column: Float64, length: int) -> Float64:
    missing = [(0, length - len(column)), *([(0, 0)] * (column.ndim - 1))]
    return np.pad(column, missing)
