"""Packed series: times and signal strengths of one encounter row, as bytes.

Each sighting takes three bytes: the time since the one before it, in steps of 100 ms
(unsigned, 16 bits, little-endian; 0 for the first), and the RSSI in dBm (signed).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from proximity.store.connection import damaged

STEP_MS = 100
MAX_GAP_MS = 0xFFFF * STEP_MS
_SIGHTING = np.dtype([("steps", "<u2"), ("rssi_dbm", "i1")])


class SeriesColumns(NamedTuple):
    """Unpacked series, end to end.

    Attributes
    ----------
    offsets : int64[n + 1]
        Row i holds sightings `offsets[i]:offsets[i + 1]`.
    t_ms : int64[m]
    rssi_dbm : int8[m]
    """

    offsets: NDArray[np.int64]
    t_ms: NDArray[np.int64]
    rssi_dbm: NDArray[np.int8]


def floor_to_step(t_ms: int) -> int:
    """Round a time down to the store's steps.

    Rounding down keeps order: of two times, the earlier one never becomes the later.
    """
    return t_ms // STEP_MS * STEP_MS


def pack_series(t_ms: ArrayLike, rssi_dbm: ArrayLike) -> bytes:
    """Pack the sightings of one row.

    Parameters
    ----------
    t_ms : int64[m]
        Ascending multiples of `STEP_MS`, at most `MAX_GAP_MS` from one to the next.
    rssi_dbm : int8[m]

    Returns
    -------
    bytes
        3 m bytes.
    """
    times = np.asarray(t_ms, np.int64)
    packed = np.zeros(len(times), _SIGHTING)
    packed["steps"][1:] = np.diff(times) // STEP_MS
    packed["rssi_dbm"] = rssi_dbm
    return packed.tobytes()


def unpack_series(packed: Sequence[bytes], start_ms: ArrayLike) -> SeriesColumns:
    """Unpack many rows at once.

    Parameters
    ----------
    packed : sequence of n bytes objects
        None is empty.
    start_ms : int64[n]
        Time of the first sighting of each.

    Raises
    ------
    StoreError
        If a row is empty, or not whole.
    """
    sizes = np.fromiter(map(len, packed), np.int64, len(packed))
    if np.any(sizes == 0) or np.any(sizes % _SIGHTING.itemsize):
        raise damaged()
    offsets = np.zeros(len(packed) + 1, np.int64)
    np.cumsum(sizes // _SIGHTING.itemsize, out=offsets[1:])
    sightings = np.frombuffer(b"".join(packed), _SIGHTING)
    return SeriesColumns(
        offsets,
        _times(sightings["steps"], offsets[:-1], np.asarray(start_ms, np.int64)),
        sightings["rssi_dbm"].copy(),
    )


def _times(
    steps: NDArray[np.uint16], first: NDArray[np.int64], start_ms: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Sum all steps in one pass, jumping from the end of each row to the next start."""
    if not len(first):
        return np.zeros(0, np.int64)
    times = steps.astype(np.int64)
    times *= STEP_MS
    times[first] = 0
    end_ms = start_ms + np.add.reduceat(times, first)
    times[first[0]] = start_ms[0]
    times[first[1:]] = start_ms[1:] - end_ms[:-1]
    return np.cumsum(times, out=times)
