"""What of a recording has a known distance, look by look."""

from dataclasses import replace

import numpy as np
import pytest

from proximity.research.datasets.signals import NO_SEGMENT
from proximity.research.fitting.labelled import NEAREST_M, all_labelled, labelled
from proximity.research.world import Tracks

ROWS = [
    (0, 0, 1, -70, 1.0),
    (10, 0, 1, -74, 10.0),
    (12, 1, 0, -72, 10.0),
    (40, 2, 0, -80, 100.0),
]


def test_a_pair_is_one_encounter_and_truth_is_the_mean_of_its_logarithm(recorded):
    found = labelled(recorded(ROWS))

    assert list(zip(found.first, found.second, strict=True)) == [(0, 1), (0, 2)]
    assert found.looks.encounter.tolist() == [0, 0, 1]
    assert found.looks.forward.tolist() == [False, True, False]
    assert found.looks.attenuation_db.tolist() == [52.0, 52.0, 60.0]
    assert found.log10_m.tolist() == pytest.approx([1.0, 0.5, 2.0])
    assert found.models == ("A", "B", "C")


def test_a_power_that_is_not_calibrated_is_not_believed(recorded):
    found = labelled(recorded(ROWS, calibrated_power=False))

    assert found.looks.attenuation_db.tolist() == [72.0, 72.0, 80.0]


def test_what_was_not_measured_or_has_no_distance_is_left_out(recorded):
    rows = [*ROWS[:1], (60, 0, 1, np.nan, 1.0), (90, 0, 1, -70, np.nan)]

    assert len(labelled(recorded(rows)).log10_m) == 1


def test_where_no_distance_is_known_there_is_nothing_to_fit(recorded):
    unknown = recorded([(0, 0, 1, -70, np.nan)])

    assert labelled(unknown) is None
    assert all_labelled([unknown, recorded(ROWS), unknown])[0].name == "lunch"
    assert all_labelled([unknown]) == []


def test_nobody_is_nearer_than_a_hand(recorded):
    found = labelled(recorded([(0, 0, 1, -40, 0.0)]))

    assert found.log10_m.tolist() == pytest.approx([np.log10(NEAREST_M)])


def test_a_phone_that_was_in_no_look_tells_nothing_of_its_model(recorded):
    assert labelled(recorded(ROWS[:3])).models == ("A", "B", "")


def test_a_device_that_hears_itself_met_nobody(recorded):
    found = labelled(recorded([*ROWS, (50, 1, 1, -30, 0.0)]))

    assert found.looks.encounter.tolist() == [0, 0, 1]


def test_cameras_tell_more_than_what_packets_state(recorded):
    base = recorded(ROWS)
    t_ms = base.sightings.t_ms[0] + np.arange(0, 30_000, 1_000)
    x_m = np.array([0.0, 5.0, 50.0])[:, None] * np.ones(len(t_ms))
    filmed = replace(base, tracks=Tracks(t_ms, x_m, x_m * 0))
    found = labelled(filmed)

    # The third phone was heard within half a minute of the last picture.
    assert found.log10_m.tolist() == pytest.approx([*[np.log10(5)] * 2, np.log10(50)])
    late = replace(
        filmed, sightings=base.sightings._replace(t_ms=base.sightings.t_ms + 120_000)
    )
    assert labelled(late) is None


def test_a_run_of_a_grid_is_an_encounter_with_its_carriages(grid):
    found = labelled(grid())

    assert found.first.tolist() == [0, 0, 0]
    assert found.second.tolist() == [1, 1, 1]
    assert found.carriages == ("in hand", "bag")
    assert set(found.looks.encounter.tolist()) == {0, 1, 2}
    assert found.looks.forward.all()
    assert np.unique(found.log10_m).tolist() == pytest.approx(
        [0, np.log10(2), np.log10(4)]
    )


def test_between_runs_nothing_is_known(grid):
    base = grid()
    between = base.segment.copy()
    between[30:] = NO_SEGMENT
    found = labelled(replace(base, segment=between))

    assert set(found.looks.encounter.tolist()) == {0}


def test_a_segment_without_a_distance_is_left_out(grid):
    base = grid()
    first, *rest = base.segments
    found = labelled(replace(base, segments=(replace(first, distance_m=None), *rest)))

    assert set(found.looks.encounter.tolist()) == {1, 2}
