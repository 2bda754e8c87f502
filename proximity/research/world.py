"""Worlds: who was where, what each phone heard, and when it listened.

A recorded scenario and a simulated evening are the same type, so that whatever
runs on a world cannot tell one from the other.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from proximity.protocol.sighting import Scans
from proximity.units import MS_PER_S

# Beyond five minutes the time since the last scan no longer grows, so that a
# longer silence in a log says nothing more: the phone is taken to have been off.
MAX_SILENCE_S = 300


class Receptions(NamedTuple):
    """What one phone heard, in time order.

    Attributes
    ----------
    transmitter : int64[n]
        Index of the sender in `World.phones`.
    t_ms : int64[n]
        Unix milliseconds.
    rssi_dbm : int8[n]
        `protocol.sighting.MISSING_RSSI_DBM` where it was not measured.
    tx_power_dbm : int8[n]
        Transmit power that the sender states in its metadata.
    """

    transmitter: NDArray[np.int64]
    t_ms: NDArray[np.int64]
    rssi_dbm: NDArray[np.int8]
    tx_power_dbm: NDArray[np.int8]


class Tracks(NamedTuple):
    """Where everyone was: the truth, which no phone knows.

    Attributes
    ----------
    t_ms : int64[k]
        Unix milliseconds, ascending; one clock for all.
    x_m, y_m : float64[p, k]
        Row i is phone i of the world; NaN while it was out of sight.
    """

    t_ms: NDArray[np.int64]
    x_m: NDArray[np.float64]
    y_m: NDArray[np.float64]


# Sender, receiver (indices in `World.phones`) and Unix seconds to the RSSI in dBm with
# which an advertisement arrives, or None if it is lost.
Reach = Callable[[int, int, float], int | None]


class Air(NamedTuple):
    """What radios need to live a world, rather than to have it told.

    Attributes
    ----------
    reach : callable
        See `Reach`.
    tx_power_dbm : tuple of int
        Transmit power that each phone states in its metadata.
    """

    reach: Reach
    tx_power_dbm: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class World:
    """Everything that happened, as seen by each phone and as it really was.

    Attributes
    ----------
    name : str
        For example "lunch" or "evening".
    phones : tuple of str
        Names of the phones' owners; columns refer to them by index.
    receptions : tuple of Receptions
        One for each phone; none at all if the world goes on air.
    scans : tuple of Scans
        One for each phone: when it listens, also where it hears nothing.
    tracks : Tracks
    truth_min : dict of (int, int) to float
        Minutes within reach for each pair that counts; indices ascending.
    air : Air | None
        How advertisements travel, if the phones send and hear them themselves.
    """

    name: str
    phones: tuple[str, ...]
    receptions: tuple[Receptions, ...]
    scans: tuple[Scans, ...]
    tracks: Tracks
    truth_min: dict[tuple[int, int], float]
    air: Air | None = None


def distance_m(tracks: Tracks, a: int, b: int) -> NDArray[np.float64]:
    """Return the distance of two phones at each time of the tracks.

    Parameters
    ----------
    tracks : Tracks
    a, b : int
        Phone indices.

    Returns
    -------
    float64[k]
        Metres; NaN while one of the two was out of sight.
    """
    apart = np.hypot(tracks.x_m[a] - tracks.x_m[b], tracks.y_m[a] - tracks.y_m[b])
    return np.asarray(apart, np.float64)


def active_spans(t_ms: NDArray[np.int64]) -> NDArray[np.int64]:
    """Split one phone's log into spans without a long silence.

    Parameters
    ----------
    t_ms : int64[n]
        Unix milliseconds of everything that it sent or heard, in any order.

    Returns
    -------
    int64[s, 2]
        First and last time of each span, ascending. Two spans are more than
        `MAX_SILENCE_S` apart.
    """
    if len(t_ms) == 0:
        return np.zeros((0, 2), np.int64)
    ordered = np.sort(t_ms)
    silence = np.flatnonzero(np.diff(ordered) > MAX_SILENCE_S * MS_PER_S)
    first = ordered[np.concatenate(([0], silence + 1))]
    last = ordered[np.concatenate((silence, [len(ordered) - 1]))]
    return np.stack((first, last), axis=1)


def cut_scans(spans_ms: NDArray[np.int64], *, scan_s: int = 210) -> Scans:
    """Cut spans of continuous listening into consecutive scans.

    Parameters
    ----------
    spans_ms : int64[s, 2]
        From `active_spans`.
    scan_s : int > 0
        Length of a scan in seconds; the last one of a span is shorter.

    Returns
    -------
    Scans
        Each scan ends one millisecond before the next one starts, so that no
        sighting lies in two. The monotonic time counts from the first scan.
    """
    if scan_s <= 0:
        raise ValueError(f"a scan lasts more than 0 s, not {scan_s}")
    length_ms = scan_s * MS_PER_S
    starts = [np.arange(a, b + 1, length_ms, dtype=np.int64) for a, b in spans_ms]
    ends = [
        np.minimum(start + length_ms - 1, end)
        for start, (_, end) in zip(starts, spans_ms, strict=True)
    ]
    start_ms = np.concatenate([np.zeros(0, np.int64), *starts])
    end_ms = np.concatenate([np.zeros(0, np.int64), *ends])
    origin_ms = start_ms[0] if len(start_ms) else 0
    return Scans(start_ms, end_ms, start_ms - origin_ms)
