"""Small recordings with known distances."""

import numpy as np
import pytest

from proximity.research.datasets.signals import (
    Collection,
    Device,
    Placement,
    Segment,
    Sightings,
    rows_of,
)

START_MS = 1_773_136_800_000


@pytest.fixture(scope="session")
def recorded():
    """Return a maker of collections from rows (t_s, receiver, sender, rssi, metres)."""

    def make(rows, models=("A", "B", "C"), **more):
        columns = [np.array(c, float) for c in zip(*rows, strict=True)]
        t_s, receiver, sender, rssi, metres = columns
        heard = Sightings(
            START_MS + t_s * 1_000, rssi, receiver, sender, np.full(len(t_s), -20.0)
        )
        found = rows_of(heard, distance_m=metres)
        devices = tuple(Device(str(i), model) for i, model in enumerate(models))
        known = {"calibrated_power": True, **more}
        return Collection("lunch", devices, found.sightings, found.distance_m, **known)

    return make


@pytest.fixture(scope="session")
def grid():
    """Return a maker of a grid: a run of 90 s at each distance, 10 dB a doubling."""

    def make(distances=(1.0, 2.0, 4.0), carriage="bag", level_db=60.0):
        rows, segments, of_row = [], [], []
        for run, metres in enumerate(distances):
            start = run * 3_600
            rssi = -level_db - 10 * np.log2(metres)
            rows += [(start + s, 0, 1, rssi, metres) for s in range(0, 90, 3)]
            of_row += [run] * 30
            times = START_MS + start * 1_000, START_MS + (start + 89) * 1_000
            placed = Placement("in hand"), Placement(carriage)
            segments.append(
                Segment(f"run {run}", 0, 1, *times, metres, None, None, *placed)
            )
        columns = [np.array(c, float) for c in zip(*rows, strict=True)]
        heard = Sightings(
            START_MS + columns[0] * 1_000,
            columns[3],
            *columns[1:3],
            np.full(len(rows), np.nan),
        )
        found = rows_of(heard, distance_m=columns[4], segment=np.array(of_row))
        devices = Device("r", "iPhone 8"), Device("s", "iPhone XS")
        return Collection(
            f"grid {carriage}",
            devices,
            found.sightings,
            found.distance_m,
            tuple(segments),
            found.segment,
        )

    return make
