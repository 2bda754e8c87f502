"""Looks in, one level for each direction of an encounter out, with its uncertainty."""

from typing import NamedTuple

import numpy as np

from proximity.kernels.dispatch import load_operation
from proximity.ranging.looks import LOOK_S, Float64, Int64, Looks, parts_of
from proximity.ranging.population import Fading


class Levels(NamedTuple):
    """Mean attenuation of each direction of some encounters.

    Attributes
    ----------
    level_db : float64[n, 2]
        Column 0: what the first device heard of the second; column 1 the reverse. 0
        where nothing was measured.
    variance : float64[n, 2]
        Of fading and motion about the level, dB^2; infinite where nothing was measured.
    """

    level_db: Float64
    variance: Float64


def levels_of(looks: Looks, n: int, fading: Fading) -> Levels:
    """Average the looks of each direction, each by its number of sightings.

    Moments in which much is heard are those in which less stands between, and tell
    more of the distance than the others; docs/explanation/scoring.md#levels.

    Parameters
    ----------
    looks : Looks
    n : int
        Number of encounters.
    fading : Fading
    """
    level_db = np.zeros((n, 2))
    variance = np.full((n, 2), np.inf)
    for part in parts_of(looks):
        _fill(part, fading, Levels(level_db, variance))
    return Levels(level_db, variance)


def _fill(looks: Looks, fading: Fading, levels: Levels) -> None:
    """Write the levels of some encounters."""
    row = looks.encounter * 2 + ~looks.forward
    starts = np.flatnonzero(np.concatenate(([True], row[1:] != row[:-1])))
    sums = np.add.reduceat(looks.weight, starts)
    mean_db = np.add.reduceat(looks.weight * looks.attenuation_db, starts) / sums
    part = looks.weight / np.repeat(sums, np.diff(np.append(starts, len(row))))
    # What lasts: slow fading, and motion about the mean distance.
    lasting = fading.slow_sd**2 + (fading.slope_db * fading.motion_sd) ** 2
    kept = np.add.reduceat(
        part * _correlated(part, looks.look, row, fading.memory_s), starts
    )
    single = fading.fast_sd**2 * np.add.reduceat(part**2, starts)
    single += fading.packet_sd**2 * np.add.reduceat(part**2 / looks.weight, starts)
    levels.level_db.flat[row[starts]] = mean_db
    levels.variance.flat[row[starts]] = single + lasting * kept


def _correlated(part: Float64, look: Int64, row: Int64, memory_s: float) -> Float64:
    """Return, for each look, the parts of all looks of its row, by correlation.

    The correlation falls by e with `memory_s`: two sums that run along the looks, each
    the one before times what is left of it.
    """
    gap = np.diff(look, prepend=look[:1]).astype(np.float64)
    kept = np.exp(-np.abs(gap) * (LOOK_S / memory_s))
    kept[np.concatenate(([True], row[1:] != row[:-1]))] = 0.0
    kernel = load_operation("proximity.ranging.levels", size=len(part))
    total: Float64 = kernel.correlated(part, kept)
    return total
