import pytest

from proximity.errors import FormatError
from proximity.matching.exposure_window import Infectiousness
from proximity.protocol.diagnosis_key import ReportType
from proximity.scoring.canonical import parse_json
from proximity.scoring.config import built_in
from proximity.scoring.cwa import read_cwa, transmission_risk_level
from proximity.scoring.fields import Fields
from proximity.scoring.rule import Level

STANDARD = {"infectiousness": Infectiousness.STANDARD}


def only_day(name, today, *windows):
    (day,) = built_in(name).rule.daily(windows, today)
    return day


def test_first_rule_weighs_minutes_below_55_and_63_db(window, today):
    day = only_day("cwa-2020-12", today, window((54, 300), (55, 300), (63, 300)))

    # 5 min * 1 + 5 min * 0.5 + 5 min * 0 = 7.5 min; confirmed and high: level 8, 1.6.
    assert (day.value, day.unit, day.level) == (12.0, "min", Level.LOW)
    assert day.minutes == 10.0


def test_fifteen_weighted_minutes_are_high(window, today):
    # Confirmed and standard: level 7, 1.4. 643 s / 60 * 1.4 = 15.0033 min.
    assert only_day("cwa-2020-12", today, window((50, 643), **STANDARD)).level == 2
    # 642 s / 60 * 1.4 = 14.98 min.
    assert only_day("cwa-2020-12", today, window((50, 642), **STANDARD)).level == 1


def test_windows_of_a_day_add_up_to_the_level(window, today):
    # 10 min * 1.0 (clinical and standard: level 5, 1.0), twice.
    clinical = ReportType.CONFIRMED_CLINICAL_DIAGNOSIS
    part = window((50, 600), report_type=clinical, **STANDARD)

    assert only_day("cwa-2020-12", today, part).level is Level.LOW
    assert only_day("cwa-2020-12", today, part, part).value == 20.0
    assert only_day("cwa-2020-12", today, part, part).level is Level.HIGH


def test_window_with_less_than_ten_minutes_below_73_db_is_dropped(window, today):
    kept = window((72, 300), (72, 300))

    assert only_day("cwa-2020-12", today, kept).level is Level.LOW
    assert only_day("cwa-2020-12", today, window((72, 599))).level is Level.NONE
    assert only_day("cwa-2020-12", today, window((73, 3000))).level is Level.NONE


def test_second_rule_weighs_the_middle_distance_most(window, today):
    scans = [(62, 240), (63, 300), (73, 300), (79, 300)]

    high = only_day("cwa-2021-03", today, window(*scans))
    low = only_day("cwa-2021-03", today, window(*scans, **STANDARD))

    # 4 min * 0.8 + 5 min * 1.0 + 5 min * 0.1 + 5 min * 0 = 8.7 min.
    assert high.value == 13.92  # * 1.6
    assert high.level is Level.HIGH
    assert low.value == 12.18  # * 1.4
    assert low.level is Level.LOW


def test_second_rule_alerts_at_thirteen_minutes_exactly(window, today):
    # 780 s at weight 1.0, level 5, 1.0: 13.0 min.
    clinical = {"report_type": ReportType.CONFIRMED_CLINICAL_DIAGNOSIS, **STANDARD}

    assert only_day("cwa-2021-03", today, window((63, 780), **clinical)).level == 2
    assert only_day("cwa-2021-03", today, window((63, 779), **clinical)).level == 1


def test_second_rule_drops_windows_below_five_minutes_and_recursive_keys(window, today):
    assert only_day("cwa-2021-03", today, window((63, 299))).level is Level.NONE
    assert only_day("cwa-2021-03", today, window((79, 900))).level is Level.NONE
    recursive = window((63, 1200), report_type=ReportType.RECURSIVE)
    assert only_day("cwa-2021-03", today, recursive).level is Level.NONE


def test_newest_rule_rounds_a_day_to_one_decimal(window, today):
    # 337 s / 60 * 1.6 = 8.98667 min, rounded 9.0: high.
    day = only_day("cwa-2022", today, window((63, 337)))

    assert (day.value, day.level) == (9.0, Level.HIGH)


@pytest.mark.parametrize("report_type", [ReportType.REVOKED, ReportType.CONFIRMED_TEST])
def test_revoked_or_not_infectious_key_does_not_count(report_type, window, today):
    none = window(
        (50, 1800), report_type=report_type, infectiousness=Infectiousness.NONE
    )

    assert only_day("cwa-2020-12", today, none).level is Level.NONE


def test_transmission_risk_level_comes_from_report_type_and_infectiousness(
    window, today
):
    rule = built_in("cwa-2020-12").rule
    windows = [
        window(report_type=report_type, infectiousness=infectiousness)
        for report_type in (4, 3, 2, 1, 5)
        for infectiousness in (1, 2, 0)
    ]

    levels = transmission_risk_level(rule.columns([windows], today))

    assert levels.reshape(5, 3).tolist() == [
        [1, 2, 0],
        [3, 4, 0],
        [5, 6, 0],
        [7, 8, 0],
        [0, 0, 0],
    ]


def test_a_limit_names_the_bucket_above_it():
    buckets = built_in("cwa-2020-12").rule.formula.buckets

    assert [tuple(b) for b in buckets] == [
        ("< 55 dB", 1.0),
        ("< 63 dB", 0.5),
        (">= 63 dB", 0.0),
    ]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"attenuation_limits_db": [63, 55]}, "attenuation_limits_db is not strictly"),
        ({"attenuation_weights": [1, 1]}, "attenuation_weights is not a list of 3..3"),
        ({"transmission_risk_values": [1] * 7}, "transmission_risk_values is not"),
        ({"day_decimals": -1}, "day_decimals is not within 0..6"),
        ({"extra": 1}, "'extra' is not known here"),
    ],
)
def test_parameters_out_of_range_are_named(change, problem):
    document = parse_json(built_in("cwa-2020-12").canonical)

    with pytest.raises(FormatError, match=problem):
        read_cwa(Fields({**document["parameters"], **change}, "parameters"))
