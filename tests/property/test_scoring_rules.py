"""What holds for every rule and any exposure windows."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proximity.matching.exposure_window import (
    ExposureWindow,
    Infectiousness,
    ScanInstance,
)
from proximity.protocol.diagnosis_key import ReportType
from proximity.protocol.gaen import CalibrationConfidence
from proximity.scoring.config import BUILT_IN, built_in
from proximity.scoring.decision import ChangeKind, change, decide

TODAY = 18_700
RULES = {name: built_in(name) for name in BUILT_IN}

scans = st.builds(
    ScanInstance,
    t_s=st.integers(0, 3_000),
    min_attenuation_db=st.integers(0, 120),
    typical_attenuation_db=st.integers(0, 120),
    seconds_since_last_scan=st.integers(-60, 300),
)
windows = st.builds(
    ExposureWindow,
    day=st.integers(TODAY - 16, TODAY + 1),
    key_index=st.integers(0, 3),
    report_type=st.sampled_from(ReportType),
    infectiousness=st.sampled_from(Infectiousness),
    calibration_confidence=st.sampled_from(CalibrationConfidence),
    transmission_risk=st.integers(0, 8),
    tx_power_dbm=st.integers(-50, 20),
    scans=st.lists(scans, max_size=5).map(tuple),
    series=st.just(()),
)
people = st.lists(windows, max_size=6)


def longer(window, extra_s):
    """Lengthen every scan of a window."""
    return ExposureWindow(
        day=window.day,
        key_index=window.key_index,
        report_type=window.report_type,
        infectiousness=window.infectiousness,
        calibration_confidence=window.calibration_confidence,
        transmission_risk=window.transmission_risk,
        tx_power_dbm=window.tx_power_dbm,
        scans=tuple(
            ScanInstance(
                scan.t_s,
                scan.min_attenuation_db,
                scan.typical_attenuation_db,
                scan.seconds_since_last_scan + extra_s,
            )
            for scan in window.scans
        ),
        series=(),
    )


@pytest.mark.parametrize("name", RULES)
@given(data=st.data())
@settings(derandomize=True, deadline=None, max_examples=25)
def test_order_of_windows_does_not_matter(name, data):
    given_windows = data.draw(people)
    shuffled = data.draw(st.permutations(given_windows))
    rule = RULES[name].rule

    assert rule.daily(shuffled, TODAY) == rule.daily(given_windows, TODAY)


@pytest.mark.parametrize("name", RULES)
@given(groups=st.lists(people, max_size=3))
@settings(derandomize=True, deadline=None, max_examples=25)
def test_people_scored_together_get_what_each_gets_alone(name, groups):
    rule = RULES[name].rule

    together = rule.daily_of_many(groups, TODAY)

    assert together == [rule.daily(group, TODAY) for group in groups]


@pytest.mark.parametrize("name", ["cwa-2020-12", "cwa-2021-03", "cwa-2022", "en-v2"])
@given(given_windows=people, extra_s=st.integers(0, 600))
@settings(derandomize=True, deadline=None, max_examples=50)
def test_more_seconds_never_lower_a_day(name, given_windows, extra_s):
    rule = RULES[name].rule

    before = rule.daily(given_windows, TODAY)
    after = rule.daily([longer(w, extra_s) for w in given_windows], TODAY)

    assert [d.day for d in after] == [d.day for d in before]
    assert all(b.value <= a.value for b, a in zip(before, after, strict=True))
    assert all(b.level <= a.level for b, a in zip(before, after, strict=True))


@pytest.mark.parametrize("name", RULES)
@given(given_windows=people)
@settings(derandomize=True, deadline=None, max_examples=25)
def test_same_windows_decide_alike_and_change_nothing(name, given_windows):
    configuration = RULES[name]

    first, second = (
        decide(configuration.rule.daily(given_windows, TODAY), configuration, TODAY)
        for _ in range(2)
    )

    assert first == second
    assert change(first, second).kind is ChangeKind.NONE
    assert first.level == max((d.level for d in first.days), default=0)
