"""How the distance moved within an encounter, as far as looks can tell.

A look that is louder than the others may be nearer, or less may stand between: slow
fading and motion last about as long, so only a share of what is smooth is motion.
"""

from typing import NamedTuple

import numpy as np

from proximity.ranging.levels import Levels
from proximity.ranging.looks import LOOK_S, Float64, Int64, Looks, parts_of
from proximity.ranging.population import Fading
from proximity.ranging.smoother import (
    LogDistanceSeries,
    Prior,
    smooth_log_distance,
)

# A phone scans for some seconds every few minutes: whoever was heard once may have been
# there for half of this before and after. A longer silence is an absence.
MOST_SILENCE_S = 300


class Samples(NamedTuple):
    """Looks of an encounter in which at least one direction was heard.

    Attributes
    ----------
    encounter : int64[m]
        Ascending.
    look : int64[m]
        Ascending within an encounter.
    seconds : float64[m]
        For how long the sample stands: half of the silence to each side.
    log10_m : float64[m]
        Expected deviation from the encounter's mean, decades of distance.
    variance : float64[m]
        Of it.
    """

    encounter: Int64
    look: Int64
    seconds: Float64
    log10_m: Float64
    variance: Float64


def samples_of(looks: Looks, levels: Levels, fading: Fading) -> Samples:
    """Smooth the looks of every encounter about its levels.

    Parameters
    ----------
    looks : Looks
    levels : Levels
        Of the same encounters.
    fading : Fading

    Returns
    -------
    Samples
        Both directions as one.
    """
    nothing = np.zeros(0, np.int64)
    none = Samples(nothing, nothing, np.zeros(0), np.zeros(0), np.zeros(0))
    parts = [none, *(_samples(part, levels, fading) for part in parts_of(looks))]
    return Samples._make(np.concatenate(column) for column in zip(*parts, strict=True))


def _samples(looks: Looks, levels: Levels, fading: Fading) -> Samples:
    """Return the samples of some encounters."""
    order = np.lexsort((looks.look, looks.encounter))
    encounter, look = looks.encounter[order], looks.look[order]
    new_encounter = np.concatenate(([True], encounter[1:] != encounter[:-1]))
    new = new_encounter | np.concatenate(([True], look[1:] != look[:-1]))
    starts = np.flatnonzero(new)
    side = 1 - looks.forward[order].astype(np.int64)
    weight = looks.weight[order]
    level_db = levels.level_db[encounter, side]
    above_db = weight * (looks.attenuation_db[order] - level_db)
    sums = np.add.reduceat(weight, starts)
    encounter, look = encounter[starts], look[starts]
    first = np.flatnonzero(new_encounter[starts])
    deviations = _Deviations(
        np.add.reduceat(above_db, starts) / sums,
        fading.fast_sd**2 + fading.packet_sd**2 / sums,
        look,
        first,
    )
    smooth_db, variance = _smooth(deviations, fading)

    slope = fading.slope_db
    moving = (slope * fading.motion_sd) ** 2
    share = moving / max(moving + fading.slow_sd**2, 1e-12)
    return Samples(
        encounter,
        look,
        _seconds(look, first),
        smooth_db * share / slope,
        fading.motion_sd**2 * (1 - share) + variance * (share / slope) ** 2,
    )


class _Deviations(NamedTuple):
    """Looks less their levels, dB, with variance; where each encounter begins."""

    deviation_db: Float64
    noise: Float64
    look: Int64
    first: Int64


def _smooth(looks: _Deviations, fading: Fading) -> tuple[Float64, Float64]:
    """Return what lasts of the deviations, and its variance, dB and dB^2."""
    deviation_db, noise, look, first = looks
    slope = fading.slope_db
    # The smoother works on natural logarithms of distance.
    unit = slope / np.log(10.0)
    lasting = (fading.slow_sd**2 + (slope * fading.motion_sd) ** 2) / unit**2
    gap_s = np.diff(look, prepend=look[:1]) * float(LOOK_S)
    # What a process that forgets with `memory_s` gains, at most its variance.
    drift = lasting * -np.expm1(-2.0 * np.maximum(gap_s, 0.0) / fading.memory_s)
    drift[first] = 0.0
    lasting = max(lasting, 1e-6)
    count = len(first)
    series = LogDistanceSeries(
        (deviation_db / unit).astype(np.float32),
        (noise / unit**2).astype(np.float32),
        drift.astype(np.float32),
        np.append(first, len(look)).astype(np.int64),
    )
    prior = Prior(np.zeros(count, np.float32), np.full(count, lasting, np.float32))
    smooth = smooth_log_distance(series, prior)
    return (
        smooth.mean.astype(np.float64) * unit,
        np.minimum(smooth.variance.astype(np.float64), lasting) * unit**2,
    )


def _seconds(look: Int64, first: Int64) -> Float64:
    """Return for how long each sample stands."""
    gap = np.minimum(np.diff(look) * float(LOOK_S), MOST_SILENCE_S)
    gap[first[1:] - 1] = MOST_SILENCE_S
    ends = np.array([float(MOST_SILENCE_S)])
    seconds: Float64 = (np.append(ends, gap) + np.append(gap, ends)) / 2
    return seconds
