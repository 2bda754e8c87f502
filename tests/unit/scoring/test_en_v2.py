import pytest

from proximity.errors import FormatError
from proximity.matching.exposure_window import Infectiousness, ScanInstance
from proximity.protocol.diagnosis_key import ReportType
from proximity.scoring.canonical import encode_canonical, parse_json
from proximity.scoring.config import built_in, parse_configuration
from proximity.scoring.rule import Level

SCANS = [(55, 300), (55, 300), (67, 300), (75, 300), (76, 300)]
STANDARD = {"infectiousness": Infectiousness.STANDARD}


def changed(**parameters):
    document = parse_json(built_in("en-v2").canonical)
    document["parameters"].update(parameters)
    return parse_configuration(encode_canonical(document)).rule


def only_day(rule, today, *windows):
    (day,) = rule.daily(windows, today)
    return day


@pytest.fixture
def narrow():
    return built_in("en-v2").rule


def test_minutes_are_weighted_by_typical_attenuation(narrow, window, today):
    day = only_day(narrow, today, window(*SCANS))

    # 10 min * 1.75 + 5 min * 1.0 + 5 min * 0.33 + 5 min * 0 = 24.15 min
    assert (day.value, day.unit, day.level) == (24.15, "min", Level.HIGH)
    assert day.minutes == 20.0


def test_standard_infectiousness_weighs_thirty_percent(narrow, window, today):
    day = only_day(narrow, today, window(*SCANS, **STANDARD))

    # 24.15 min * 0.3
    assert (day.value, day.level) == (7.245, Level.LOW)


def test_minimum_attenuation_plays_no_part(narrow, window, today):
    far = window(scans=(ScanInstance(0, 10, 80, 300),))

    assert only_day(narrow, today, far).value == 0.0


def test_windows_of_a_day_are_added(narrow, window, today):
    near = window((60, 300))

    # 5 min each: 5 is low from 5 on, 10 is low, 15 is high from 15 on.
    levels = [only_day(narrow, today, *[near] * n).level for n in (1, 2, 3)]

    assert levels == [Level.LOW, Level.LOW, Level.HIGH]
    assert only_day(narrow, today, window((60, 299))).level is Level.NONE


def test_key_without_infectiousness_or_revoked_does_not_count(narrow, window, today):
    none = window(*SCANS, infectiousness=Infectiousness.NONE)
    revoked = window(*SCANS, report_type=ReportType.REVOKED)

    assert only_day(narrow, today, none, revoked).level is Level.NONE


def test_report_type_weights_multiply(window, today):
    rule = changed(report_type_weights=[1, 0.5, 0.2, 0])

    values = [
        only_day(rule, today, window((60, 600), report_type=report_type)).value
        for report_type in (1, 2, 3, 4)
    ]

    assert values == [10.0, 5.0, 2.0, 0.0]


def test_window_below_the_minimum_is_dropped(window, today):
    rule = changed(minimum_window_minutes=6)

    # 5 min and 6 min
    assert only_day(rule, today, window((60, 300)), window((60, 360))).value == 6.0


def test_a_limit_names_the_bucket_below_it(narrow):
    assert [tuple(b) for b in narrow.formula.buckets] == [
        ("<= 55 dB", 1.75),
        ("<= 67 dB", 1.0),
        ("<= 75 dB", 0.33),
        ("> 75 dB", 0.0),
    ]


def test_weight_beyond_the_platforms_bound_is_refused():
    with pytest.raises(FormatError, match=r"attenuation_weights\[0\] is not within"):
        changed(attenuation_weights=[2.6, 1, 1, 0])
