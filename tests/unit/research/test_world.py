"""Worlds: spans of activity, scans cut from them, distances."""

import numpy as np
import pytest

from proximity.research.world import Tracks, active_spans, cut_scans, distance_m


def minutes(*values):
    return np.array([round(value * 60_000) for value in values], np.int64)


def test_a_log_without_long_silence_is_one_span():
    spans = active_spans(minutes(4, 0, 9, 5))

    assert spans.tolist() == minutes(0, 9)[None].tolist()


def test_five_minutes_of_silence_are_not_yet_an_absence():
    assert len(active_spans(minutes(0, 5))) == 1


def test_a_longer_silence_splits_the_log():
    spans = active_spans(minutes(0, 1, 6.5, 8))

    assert spans.tolist() == [minutes(0, 1).tolist(), minutes(6.5, 8).tolist()]


def test_a_phone_that_neither_sent_nor_heard_was_never_active():
    assert active_spans(minutes()).shape == (0, 2)


def test_scans_follow_each_other_without_gap_or_overlap():
    scans = cut_scans(np.array([[1_000, 500_999]], np.int64), scan_s=210)

    assert scans.start_ms.tolist() == [1_000, 211_000, 421_000]
    assert scans.end_ms.tolist() == [210_999, 420_999, 500_999]
    assert scans.monotonic_ms.tolist() == [0, 210_000, 420_000]


def test_the_last_sighting_of_a_span_lies_in_a_scan():
    scans = cut_scans(np.array([[0, 420_000]], np.int64), scan_s=210)

    assert scans.start_ms.tolist() == [0, 210_000, 420_000]
    assert scans.end_ms.tolist()[-1] == 420_000


def test_each_span_starts_its_own_scans():
    scans = cut_scans(np.array([[0, 99], [600_000, 600_500]], np.int64), scan_s=210)

    assert scans.start_ms.tolist() == [0, 600_000]


def test_no_span_gives_no_scan():
    assert len(cut_scans(np.zeros((0, 2), np.int64)).start_ms) == 0


def test_a_scan_lasts_more_than_nothing():
    with pytest.raises(ValueError, match="more than 0 s"):
        cut_scans(np.zeros((0, 2), np.int64), scan_s=0)


def test_distance_is_unknown_while_one_of_the_two_is_out_of_sight():
    tracks = Tracks(
        np.arange(2, dtype=np.int64),
        np.array([[0.0, 0.0], [3.0, np.nan]]),
        np.array([[0.0, 0.0], [4.0, np.nan]]),
    )

    apart = distance_m(tracks, 0, 1)

    assert apart[0] == 5
    assert np.isnan(apart[1])
