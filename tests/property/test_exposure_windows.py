"""Windows of any sightings: what holds whatever was heard and recorded."""

import json
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from proximity.errors import FormatError
from proximity.matching.admission import Evidence
from proximity.matching.duration import MatchedKey, exposure_windows
from proximity.matching.exposure_window import Infectiousness
from proximity.matching.listening import listening, place
from proximity.matching.policy import DEFAULT_POLICY
from proximity.matching.window_file import decode_windows, encode_windows
from proximity.protocol.diagnosis_key import ReportType
from proximity.protocol.sighting import Scans

T_MS = 20_000 * 86_400_000 + 72_000_000
KEY = MatchedKey(0, ReportType.CONFIRMED_TEST, Infectiousness.HIGH, 0)
GAP_MS = 25_500

times_ms = st.integers(0, 5_000_000).map(lambda t: T_MS + t)
sightings = st.lists(
    st.tuples(times_ms, st.integers(-100, -20), st.sampled_from([-20, -10])),
    max_size=40,
)
scans = st.lists(st.tuples(times_ms, st.integers(0, 300_000)), max_size=12).map(
    lambda rows: Scans(
        np.array([start for start, _ in rows], np.int64),
        np.array([start + length for start, length in rows], np.int64),
        np.full(len(rows), -1, np.int64),
    )
)


def evidence_of(rows):
    t_ms, rssi_dbm, tx_power_dbm = np.array(rows, np.int64).reshape(-1, 3).T
    return Evidence(t_ms, rssi_dbm, tx_power_dbm, np.zeros(len(rows), np.int64))


def windows_of(rows, recorded):
    evidence = evidence_of(rows)
    heard = listening(evidence.t_ms, recorded, DEFAULT_POLICY.scan_gap_s)
    return exposure_windows(KEY, evidence, heard, DEFAULT_POLICY)


def plain_scan_starts(times, recorded):
    """Find the scan of each time, one at a time: the twin of `place`."""
    ends = list(zip(recorded.start_ms.tolist(), recorded.end_ms.tolist(), strict=True))
    starts, before = {}, None
    for t in sorted(set(times)):
        if any(start <= t <= end for start, end in ends):
            starts[t] = max(start for start, _ in ends if start <= t)
            continue
        begins = (
            before is None
            or t - before > GAP_MS
            or any(before < start < t for start, _ in ends)
        )
        starts[t] = t if begins else starts[before]
        before = t
    return [starts[t] for t in times]


@settings(derandomize=True, deadline=None, max_examples=150)
@given(st.lists(times_ms, max_size=30), scans)
def test_scans_are_placed_as_one_by_one(times, recorded):
    t_ms = np.array(times, np.int64)
    heard = listening(t_ms, recorded, DEFAULT_POLICY.scan_gap_s)

    assert place(t_ms, heard).start_ms.tolist() == plain_scan_starts(times, recorded)


@settings(derandomize=True, deadline=None, max_examples=100)
@given(sightings, scans, st.randoms(use_true_random=False))
def test_the_order_of_sightings_does_not_matter(rows, recorded, random):
    shuffled = random.sample(rows, len(rows))

    assert windows_of(shuffled, recorded) == windows_of(rows, recorded)


@settings(derandomize=True, deadline=None, max_examples=150)
@given(sightings, scans)
def test_windows_are_whole_bounded_and_in_order(rows, recorded):
    windows = windows_of(rows, recorded)

    # Each sighting is in one window.
    assert sum(len(window.series) for window in windows) == len(rows)
    for window in windows:
        starts = [scan.t_s for scan in window.scans]
        assert starts == sorted(starts)
        assert starts[-1] - starts[0] <= 1_800
        for scan in window.scans:
            assert 0 <= scan.min_attenuation_db <= scan.typical_attenuation_db
            assert scan.seconds_since_last_scan in (0, 60, 120, 180, 240, 300)
    for earlier, later in pairwise(windows):
        assert later.scans[0].t_s - earlier.scans[0].t_s >= 1_799


@settings(derandomize=True, deadline=None, max_examples=60)
@given(sightings, scans)
def test_windows_are_read_as_written(rows, recorded):
    windows = windows_of(rows, recorded)

    assert decode_windows(json.loads(json.dumps(encode_windows(windows)))) == windows


json_values = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(["windows", "day", "scans", "series", "report_type"]),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=12,
)


@settings(derandomize=True, deadline=None, max_examples=150)
@given(json_values)
def test_any_json_is_read_or_refused(value):
    try:
        decode_windows(value)
    except FormatError:
        return


@settings(derandomize=True, deadline=None, max_examples=150)
@given(json_values, st.data())
def test_a_window_with_any_member_is_read_or_refused(value, data):
    (entry,) = encode_windows(windows_of([(T_MS, -60, -10)], Scans(*np.zeros((3, 0)))))
    place = data.draw(st.sampled_from(sorted(entry)))
    try:
        decode_windows([{**entry, place: value}])
    except FormatError:
        return
