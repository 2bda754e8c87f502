"""The DP-3T measurements themselves, where they are on this machine."""

import os
from pathlib import Path

import numpy as np
import pytest

from proximity.research.datasets.dp3t import (
    find_scenarios,
    load_scenario,
    recorded_world,
)
from proximity.research.truth import is_contact
from proximity.research.world import distance_m

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("PROXIMITY_DATA", ROOT.parent / "shared" / "data"))
FOLDER = DATA / "signals" / "dp3t_bt_measurements"

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="PROXIMITY_DATA has no dp3t_bt_measurements"
)


@pytest.fixture(scope="module")
def scenarios():
    return {found.name: load_scenario(found) for found in find_scenarios(FOLDER)}


@pytest.fixture(scope="module")
def worlds(scenarios):
    return {name: recorded_world(scenario) for name, scenario in scenarios.items()}


def test_five_scenarios_have_camera_tracks(worlds):
    people = {name: len(world.phones) for name, world in worlds.items()}

    assert people == {"lunch": 16, "train": 20, "office": 11, "queue": 20, "party": 19}


def test_the_tracks_agree_with_the_distances_of_the_tables(scenarios):
    for scenario in scenarios.values():
        packets, tracks, agree = scenario.packets, scenario.tracks, []
        frame = np.searchsorted(tracks.t_ms, packets.t_ms + 100, side="right") - 1
        filmed = (frame >= 0) & (packets.t_ms <= tracks.t_ms[-1] + 100)
        for i, a in enumerate(scenario.phones):
            for j, b in enumerate(scenario.phones[:i]):
                mine = filmed & (packets.receiver == a) & (packets.transmitter == b)
                seen = distance_m(tracks, i, j)[frame[mine]]
                stated = packets.table_distance_m[mine]
                both = np.isfinite(seen) & np.isfinite(stated)
                agree.append(np.abs(seen[both] - stated[both]) < 1e-6)
        # The rest are times halfway between two frames, rounded the other way.
        assert np.mean(np.concatenate(agree)) > 0.998


def test_pairs_and_contacts_are_those_of_the_documentation(worlds):
    counts = {
        name: (len(world.truth_min), sum(map(is_contact, world.truth_min.values())))
        for name, world in worlds.items()
    }

    assert counts == {
        "lunch": (91, 17),
        "train": (190, 56),
        "office": (55, 8),
        "queue": (61, 2),
        "party": (171, 50),
    }


def test_phone_3_of_the_queue_only_sends(worlds):
    queue = worlds["queue"]
    silent = queue.phones.index("3")

    assert len(queue.receptions[silent].t_ms) == 0
    assert any(np.any(r.transmitter == silent) for r in queue.receptions)


def test_scans_cover_what_was_heard(worlds):
    for world in worlds.values():
        for receptions, scans in zip(world.receptions, world.scans, strict=True):
            scan = np.searchsorted(scans.start_ms, receptions.t_ms, side="right") - 1
            assert np.all(scan >= 0)
            assert np.all(receptions.t_ms <= scans.end_ms[scan])
            assert np.all(scans.end_ms - scans.start_ms < 210_000)


def test_senders_state_the_lowest_power(worlds):
    for world in worlds.values():
        for receptions in world.receptions:
            assert set(receptions.tx_power_dbm.tolist()) <= {-20, -21}
