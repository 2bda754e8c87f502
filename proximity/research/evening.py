"""A synthetic evening: two dinner tables, a waiter, a walk home."""

import numpy as np

from proximity.research.channel import Channel, hear
from proximity.research.floor_plan import PEOPLE, walk
from proximity.research.truth import pair_truth
from proximity.research.world import World

DEFAULT_SEED = 0


def synthetic_evening(day: int, generator: np.random.Generator) -> World:
    """Return the world of one evening, 20:00-22:00 UTC.

    Parameters
    ----------
    day : int
        UTC day number since the epoch.
    generator : np.random.Generator
        Draws the scans, the signals and how people sway; the script is fixed.

    Returns
    -------
    World
        Of eight people. Source: docs/explanation/synthetic-evening.md.
    """
    tracks = walk(PEOPLE, day, generator)
    # Here a radio takes over: whatever turns tracks into receptions fits.
    receptions, scans = hear(PEOPLE, tracks, Channel(), generator)
    evening_ms = np.array([[tracks.t_ms[0], tracks.t_ms[-1]]], np.int64)
    return World(
        name="evening",
        phones=tuple(person.name for person in PEOPLE),
        receptions=receptions,
        scans=scans,
        tracks=tracks,
        truth_min=pair_truth(tracks, [evening_ms] * len(PEOPLE)),
    )
