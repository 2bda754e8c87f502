from dataclasses import replace

import pytest

from proximity.errors import FormatError
from proximity.matching.exposure_window import Infectiousness
from proximity.protocol.diagnosis_key import ReportType
from proximity.protocol.gaen import CalibrationConfidence
from proximity.scoring.canonical import encode_canonical, parse_json
from proximity.scoring.config import built_in, parse_configuration
from proximity.scoring.rule import Level

NEAR = [(48, 240)] * 6
FAR = [(85, 240)] * 6


@pytest.fixture
def rule():
    return built_in("default").rule


@pytest.fixture
def known(window):
    def make(*scans, **changes):
        changes = {"calibration_confidence": CalibrationConfidence.HIGH, **changes}
        return window(*scans, **changes)

    return make


def only_day(rule, today, *windows):
    (day,) = rule.daily(windows, today)
    return day


def test_a_long_time_near_is_told_and_a_long_time_far_is_not(rule, known, today):
    near = only_day(rule, today, known(*NEAR))
    far = only_day(rule, today, known(*FAR))

    assert (near.unit, near.level) == ("percent", Level.HIGH)
    assert (far.level, far.minutes) == (Level.NONE, 0.0)
    assert 0 <= far.value < near.value <= 100
    assert near.minutes == 24.0


def test_less_than_a_quarter_of_an_hour_has_no_probability(rule, known, today):
    day = only_day(rule, today, known(*[(40, 240)] * 3))

    assert (day.value, day.level) == (0.0, Level.NONE)


def test_minutes_of_a_day_come_together(rule, known, today):
    parts = [known(*NEAR[:3]), known(*NEAR[3:], key_index=1)]

    assert only_day(rule, today, *parts).value > 0
    assert only_day(rule, today, parts[0]).value == 0


def test_standard_infectiousness_makes_a_minute_count_less(rule, known, today):
    standard = known(*NEAR, infectiousness=Infectiousness.STANDARD)

    # Six tenths of 24 minutes are less than a quarter of an hour.
    assert only_day(rule, today, standard).value == 0


def test_an_uncalibrated_sender_says_less(rule, known, today):
    sure = only_day(rule, today, known(*NEAR)).value
    lowest = known(*NEAR, calibration_confidence=CalibrationConfidence.LOWEST)
    unsure = only_day(rule, today, lowest).value

    assert unsure < sure


@pytest.mark.parametrize(
    "changes",
    [
        {"infectiousness": Infectiousness.NONE},
        {"report_type": ReportType.REVOKED},
        {"scans": ()},
    ],
)
def test_window_that_cannot_count_has_no_probability(changes, rule, known, today):
    day = only_day(rule, today, known(**{"scans": known(*NEAR).scans, **changes}))

    assert (day.value, day.level) == (0.0, Level.NONE)


def test_the_order_of_windows_does_not_matter(rule, known, today):
    windows = [known(*NEAR), known(*FAR, key_index=1), known(*NEAR, key_index=2)]

    assert rule.daily(windows, today) == rule.daily(windows[::-1], today)


def test_people_do_not_change_each_other(rule, known, today):
    groups = [[known(*NEAR)], [known(*FAR)], [known(*NEAR), known(*FAR, key_index=1)]]

    together = rule.daily_of_many(groups, today)

    assert together == [rule.daily(group, today) for group in groups]


def test_calibrated_and_other_senders_of_a_day_add_up(rule, known, today):
    lowest = {"calibration_confidence": CalibrationConfidence.LOWEST}
    both = [known(*NEAR), known(*NEAR, key_index=1, **lowest)]

    value = only_day(rule, today, *both).value

    assert value >= max(only_day(rule, today, each).value for each in both)


def test_sightings_of_a_window_weigh_its_scans(rule, known, today):
    plain = known((48, 240), (80, 240), (48, 240), (80, 240), (48, 240), (80, 240))
    near = [scan.t_s for scan in plain.scans[::2]]
    series = tuple((t_s + i, -70) for t_s in near for i in range(30))
    heard_more_near = replace(plain, series=series)

    more, less = (
        only_day(rule, today, each).value for each in (heard_more_near, plain)
    )

    assert more > less


def test_other_ranging_parameters_are_refused():
    document = parse_json(built_in("default").canonical)
    document["parameters"]["ranging_parameters"] = "0" * 64

    with pytest.raises(FormatError, match="other ranging parameters"):
        parse_configuration(encode_canonical(document))
