"""Fits against a campaign drawn from the model, and against the measured ones."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from proximity.ranging.population import Population, default_parameters
from proximity.research.datasets.catalogue import Source, load
from proximity.research.datasets.signals import Collection, Device, Sightings, rows_of
from proximity.research.fitting.population_fit import fit_population

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("PROXIMITY_DATA", ROOT.parent / "shared" / "data"))
SIGNALS = DATA / "signals"
START_MS = 1_773_136_800_000
LOOK_MS = 30_000
LOOKS = 160
PEOPLE = 8
PLACES = 16
# The truth of the drawn campaign, in the terms of `Population`.
LEVEL_DB, SLOPE_DB = 62.0, 18.0
SEND_SD, HEAR_SD, LINK_SD, PLACE_SD = 3.0, 4.0, 2.5, 4.0
SLOW_SD, FAST_SD, MEMORY_S = 3.0, 2.0, 120.0
MEAN_LOG10, PLACE_LOG10, DEVICE_LOG10, PAIR_LOG10 = 0.3, 0.15, 0.1, 0.2
MOTION_SD = 0.12
MODELS = {"A": (4.0, -3.0), "B": (-4.0, 0.0), "C": (0.0, 3.0)}


def process(sd, generator):
    """Return a process that forgets, a value for each look."""
    kept = np.exp(-LOOK_MS / 1_000 / MEMORY_S)
    value = np.empty(LOOKS)
    value[0] = generator.normal()
    for i in range(1, LOOKS):
        value[i] = kept * value[i - 1] + np.sqrt(1 - kept**2) * generator.normal()
    return sd * value


def place_of(number, generator):
    """Return a meal of people who sit somewhere, each heard in each look."""
    names = [("A", "B", "C")[i % 3] for i in range(PEOPLE)]
    table = np.array([MODELS[name] for name in names])
    send = table[:, 0] + SEND_SD * generator.normal(size=PEOPLE)
    hear = table[:, 1] + HEAR_SD * generator.normal(size=PEOPLE)
    habit = DEVICE_LOG10 * generator.normal(size=PEOPLE)
    room, spread = PLACE_SD * generator.normal(), PLACE_LOG10 * generator.normal()
    rows = []
    for a in range(PEOPLE):
        for b in range(a + 1, PEOPLE):
            mean = MEAN_LOG10 + spread + habit[a] + habit[b]
            mean += PAIR_LOG10 * generator.normal()
            log10_m = mean + process(MOTION_SD, generator)
            shared = LEVEL_DB + room + LINK_SD * generator.normal() + SLOPE_DB * log10_m
            for receiver, sender in ((a, b), (b, a)):
                level_db = shared + send[sender] + hear[receiver]
                level_db = level_db + process(SLOW_SD, generator)
                level_db = level_db + FAST_SD * generator.normal(size=LOOKS)
                t_ms = START_MS + np.arange(LOOKS) * LOOK_MS + 100 * receiver + sender
                ends = np.full((2, LOOKS), [[receiver], [sender]])
                rows.append((t_ms, -20 - level_db, *ends, 10**log10_m))
    t_ms, rssi, receiver, sender, metres = (
        np.concatenate(column) for column in zip(*rows, strict=True)
    )
    order = np.argsort(t_ms, kind="stable")
    heard = Sightings(t_ms, rssi, receiver, sender, np.full(len(t_ms), -20.0))
    heard = Sightings._make(column[order] for column in heard)
    found = rows_of(heard, distance_m=metres[order])
    return Collection(
        f"place {number}",
        tuple(Device(f"{number}-{i}", name) for i, name in enumerate(names)),
        found.sightings,
        found.distance_m,
        calibrated_power=True,
    )


@pytest.fixture(scope="module")
def campaign():
    generator = np.random.default_rng(5)
    return [place_of(number, generator) for number in range(PLACES)]


@pytest.fixture(scope="module")
def fitted(campaign):
    return fit_population(campaign)


@pytest.mark.parametrize(
    ("name", "truth", "tolerance"),
    [
        # Two standard errors of a campaign of this size, or more.
        ("level_db", LEVEL_DB, 4.0),
        ("slope_db", SLOPE_DB, 1.0),
        ("known_send_sd", SEND_SD, 0.5),
        ("known_hear_sd", HEAR_SD, 0.6),
        ("link_sd", LINK_SD, 0.4),
        ("fast_sd", FAST_SD, 0.5),
        ("distance_log10", MEAN_LOG10, 0.1),
        ("distance_place_sd", PLACE_LOG10, 0.06),
        ("distance_device_sd", DEVICE_LOG10, 0.03),
        ("distance_pair_sd", PAIR_LOG10, 0.03),
    ],
)
def test_what_a_campaign_was_drawn_from_is_found_again(fitted, name, truth, tolerance):
    assert getattr(fitted, name) == pytest.approx(truth, abs=tolerance)


def test_places_differ_by_less_than_was_drawn(fitted):
    """Few places against a prior that puts little down to them."""
    assert 0.3 * PLACE_SD < fitted.place_sd < 1.1 * PLACE_SD


def test_what_models_lose_is_found_again(fitted):
    """Up to a level that all have in common, which nobody can tell."""
    for side in (0, 1):
        found = np.array([fitted.models[name][side] for name in MODELS])
        truth = np.array([offsets[side] for offsets in MODELS.values()])
        assert np.abs((found - found.mean()) - (truth - truth.mean())).max() < 1.5


def test_what_lasts_is_told_from_what_does_not(fitted):
    """Less than was drawn: what lasts as long as a recording is in its level."""
    assert 0.75 * SLOW_SD < fitted.slow_sd < 1.05 * SLOW_SD
    assert 0.75 * MOTION_SD < fitted.motion_sd < 1.05 * MOTION_SD
    assert 0.5 * MEMORY_S < fitted.memory_s < 1.5 * MEMORY_S


@pytest.mark.skipif(not SIGNALS.is_dir(), reason="PROXIMITY_DATA has no signals")
def test_the_default_is_what_the_documented_command_writes():
    """Of people; up to the last digits, which depend on the machine."""
    source = Source("dp3t", SIGNALS / "dp3t_bt_measurements" / "exp05-epfl-soldiers")
    found = fit_population([c for d in load(source) for c in d.collections])
    default = default_parameters().calibrated

    for name, offset in default.models.items():
        assert tuple(found.models[name]) == pytest.approx(tuple(offset), abs=0.01)
    numbers = replace(found, models={}), replace(default, models={})
    for name in Population.__dataclass_fields__:
        one, other = (getattr(each, name) for each in numbers)
        assert one == pytest.approx(other, rel=2e-3, abs=1e-3)
