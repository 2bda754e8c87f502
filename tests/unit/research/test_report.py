"""Doses that grow with each scan, and distances for a page."""

import numpy as np
import pytest

from proximity.research.report import accumulate_dose, distance_series, scan_ends
from proximity.research.world import Tracks


def minutes(windows):
    return sum(s.seconds_since_last_scan for w in windows for s in w.scans) / 60


def test_the_dose_grows_with_each_scan(detail):
    dose = accumulate_dose(detail.windows, minutes)

    assert [value for _, value in dose] == [4, 8, 12, 16, 20]
    assert [t for t, _ in dose] == sorted(t for t, _ in dose)


def test_a_scan_ends_with_its_last_sighting(detail):
    ends = scan_ends(detail.windows[0])

    assert ends == [scan.t_s + 2 for scan in detail.windows[0].scans]


def test_without_windows_there_is_no_dose():
    assert accumulate_dose((), minutes) == ()


def test_distances_are_told_where_both_are_in_sight():
    tracks = Tracks(
        np.array([1_000, 1_200], np.int64),
        np.array([[0.0, 0.0], [1.234, np.nan]]),
        np.zeros((2, 2)),
    )

    assert distance_series(tracks, 0, 1) == ((1.0, pytest.approx(1.23)), (1.2, None))
