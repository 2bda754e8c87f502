"""Small campaigns whose every figure can be worked out by hand."""

import numpy as np
import pytest

from proximity.research.datasets.signals import (
    Collection,
    Dataset,
    Device,
    Segment,
    Sightings,
    clean,
    rows_of,
)
from proximity.research.evaluation.scorer import Answers, Ask, Calibrates, Case, Unit
from proximity.research.world import Tracks

# Tuesday, 10 March 2026, 10:00 UTC.
START_MS = 1_773_136_800_000


def sightings_of(rows):
    """Return cleaned rows of (t_s, receiver, sender, rssi, distance, segment)."""
    columns = list(zip(*rows, strict=True)) if rows else [[]] * 6
    t_s, receiver, sender, rssi, distance, segment = (
        np.array(c, float) for c in columns
    )
    heard = Sightings(
        START_MS + t_s * 1_000, rssi, receiver, sender, np.full(len(t_s), np.nan)
    )
    return clean(rows_of(heard, distance_m=distance, segment=segment))


@pytest.fixture
def people():
    """Three people for 20 minutes: 0 and 1 sit at 1 m, 2 sits 9 m away.

    Each hears each other once a minute, 0 and 1 at -60 dBm, 2 at -80 dBm.
    """
    rows = []
    for minute in range(20):
        for receiver in range(3):
            for sender in {0, 1, 2} - {receiver}:
                near = 2 not in (receiver, sender)
                t_s = minute * 60 + receiver + sender / 10
                rssi, metres = (-60, 1.0) if near else (-80, 9.0)
                rows.append((t_s, receiver, sender, rssi, metres, -1))
    found = sightings_of(rows)
    t_ms = START_MS + np.arange(0, 1_200, 4) * 1_000
    place = np.array([0.0, 1.0, 9.5])[:, None] * np.ones(len(t_ms))
    return Collection(
        "lunch",
        tuple(Device(str(i), f"model {i}") for i in range(3)),
        found.sightings,
        found.distance_m,
        tracks=Tracks(t_ms, place, place * 0),
        calibrated_power=True,
    )


TWO_NEAR_TWO_FAR = ((0.9, -60), (1.8288, -62), (2.4, -70), (4.572, -72))


def grid_collection(name, offset_db, runs=TWO_NEAR_TWO_FAR):
    """Return runs of 90 s, one sighting a second."""
    rows, segments = [], []
    for run, (metres, rssi) in enumerate(runs):
        start = run * 3_600
        rows += [(start + s, 0, 1, rssi + offset_db, metres, run) for s in range(0, 90)]
        span = START_MS + start * 1_000, START_MS + (start + 89) * 1_000
        segments.append(Segment(f"run {run}", 0, 1, *span, metres))
    found = sightings_of(rows)
    devices = (Device("receiver", "iPhone 8"), Device("sender", "iPhone XS"))
    return Collection(
        name,
        devices,
        found.sightings,
        found.distance_m,
        tuple(segments),
        found.segment,
    )


@pytest.fixture
def grid():
    """Two collections, the second 20 dB weaker throughout."""
    return Dataset("grid", (grid_collection("hand", 0), grid_collection("pocket", -20)))


@pytest.fixture
def many():
    """Three collections of 20 runs, every run of a strength of its own."""

    def runs(number):
        return [(0.9 if i % 2 else 4.0, -40 - 3 * i - number) for i in range(20)]

    names = ("hand", "pocket", "bag")
    return Dataset(
        "many",
        tuple(grid_collection(name, 0, runs(i)) for i, name in enumerate(names)),
    )


@pytest.fixture
def case():
    """A case of one link of two devices: (t_s, receiver, rssi) rows."""

    def make(rows, *, unit=Unit.PAIR, seconds=1_200):
        found = sightings_of([(t, r, 1 - r, rssi, np.nan, -1) for t, r, rssi in rows])
        end = START_MS + seconds * 1_000
        spans = np.array([[START_MS, end]])
        return Case(
            unit,
            (Device("device 0"), Device("device 1")),
            found.sightings,
            (spans, spans),
            (Ask(0, 1, START_MS, end),),
            calibrated_power=True,
        )

    return make


class Constant:
    """Says the same of everything."""

    name = "constant"
    calibrates = Calibrates.IF_POSSIBLE

    def __init__(self, score=0.5, probability=None, minutes=None):
        self.value = score, probability, minutes
        self.asked = []

    def threshold(self, unit):
        """Decide at one half."""
        return 0.5

    def answer(self, cases):
        """Repeat."""
        self.asked += cases
        n = sum(len(case.asks) for case in cases)
        columns = (None if v is None else np.full(n, float(v)) for v in self.value)
        return Answers(*columns)


@pytest.fixture
def constant():
    return Constant
