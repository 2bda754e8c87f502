"""Windows of hand-made sightings; the arithmetic is beside the numbers."""

import numpy as np
import pytest

from proximity.matching.admission import Evidence
from proximity.matching.duration import MatchedKey, exposure_windows
from proximity.matching.exposure_window import Infectiousness
from proximity.matching.listening import listening
from proximity.matching.policy import DEFAULT_POLICY
from proximity.protocol.diagnosis_key import ReportType
from proximity.protocol.gaen import CalibrationConfidence
from proximity.protocol.sighting import Scans

DAY = 20_000
T_MS = DAY * 86_400_000 + 72_000_000  # 20:00 UTC
KEY = MatchedKey(3, ReportType.SELF_REPORT, Infectiousness.STANDARD, 5)
TX_POWER_DBM = -10


def scans_of(starts_s, length_s):
    start_ms = T_MS + np.array([round(s * 1_000) for s in starts_s], np.int64)
    return Scans(start_ms, start_ms + round(length_s * 1_000), start_ms)


def windows_of(sightings, scans_s=(), length_s=4, others_s=()):
    """Return the windows of (seconds after 20:00, attenuation) and scan starts."""
    t_ms = T_MS + np.array([round(t * 1_000) for t, _ in sightings], np.int64)
    others_ms = T_MS + np.array([round(t * 1_000) for t in others_s], np.int64)
    n = len(sightings)
    evidence = Evidence(
        t_ms,
        TX_POWER_DBM - np.array([lost for _, lost in sightings], np.int64),
        np.full(n, TX_POWER_DBM, np.int64),
        np.full(n, CalibrationConfidence.LOW, np.int64),
    )
    heard = listening(
        np.concatenate([t_ms, others_ms]),
        scans_of(scans_s, length_s),
        DEFAULT_POLICY.scan_gap_s,
    )
    return exposure_windows(KEY, evidence, heard, DEFAULT_POLICY)


def numbers(window):
    """Return (seconds after 20:00, min, typical, seconds since) of each scan."""
    return [
        (
            scan.t_s - T_MS // 1_000,
            scan.min_attenuation_db,
            scan.typical_attenuation_db,
            scan.seconds_since_last_scan,
        )
        for scan in window.scans
    ]


def test_a_window_tells_what_its_key_tells():
    (window,) = windows_of([(1, 50)], [0])

    assert (window.day, window.key_index) == (DAY, 3)
    assert window.report_type is ReportType.SELF_REPORT
    assert window.infectiousness is Infectiousness.STANDARD
    assert window.transmission_risk == 5
    assert window.calibration_confidence is CalibrationConfidence.LOW
    assert window.tx_power_dbm == TX_POWER_DBM
    assert window.series == (((T_MS + 1_000) / 1_000, TX_POWER_DBM - 50),)


@pytest.mark.parametrize(
    ("attenuations", "typical"),
    [([50, 51], 51), ([50, 50, 51], 50), ([50, 51, 51], 51), ([0], 0)],
)
def test_typical_attenuation_is_the_mean_rounded_half_up(attenuations, typical):
    # 101/2 = 50.5 -> 51; 151/3 = 50.33 -> 50; 152/3 = 50.67 -> 51.
    sightings = [(0.1 * i, a) for i, a in enumerate(attenuations)]
    (window,) = windows_of(sightings, [0])

    assert numbers(window) == [(0, min(attenuations), typical, 120)]


def test_seconds_since_the_last_scan_are_the_difference_of_whole_minutes():
    # 20:00:59 -> minute 0, 20:01:01 -> minute 1, 20:06:00 -> minute 6, 20:14:00.
    sightings = [(59, 50), (66, 50), (360, 50), (840, 50)]
    (window,) = windows_of(sightings, [58, 66, 360, 840], 1)

    assert [row[3] for row in numbers(window)] == [120, 60, 300, 300]


