"""When the device listened: recorded scans, and those that sightings imply."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from proximity.matching.clock import within_scans
from proximity.protocol.sighting import Scans
from proximity.units import MS_PER_S


class Listening(NamedTuple):
    """Recorded and implied scans, each kind in time order.

    Attributes
    ----------
    recorded_ms, recorded_until_ms : int64[k]
        Starts, ascending, and the latest end of a scan that began by then.
    implied_ms : int64[l]
        First sighting of each implied scan, ascending.
    starts_ms : int64[k + l]
        Both kinds of starts, ascending.
    """

    recorded_ms: NDArray[np.int64]
    recorded_until_ms: NDArray[np.int64]
    implied_ms: NDArray[np.int64]
    starts_ms: NDArray[np.int64]


class Places(NamedTuple):
    """The scan of each sighting.

    Attributes
    ----------
    start_ms : int64[n]
        Start of the scan; no two scans that hold sightings begin together.
    recorded : bool[n]
        Whether the scan was recorded or is implied.
    """

    start_ms: NDArray[np.int64]
    recorded: NDArray[np.bool_]


def listening(t_ms: NDArray[np.int64], scans: Scans, scan_gap_s: float) -> Listening:
    """Gather the scans of a device.

    Parameters
    ----------
    t_ms : int64[m]
        Every believed sighting, of whatever sender, Unix milliseconds, any order.
    scans : Scans
        Those that were recorded and are believed, any order; may overlap.
    scan_gap_s : float
        Sightings outside recorded scans at most this far apart are one implied scan.

    Returns
    -------
    Listening
    """
    order = np.argsort(scans.start_ms, kind="stable")
    recorded = scans.start_ms[order]
    until = np.maximum.accumulate(scans.end_ms[order])
    outside = np.sort(t_ms[~within_scans(t_ms, scans)])
    begins = np.ones(len(outside), np.bool_)
    # A recorded scan between two sightings parts them, however near they are.
    scans_before = np.searchsorted(recorded, outside)
    begins[1:] = (np.diff(outside) > scan_gap_s * MS_PER_S) | (
        np.diff(scans_before) > 0
    )
    implied = outside[begins]
    return Listening(
        recorded, until, implied, np.sort(np.concatenate([recorded, implied]))
    )


def place(t_ms: NDArray[np.int64], heard: Listening) -> Places:
    """Find the scan of each sighting: the latest begun, while any is running.

    Parameters
    ----------
    t_ms : int64[n]
        Sightings among those that `heard` was made from.
    heard : Listening

    Returns
    -------
    Places
    """
    begun = np.searchsorted(heard.recorded_ms, t_ms, side="right") - 1
    recorded = np.zeros(len(t_ms), np.bool_)
    if len(heard.recorded_ms):
        recorded = (begun >= 0) & (heard.recorded_until_ms[begun] >= t_ms)
    start_ms = np.empty(len(t_ms), np.int64)
    start_ms[recorded] = heard.recorded_ms[begun[recorded]]
    implied = np.searchsorted(heard.implied_ms, t_ms[~recorded], side="right") - 1
    start_ms[~recorded] = heard.implied_ms[implied]
    return Places(start_ms, recorded)


def previous_start_ms(start_ms: int, heard: Listening) -> int | None:
    """Return the start of the latest scan that began before `start_ms`, if any."""
    position = int(np.searchsorted(heard.starts_ms, start_ms, side="left"))
    return int(heard.starts_ms[position - 1]) if position else None
