"""Scored windows of one person and day, gathered."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from proximity.scoring.dose import SETTLED_DECIMALS, covered_seconds
from proximity.scoring.window_score import Drop, WindowColumns, WindowScores

SECONDS_PER_MINUTE = 60


class DayFold(NamedTuple):
    """One person's windows of one day.

    Attributes
    ----------
    group, day : int
    values : list of float
        Of the counted windows; empty if none counts.
    minutes : float
        Time covered by the near scans of the counted windows, minutes.
    """

    group: int
    day: int
    values: list[float]
    minutes: float


def fold_days(columns: WindowColumns, scores: WindowScores) -> Iterator[DayFold]:
    """Gather windows by person and day; people in order, then days ascending."""
    order = np.lexsort((columns.day, columns.group))
    group, day = columns.group[order], columns.day[order]
    changes = np.flatnonzero((np.diff(group) != 0) | (np.diff(day) != 0)) + 1
    counted = scores.drop == Drop.COUNTED
    first_scan = np.searchsorted(columns.window, np.arange(len(day) + 1))
    for rows in np.split(order, changes) if len(order) else ():
        kept = rows[counted[rows]]
        scans = np.concatenate(
            [np.arange(0), *(np.arange(*first_scan[w : w + 2]) for w in kept)]
        )
        near = scans[scores.near[scans]]
        covered = covered_seconds(columns.t_s[near], columns.seconds[near])
        yield DayFold(
            group=int(columns.group[rows[0]]),
            day=int(columns.day[rows[0]]),
            values=scores.value[kept].tolist(),
            minutes=round(covered / SECONDS_PER_MINUTE, SETTLED_DECIMALS),
        )
