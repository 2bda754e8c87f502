"""A synthetic evening: two dinner tables, a waiter, a walk home."""

import numpy as np

from proximity.research.channel import Channel, reach_of, scan_times
from proximity.research.floor_plan import PEOPLE, walk
from proximity.research.truth import pair_truth
from proximity.research.world import Air, World

DEFAULT_SEED = 0


def synthetic_evening(day: int, generator: np.random.Generator) -> World:
    """Return the world of one evening, 20:00-22:00 UTC.

    Parameters
    ----------
    day : int
        UTC day number since the epoch.
    generator : np.random.Generator
        Draws the scans and how people sway, and later each signal; the script is
        fixed.

    Returns
    -------
    World
        Of eight people, to be lived on air. Source:
        docs/explanation/synthetic-evening.md.
    """
    tracks = walk(PEOPLE, day, generator)
    scans = tuple(scan_times(tracks.t_ms, generator) for _ in PEOPLE)
    evening_ms = np.array([[tracks.t_ms[0], tracks.t_ms[-1]]], np.int64)
    return World(
        name="evening",
        phones=tuple(person.name for person in PEOPLE),
        receptions=(),
        scans=scans,
        tracks=tracks,
        truth_min=pair_truth(tracks, [evening_ms] * len(PEOPLE)),
        air=Air(
            reach_of(PEOPLE, tracks, Channel(), generator),
            tuple(person.tx_power_dbm for person in PEOPLE),
        ),
    )
