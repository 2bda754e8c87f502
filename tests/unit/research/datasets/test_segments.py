"""The segments form: what is near, what belongs together, what is refused."""

import lzma

import numpy as np
import pytest

from proximity.errors import FormatError
from proximity.research.datasets.segments import load_segments
from proximity.research.datasets.timeline import BREAK_MS

HEADER = (
    "seg_id,run,group,range_ft,dist_m,angle_deg,rx_model,tx_model,rx_location,"
    "tx_location,rx_pose,tx_pose,environment,label_close,start_s,n\n"
)
LINES = (
    "0,log1,pocket,6.0,1.8288,0.0,iPhone 8,iPhone XS,in hand,pocket,standing,sitting,"
    "hall,,0,2\n"
    "1,log1,pocket,6.0,1.8288,45.0,iPhone 8,iPhone XS,in hand,pocket,standing,sitting,"
    "hall,,9,1\n"
    "2,log2,pocket,15.0,4.572,,iPhone 8,iPhone XS,,,,,,,0,1\n"
    "7,log3,purse,,,,iPhone 8,,,,,,,1,0,1\n"
)
SAMPLES = (
    "seg_id,t_s,rssi_dbm,txpower_adv\n"
    "0,0.000,-70,\n0,0.001,-70,\n0,1.0,-71,12\n1,9.5,-72,\n2,0.0,-90,\n7,3.0,-60,\n"
)


@pytest.fixture
def folder(tmp_path):
    def write(lines=LINES, samples=SAMPLES, header=HEADER):
        (tmp_path / "segments.csv").write_text(header + lines)
        packed = lzma.compress(samples.encode(), preset=0)
        (tmp_path / "samples.csv.xz").write_bytes(packed)
        return tmp_path

    return write


def test_each_group_is_a_collection(folder):
    dataset = load_segments(folder())

    assert [each.name for each in dataset.collections] == ["pocket", "purse"]
    assert not dataset.people


def test_a_sample_keeps_its_truth_and_its_metadata(folder):
    pocket = load_segments(folder()).collections[0]
    first = pocket.segments[0]

    # The sample that was logged twice within a millisecond counts once.
    assert pocket.sightings.rssi_dbm.tolist() == [-70, -71, -72, -90]
    assert np.allclose(pocket.distance_m, [1.8288, 1.8288, 1.8288, 4.572])
    assert pocket.segment.tolist() == [0, 0, 1, 2]
    assert (first.distance_m, first.angle_deg) == (1.8288, 0.0)
    assert first.receiver_placement == ("in hand", "standing")
    assert pocket.devices[first.receiver].model == "iPhone 8"
    assert pocket.devices[first.sender].model == "iPhone XS"
    assert pocket.sightings.tx_power_dbm[1] == 12


def test_runs_follow_each_other_on_one_clock(folder):
    pocket = load_segments(folder()).collections[0]

    assert pocket.sightings.t_ms.tolist() == [0, 1_000, 9_500, 9_500 + BREAK_MS]
    assert [(s.start_ms, s.end_ms) for s in pocket.segments] == [
        (0, 1_000),
        (9_500, 9_500),
        (9_500 + BREAK_MS, 9_500 + BREAK_MS),
    ]


def test_a_class_stands_where_no_distance_is_given(folder):
    (segment,) = load_segments(folder()).collections[1].segments

    assert segment.distance_m is None
    assert segment.close is True


def test_feet_stand_in_for_metres(folder):
    lines = "0,log1,a,6.0,,,,,,,,,,,0,1\n"
    dataset = load_segments(folder(lines, "seg_id,t_s,rssi_dbm\n0,0,-70\n"))

    assert dataset.collections[0].segments[0].distance_m == pytest.approx(1.8288)


def test_columns_that_nobody_needs_may_be_missing(folder):
    dataset = load_segments(
        folder("0,1.0,a\n", "seg_id,t_s,rssi_dbm\n0,0,-70\n", "seg_id,dist_m,run\n")
    )

    assert dataset.collections[0].name == "a"


def test_a_segment_without_samples_is_left_out(folder):
    dataset = load_segments(folder(samples="seg_id,t_s,rssi_dbm\n2,0,-90\n"))

    assert [len(each.segments) for each in dataset.collections] == [1]


@pytest.mark.parametrize("unknown", ["", "nan", "NaN"])
def test_a_segment_of_unknown_distance_is_left_out_with_its_samples(folder, unknown):
    known = "0,r,g,,1.0,,,,,,,,,,0,1\n"
    samples = "seg_id,t_s,rssi_dbm,txpower_adv\n0,0,-70,\n1,1,-71,\n1,2,-72,\n"

    (found,) = load_segments(
        folder(f"{known}1,s,g,,{unknown},,,,,,,,,,0,1\n", samples)
    ).collections

    assert [each.run for each in found.segments] == ["r"]
    assert found.sightings.rssi_dbm.tolist() == [-70]


@pytest.mark.parametrize(
    ("lines", "samples", "message"),
    [
        ("x,r,g,,1.0,,,,,,,,,,0,1\n", "0,0,-70,\n", "no number"),
        ("0.5,r,g,,1.0,,,,,,,,,,0,1\n", "0,0,-70,\n", "no seg_id"),
        ("0,r,g,,-1.0,,,,,,,,,,0,1\n", "0,0,-70,\n", "distance that is none"),
        (LINES + LINES, "0,0,-70,\n", "twice"),
        (LINES, "99,0,-70,\n", "not listed"),
        (LINES, ",0,-70,\n", "not listed"),
        (LINES, "0,,-70,\n", "time that is none"),
    ],
)
def test_files_that_do_not_fit_are_refused(folder, lines, samples, message):
    header = "seg_id,t_s,rssi_dbm,txpower_adv\n"

    with pytest.raises(FormatError, match=message):
        load_segments(folder(lines, header + samples))


def test_a_folder_in_another_form_is_refused(tmp_path):
    with pytest.raises(FormatError, match=r"no segments\.csv"):
        load_segments(tmp_path)
