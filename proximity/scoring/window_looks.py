"""Scans of exposure windows in, looks of the estimator out."""

from typing import NamedTuple

import numpy as np

from proximity.ranging.looks import ATTENUATION_DB, LOOK_S, MOST_SIGHTINGS, Looks
from proximity.scoring.window_score import Float64, Int64, WindowColumns


class ScanLooks(NamedTuple):
    """What some scans say, as looks.

    Attributes
    ----------
    looks : Looks
        One encounter for each key and day: on another day the same person may carry
        another phone, or the same one elsewhere.
    encounters : int
        How many there are.
    row : int64[m]
        To which look each scan belongs.
    """

    looks: Looks
    encounters: int
    row: Int64


def looks_of_scans(columns: WindowColumns, scans: Int64) -> ScanLooks:
    """Sum up scans by encounter and half minute.

    Parameters
    ----------
    columns : WindowColumns
    scans : int64[m]
        Which scans.
    """
    window = columns.window[scans]
    encounter = _numbered(columns.day[window], columns.key_index[window])
    look = _time_s(columns)[scans].astype(np.int64) // LOOK_S
    row = _numbered(encounter, look)
    count = int(row.max()) + 1 if len(row) else 0
    first = np.zeros(count, np.int64)
    first[row] = np.arange(len(row))
    heard = np.maximum(columns.sightings[scans], 1.0)
    level_db = np.clip(columns.typical_db[scans], *ATTENUATION_DB)
    weight = np.bincount(row, heard, count)
    looks = Looks(
        encounter[first],
        np.ones(count, np.bool_),
        look[first],
        np.bincount(row, heard * level_db, count) / weight,
        np.minimum(weight, MOST_SIGHTINGS),
    )
    return ScanLooks(looks, int(encounter.max()) + 1 if len(encounter) else 0, row)


def _numbered(high: Int64, low: Int64) -> Int64:
    """Return a number for each pair of values, from 0 on in their order."""
    # Ranks fit into one number, and sort many times faster than pairs.
    _, high_rank = np.unique(high, return_inverse=True)
    lows, low_rank = np.unique(low, return_inverse=True)
    _, number = np.unique(high_rank * len(lows) + low_rank, return_inverse=True)
    return np.asarray(number, np.int64).reshape(-1)


def _time_s(columns: WindowColumns) -> Float64:
    """Return when each scan was; where it was not recorded, one after the other."""
    if not len(columns.t_s):
        return columns.t_s
    new = np.concatenate(([True], np.diff(columns.window) != 0))
    elapsed = np.cumsum(columns.seconds)
    since = elapsed - np.repeat(
        elapsed[new], np.diff(np.append(np.flatnonzero(new), len(new)))
    )
    return np.where(columns.t_s > 0, columns.t_s, since)
