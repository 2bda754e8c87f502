import numpy as np

from proximity.matching.clock import rolled_back_scans, select_scans, within_scans
from proximity.protocol.sighting import Scans

NOW_MS = 10_000_000_000


def scans(*starts_ms, length_ms=4_000):
    start_ms = np.array(starts_ms, np.int64)
    return Scans(start_ms, start_ms + length_ms, np.full(len(start_ms), -1, np.int64))


def test_scans_in_order_are_believed():
    assert not rolled_back_scans(scans(0, 300_000, 600_000), NOW_MS).any()


def test_a_scan_before_the_latest_earlier_one_was_made_with_a_clock_set_back():
    # Of 3,600,000: back to 0, forward, up to it, beyond it.
    found = rolled_back_scans(
        scans(3_600_000, 0, 300_000, 3_600_000, 3_900_000), NOW_MS
    )

    assert found.tolist() == [False, True, True, False, False]


def test_one_minute_back_is_a_correction_of_the_clock():
    found = rolled_back_scans(scans(100_000, 40_000, 39_999), NOW_MS)

    assert found.tolist() == [False, False, True]


def test_a_clock_that_once_ran_ahead_does_not_taint_the_rest():
    found = rolled_back_scans(scans(NOW_MS + 1, 100_000, 400_000), NOW_MS)

    assert not found.any()


def test_no_scans_are_never_set_back():
    assert rolled_back_scans(scans(), NOW_MS).tolist() == []


def test_both_ends_of_a_scan_lie_within_it():
    times = np.array([999, 1_000, 5_000, 5_001])

    assert within_scans(times, scans(1_000)).tolist() == [False, True, True, False]


def test_a_long_scan_holds_what_comes_after_a_short_one_inside_it():
    start_ms = np.array([0, 100], np.int64)
    nested = Scans(start_ms, np.array([1_000, 200], np.int64), start_ms)

    assert within_scans(np.array([150, 500, 1_001]), nested).tolist() == [
        True,
        True,
        False,
    ]


def test_nothing_lies_within_no_scans():
    assert within_scans(np.array([5]), scans()).tolist() == [False]


def test_scans_are_chosen_in_order():
    chosen = select_scans(scans(1, 2, 3), np.array([True, False, True]))

    assert chosen.start_ms.tolist() == [1, 3]
    assert chosen.end_ms.tolist() == [4_001, 4_003]
