"""Truth about pairs, from where everyone was."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from proximity.research.world import Tracks, distance_m
from proximity.units import MS_PER_S

NEAR_M = 2.0
CONTACT_MIN = 15.0
SEEN_MIN = 5.0

# Coordinates come on a grid of centimetres: what is 2 m by tape may differ from
# 2.0 in the last bit, in either direction.
ROUNDING_M = 1e-6


def pair_truth(
    tracks: Tracks, active_ms: Sequence[NDArray[np.int64]]
) -> dict[tuple[int, int], float]:
    """Return the minutes within 2 m of each pair that counts.

    A pair counts if both were in sight together for at least `SEEN_MIN` while
    both phones were active. Its minutes are those of the tracks alone: a phone
    that was silent for a while does not make its owner less exposed.

    Parameters
    ----------
    tracks : Tracks
    active_ms : sequence of int64[s, 2]
        Spans of activity of each phone, as from `world.active_spans`.

    Returns
    -------
    dict of (int, int) to float
        Minutes by pair of phone indices, the smaller one first.
    """
    minutes = frame_minutes(tracks.t_ms)
    active = [_within(tracks.t_ms, spans) for spans in active_ms]
    truth: dict[tuple[int, int], float] = {}
    for a, b in combinations(range(len(active)), 2):
        distance = distance_m(tracks, a, b)
        seen = np.isfinite(distance) & active[a] & active[b]
        if np.count_nonzero(seen) * minutes >= SEEN_MIN:
            near = np.count_nonzero(distance <= NEAR_M + ROUNDING_M)
            truth[a, b] = float(near * minutes)
    return truth


def is_contact(truth_min: float) -> bool:
    """Tell whether a pair was together long enough to be found."""
    return truth_min >= CONTACT_MIN


def frame_minutes(t_ms: NDArray[np.int64]) -> float:
    """Return how many minutes one frame of the tracks stands for."""
    if len(t_ms) < 2:
        return 0.0
    return float(np.median(np.diff(t_ms))) / (60 * MS_PER_S)


def _within(t_ms: NDArray[np.int64], spans: NDArray[np.int64]) -> NDArray[np.bool_]:
    inside = np.zeros(len(t_ms), np.bool_)
    for start, end in spans:
        inside |= (t_ms >= start) & (t_ms <= end)
    return inside
