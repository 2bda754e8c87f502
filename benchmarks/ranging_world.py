"""A phone's fortnight drawn from the model, for the speed of the estimator."""

from typing import NamedTuple

import numpy as np

from proximity.ranging.encounters import Devices, Encounters
from proximity.ranging.looks import LOOK_S, MS_PER_LOOK, Heard
from proximity.ranging.population import Population

DAYS, HOURS = 14, 200
MS_PER_HOUR = 3_600_000
HOURS_PER_DAY = 24
# A scan of some seconds hears a sender about so often.
PER_LOOK = 4
# How many half minutes later the next scan is that hears it.
GAPS, GAP_CHANCES = (1, 2, 3, 5, 8, 40), (0.3, 0.3, 0.2, 0.1, 0.08, 0.02)


class World(NamedTuple):
    """What the estimator takes."""

    heard: Heard
    encounters: Encounters
    devices: Devices


def fortnight(sightings: int, encounters: int, population: Population) -> World:
    """Return what one phone heard, each encounter of another sender.

    Parameters
    ----------
    sightings, encounters : int
    population : Population

    Returns
    -------
    World
        In order of time, as a phone records it; the phone is device 0. Encounters of
        an hour share a place.
    """
    generator = np.random.default_rng(22)
    hours = np.sort(generator.choice(DAYS * HOURS_PER_DAY, HOURS, replace=False))
    place = np.sort(generator.integers(0, HOURS, encounters))
    encounter, look = _looks(
        _lengths(sightings // PER_LOOK, encounters, generator), generator
    )
    start_ms = hours[place] * MS_PER_HOUR
    start_ms = start_ms + generator.integers(0, MS_PER_HOUR // 2, encounters)
    level_db = _levels(encounters, place, population, generator)
    fading_db = _fading(encounter, look, population, generator)
    fading_db += generator.normal(0, population.fast_sd, len(look))
    of_look = np.repeat(np.arange(len(look)), PER_LOOK)
    t_ms = (start_ms[encounter] + look * MS_PER_LOOK)[of_look]
    t_ms += generator.integers(0, MS_PER_LOOK // 5, len(of_look))
    heard_db = level_db[encounter[of_look]] + fading_db[of_look]
    heard_db += generator.normal(0, population.packet_sd, len(of_look))
    order = np.argsort(t_ms, kind="stable")
    return World(
        Heard(
            encounter[of_look][order],
            np.ones(len(order), np.bool_),
            t_ms[order],
            np.round(heard_db[order]),
        ),
        Encounters(
            np.zeros(encounters, np.int64),
            np.arange(1, encounters + 1),
            place.astype(np.int64),
        ),
        Devices(
            np.zeros(encounters + 1),
            np.zeros(encounters + 1),
            np.zeros(encounters + 1, np.bool_),
        ),
    )


def day_of(look: np.ndarray) -> np.ndarray:
    """Return the day of each sample, as a question: from 0 on."""
    return look * LOOK_S // (HOURS_PER_DAY * 3600)


def _lengths(looks: int, n: int, generator: np.random.Generator) -> np.ndarray:
    """Return in how many looks each encounter is heard: at least one, few in many."""
    share = generator.lognormal(0, 1, n)
    ends = np.round(np.cumsum(share) / share.sum() * (looks - n)).astype(np.int64)
    return np.diff(ends, prepend=0) + 1


def _looks(
    lengths: np.ndarray, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return of each look its encounter, and its number since that began."""
    encounter = np.repeat(np.arange(len(lengths)), lengths)
    total = np.cumsum(generator.choice(GAPS, len(encounter), p=GAP_CHANCES))
    first = np.cumsum(lengths) - lengths
    return encounter, total - total[first][encounter]


def _levels(
    n: int, place: np.ndarray, population: Population, generator: np.random.Generator
) -> np.ndarray:
    """Return the level of each encounter: what one phone hears of others."""
    log10_m = population.distance_log10 + _normal(n, population, generator, "pair")
    log10_m += _normal(n, population, generator, "device")
    log10_m += _normal(HOURS, population, generator, "place")[place]
    level_db = population.level_db + population.slope_db * log10_m
    level_db += generator.normal(0, population.send_sd, n)
    level_db += generator.normal(0, population.hear_sd)
    level_db += generator.normal(0, population.place_sd, HOURS)[place]
    private_sd = np.hypot(population.link_sd, population.direction_sd)
    return level_db + generator.normal(0, private_sd, n)


def _normal(
    n: int, population: Population, generator: np.random.Generator, of: str
) -> np.ndarray:
    return generator.normal(0, getattr(population, f"distance_{of}_sd"), n)


def _fading(
    encounter: np.ndarray,
    look: np.ndarray,
    population: Population,
    generator: np.random.Generator,
) -> np.ndarray:
    """Return what lasts for some minutes, dB: it forgets with `memory_s`."""
    moving = population.slope_db * population.motion_sd
    own = generator.normal(0, np.hypot(population.slow_sd, moving), len(look))
    gap_s = np.diff(look, prepend=0) * float(LOOK_S)
    kept = np.exp(-np.abs(gap_s) / population.memory_s)
    kept[np.diff(encounter, prepend=-1) != 0] = 0.0
    own *= np.sqrt(1 - kept**2)
    last, found = 0.0, []
    for new, left in zip(own.tolist(), kept.tolist(), strict=True):
        last = new + left * last
        found.append(last)
    return np.array(found)
