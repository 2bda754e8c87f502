"""A small world that the tests of the demonstration's parts share."""

from collections.abc import Callable, Mapping

import numpy as np
import pytest

from proximity.protocol.sighting import Scans
from proximity.research.truth import pair_truth
from proximity.research.world import Receptions, Tracks, World

# Tuesday, 10 March 2026, 20:00 UTC.
START_MS = (20_522 * 86_400 + 72_000) * 1_000
MINUTES = 30
SCAN_EVERY_MS = 240_000
TX_POWER_DBM = -14
NEAR_DBM = -64
AN, BINH = 0, 1

MakeWorld = Callable[..., World]


@pytest.fixture(scope="session")
def make_world() -> MakeWorld:
    """Return a maker of half an hour: An and Bình at one table, Khoa far away."""
    both_near = {(AN, BINH): NEAR_DBM, (BINH, AN): NEAR_DBM}

    def make(
        heard_dbm: Mapping[tuple[int, int], int] = both_near,
        *,
        people: int = 3,
        binh_at_m: float = 1.0,
        name: str = "table",
    ) -> World:
        """Make a world in which `heard_dbm[listener, sender]` is heard in each scan."""
        start_ms = START_MS + np.arange(0, MINUTES * 60_000, SCAN_EVERY_MS)
        scans = Scans(start_ms, start_ms + 4_000, start_ms - START_MS)
        tracks = _sitting((0.0, binh_at_m, 500.0)[:people])
        spans = np.array([[tracks.t_ms[0], tracks.t_ms[-1]]], np.int64)
        return World(
            name=name,
            phones=("An", "Bình", "Khoa")[:people],
            receptions=tuple(
                _receptions(heard_dbm, listener, start_ms) for listener in range(people)
            ),
            scans=(scans,) * people,
            tracks=tracks,
            truth_min=pair_truth(tracks, [spans] * people),
        )

    return make


def _sitting(x_m: tuple[float, ...]) -> Tracks:
    t_ms = START_MS + np.arange(MINUTES * 6) * 10_000
    at = np.repeat(np.array(x_m)[:, None], len(t_ms), axis=1)
    return Tracks(t_ms, at, np.zeros_like(at))


def _receptions(
    heard_dbm: Mapping[tuple[int, int], int], listener: int, start_ms: np.ndarray
) -> Receptions:
    """Hear every sender once, two seconds into each scan."""
    heard = [
        (sender, t_ms + 2_000, dbm)
        for t_ms in start_ms.tolist()
        for (by, sender), dbm in heard_dbm.items()
        if by == listener
    ]
    sender, t_ms, dbm = np.array(heard, np.int64).reshape(-1, 3).T
    power = np.full(len(heard), TX_POWER_DBM, np.int8)
    return Receptions(sender, t_ms, dbm.astype(np.int8), power)