def test_two_scans_of_one_minute_are_zero_seconds_apart():
    (window,) = windows_of([(0, 50), (30, 50)], [0, 30])

    assert [row[3] for row in numbers(window)] == [120, 0]


def test_a_scan_that_heard_nothing_of_the_key_still_is_the_last_scan():
    # Scans each 150 s; the key is heard in the first and the fourth:
    # minute 7 (450 s) minus minute 5 (300 s).
    (window,) = windows_of([(1, 50), (451, 50)], [0, 150, 300, 450])

    assert numbers(window) == [(0, 50, 50, 120), (450, 50, 50, 120)]


def test_a_scan_begins_the_next_window_thirty_minutes_after_the_first():
    just_before = windows_of([(1, 50), (1_800, 50)], [0, 1_799.999])
    at_the_limit = windows_of([(1, 50), (1_801, 50)], [0, 1_800])

    assert [len(window.scans) for window in just_before] == [2]
    assert [len(window.scans) for window in at_the_limit] == [1, 1]


def test_a_recorded_scan_is_never_divided():
    # 210 s from 20:29:00: all of it belongs to the window of 20:00.
    sightings = [(1, 50), (1_741, 51), (1_940, 60)]
    (window,) = windows_of(sightings, [0, 1_740], 210)

    # (51 + 60) / 2 = 55.5 -> 56.
    assert numbers(window) == [(0, 50, 50, 120), (1_740, 51, 56, 300)]


def test_windows_count_from_their_own_start():
    scans_s = [0, 900, 1_900, 3_600]
    windows = windows_of([(s + 1, 50) for s in scans_s], scans_s)

    # 1,900 s opens the second window, which lasts until 3,700 s.
    assert [[row[0] for row in numbers(window)] for window in windows] == [
        [0, 900],
        [1_900, 3_600],
    ]


def test_a_window_that_begins_before_midnight_is_of_that_day():
    # Scans at 23:50 and 00:10: one window, of the day on which it began.
    (window,) = windows_of([(13_801, 50), (15_001, 50)], [13_800, 15_000])

    assert window.day == DAY
    assert len(window.scans) == 2


def test_without_recorded_scans_gaps_divide_instances():
    # 0, 25.5 | 51.1 (25.6 later): (50 + 52)/2 = 51. Both in minute 0.
    (window,) = windows_of([(0, 50), (25.5, 52), (51.1, 60)])

    assert numbers(window) == [(0, 50, 51, 120), (51, 60, 60, 0)]


def test_an_implied_scan_of_others_is_the_last_scan():
    # Others are heard at 20:00 and 20:03, the key at 20:05.
    (window,) = windows_of([(300, 50)], others_s=[0, 180])

    assert numbers(window) == [(300, 50, 50, 120)]
    assert numbers(windows_of([(300, 50)], others_s=[0])[0])[0][3] == 300


def test_hearing_others_keeps_an_implied_scan_going():
    # 40 s between sightings of the key, 20 s between those of anybody.
    (window,) = windows_of([(0, 50), (40, 52)], others_s=[20])

    assert numbers(window) == [(0, 50, 51, 120)]


def test_an_implied_scan_without_end_begins_anew_with_each_window():
    # One sighting every 20 s for 40 minutes: windows of 90 and 30 sightings. The
    # second begins at 20:30, its last scan is the one that began at 20:00.
    windows = windows_of([(20 * i, 50) for i in range(120)])

    assert [numbers(window) for window in windows] == [
        [(0, 50, 50, 120)],
        [(1_800, 50, 50, 300)],
    ]
    assert [len(window.series) for window in windows] == [90, 30]


def test_the_order_of_sightings_does_not_matter():
    sightings = [(1, 50), (2, 53), (301, 60), (1_802, 70)]
    scans_s = [0, 300, 1_800]

    assert windows_of(sightings[::-1], scans_s) == windows_of(sightings, scans_s)


def test_no_sightings_make_no_windows():
    assert windows_of([], [0]) == []
