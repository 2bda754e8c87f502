"""Whether the wall clock could be believed while the device listened."""

import numpy as np
from numpy.typing import NDArray

from proximity.protocol.sighting import Scans

# A clock that is set by a network or a radio tower moves by seconds; whoever wants
# IDs of an earlier interval accepted must set it back by minutes at least.
ROLL_BACK_TOLERANCE_MS = 60_000


def rolled_back_scans(scans: Scans, now_ms: int) -> NDArray[np.bool_]:
    """Find the scans that were recorded while the wall clock was set back.

    Parameters
    ----------
    scans : Scans
        In the order in which they were recorded.
    now_ms : int
        Unix milliseconds by a trusted clock. Scans that claim to be later prove
        nothing about the others: a clock that once ran ahead was put right again.

    Returns
    -------
    bool[k]
        True where the start lies more than `ROLL_BACK_TOLERANCE_MS` before the
        latest earlier start. Source: docs/reference/matching.md#clock.
    """
    believable = np.where(scans.start_ms <= now_ms, scans.start_ms, -1)
    latest = np.maximum.accumulate(believable)
    return np.asarray(scans.start_ms < latest - ROLL_BACK_TOLERANCE_MS)


def within_scans(t_ms: NDArray[np.int64], scans: Scans) -> NDArray[np.bool_]:
    """Tell which times lie in at least one scan, both its ends included.

    Parameters
    ----------
    t_ms : int64[n]
        Unix milliseconds, any order.
    scans : Scans
        Any order; may overlap.

    Returns
    -------
    bool[n]
    """
    if len(scans.start_ms) == 0:
        return np.zeros(len(t_ms), np.bool_)
    order = np.argsort(scans.start_ms, kind="stable")
    # A time lies in the union of intervals exactly if the latest end among those
    # that began by then is not before it.
    latest_end = np.maximum.accumulate(scans.end_ms[order])
    begun = np.searchsorted(scans.start_ms[order], t_ms, side="right")
    return np.asarray((begun > 0) & (latest_end[begun - 1] >= t_ms))


def select_scans(scans: Scans, chosen: NDArray[np.bool_]) -> Scans:
    """Return the chosen scans, in order."""
    return Scans(*(column[chosen] for column in scans))
