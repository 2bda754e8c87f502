"""Recorded scenarios become worlds."""

import pytest

from proximity.errors import FormatError
from proximity.research.datasets.dp3t import (
    EXPERIMENT,
    find_scenarios,
    load_scenario,
    recorded_world,
)

# 2020-04-17 05:56:47.4 UTC, as the cameras and as the phones put it.
T_MS = 1_587_103_007_400


def camera_times(minutes):
    """One frame every twelve seconds."""
    seconds = range(0, minutes * 60, 12)
    return [f"2020-04-17 08:{s // 60:02d}:{s % 60:02d}.0" for s in seconds]


@pytest.fixture
def scenario(write_table, write_tracks, tmp_path):
    """1 and 2 sit side by side; 3 sits far away, with a phone that only sends."""
    times = camera_times(20)
    eight = T_MS + 192_600
    still = {
        "1": [[0, 0, 0]] * len(times),
        "2": [[1, 0, 0]] * len(times),
        "3": [[9, 0, 0]] * len(times),
        "4": [[5, 5, 0]] * len(times),
    }
    write_tracks({"datetime": times, **still})
    rows = []
    for minute in range(20):
        t_ms = eight + minute * 60_000
        rows += [(1, 2, t_ms, -70, -20, 1.0), (2, 1, t_ms + 7, -72, -21, 1.0)]
        rows += [(1, 3, t_ms + 9, -90, -20, 9.0), (17, 1, t_ms, -60, -21, None)]
    write_table(rows)
    (found,) = find_scenarios(tmp_path)
    return load_scenario(found)


def test_scenarios_without_camera_tracks_are_left_out(
    write_table, write_tracks, tmp_path
):
    write_table([], name="scenario02-train.sqlite.xz")
    write_table([], name="scenario06-walls.sqlite.xz")
    write_tracks({"datetime": []}, name="2_cff_part2.json.xz")
    write_tracks({"datetime": []}, name="2_cff_part1.json.xz")

    (found,) = find_scenarios(tmp_path)

    assert found.name == "train"
    assert [part.name for part in found.tracks] == [
        "2_cff_part1.json.xz",
        "2_cff_part2.json.xz",
    ]


def test_the_repository_may_be_named_instead_of_its_experiment(
    write_table, write_tracks, tmp_path
):
    write_table([])
    write_tracks({"datetime": []})
    inside = tmp_path / "repository" / EXPERIMENT
    inside.mkdir(parents=True)
    for name in ("scenario01-lunch.sqlite.xz", "ground_truth"):
        (tmp_path / name).rename(inside / name)

    assert find_scenarios(tmp_path / "repository")[0].table.parent == inside


def test_a_folder_without_scenarios_is_named_as_such(tmp_path):
    with pytest.raises(FormatError, match="no scenario") as caught:
        find_scenarios(tmp_path / "missing")

    assert EXPERIMENT in caught.value.hint


def test_only_people_with_a_track_and_a_phone_are_in_the_world(scenario):
    # Nobody filmed phone 17; phone 4 neither sent nor heard.
    assert recorded_world(scenario).phones == ("1", "2", "3")


def test_a_phone_that_only_sends_hears_nothing_but_is_heard(scenario):
    world = recorded_world(scenario)

    assert len(world.receptions[2].t_ms) == 0
    assert (world.receptions[0].transmitter == 2).sum() == 20


def test_the_log_is_cut_into_scans_of_the_asked_length(scenario):
    world = recorded_world(scenario)

    assert len(world.scans[0].start_ms) == 6
    assert len(recorded_world(scenario, scan_s=60).scans[0].start_ms) == 20


def test_truth_is_what_the_cameras_saw(scenario):
    assert recorded_world(scenario).truth_min == {
        (0, 1): 20.0,
        (0, 2): 0.0,
        (1, 2): 0.0,
    }


def test_everything_heard_lies_in_a_scan(scenario):
    world = recorded_world(scenario)
    for receptions, scans in zip(world.receptions, world.scans, strict=True):
        assert all(
            any(a <= t <= b for a, b in zip(scans.start_ms, scans.end_ms, strict=True))
            for t in receptions.t_ms
        )
