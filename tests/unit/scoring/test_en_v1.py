import pytest

from proximity.errors import FormatError
from proximity.protocol.diagnosis_key import ReportType
from proximity.scoring.canonical import encode_canonical, parse_json
from proximity.scoring.config import built_in, parse_configuration
from proximity.scoring.rule import Level

ONES = [1] * 8
COUNT = [0, 1, 2, 3, 4, 5, 6, 7]


def tables(**changed):
    """All tables 1 except those given."""
    document = parse_json(built_in("en-v1").canonical)
    document["parameters"] = {
        "attenuation_scores": ONES,
        "days_scores": ONES,
        "duration_scores": ONES,
        "transmission_scores": ONES,
        "minimum_score": 0,
        "day_levels": {"low_from": None, "high_from": 1},
        **changed,
    }
    return parse_configuration(encode_canonical(document)).rule


def value(rule, today, *windows):
    (day,) = rule.daily(windows, today)
    return day.value


def test_example_multiplies_attenuation_and_duration(window, today):
    rule = built_in("en-v1").rule

    (day,) = rule.daily([window((52, 300), (56, 300), (54, 300))], today)

    # 54 dB on average: above 51, score 2; 15 minutes: up to 15, score 2; others 1.
    assert (day.value, day.unit, day.level) == (4.0, "score", Level.HIGH)


def test_example_needs_more_time_farther_away(window, today):
    rule = built_in("en-v1").rule

    # 65 dB: score 1; 15 minutes score 2, 25 minutes score 4.
    assert rule.daily([window(*[(65, 300)] * 3)], today)[0].level is Level.LOW
    assert rule.daily([window(*[(65, 300)] * 5)], today)[0].level is Level.HIGH


@pytest.mark.parametrize(
    ("attenuation_db", "score"),
    [
        *[(74, 0), (73, 1), (64, 1), (63, 2), (52, 2), (51, 3), (34, 3), (33, 4)],
        *[(28, 4), (27, 5), (16, 5), (15, 6), (11, 6), (10, 7), (0, 7)],
    ],
)
def test_attenuation_buckets(attenuation_db, score, window, today):
    rule = tables(attenuation_scores=COUNT)

    assert value(rule, today, window((attenuation_db, 300))) == score


@pytest.mark.parametrize(
    ("age", "score"),
    [
        (14, 0),
        (13, 1),
        (12, 1),
        (10, 2),
        (8, 3),
        (6, 4),
        (4, 5),
        (2, 6),
        (1, 7),
        (0, 7),
    ],
)
def test_days_since_exposure_buckets(age, score, window, today):
    rule = tables(days_scores=COUNT)

    assert value(rule, today, window((50, 300), age=age)) == score


@pytest.mark.parametrize(
    ("minutes", "score"),
    [
        *[(0, 0), (5, 1), (10, 2), (15, 3), (20, 4), (25, 5), (30, 6), (35, 7)],
        # Durations are rounded to five minutes first.
        *[(2, 0), (3, 1), (7, 1), (8, 2)],
    ],
)
def test_duration_buckets(minutes, score, window, today):
    rule = tables(duration_scores=COUNT)

    assert value(rule, today, window((50, minutes * 60))) == score


def test_transmission_risk_level_zero_has_factor_one(window, today):
    rule = tables(transmission_scores=[8, 7, 6, 5, 4, 3, 2, 0])

    values = [
        value(rule, today, window((50, 300), transmission_risk=level))
        for level in (0, 1, 7, 8)
    ]

    assert values == [1, 8, 2, 0]


def test_windows_of_one_key_and_day_are_one_exposure(window, today):
    rule = tables(duration_scores=COUNT)
    part = window((50, 600))
    other_key = window((50, 600), key_index=1)

    # 20 minutes of one key; 10 minutes of each of two, of which the greatest counts.
    assert value(rule, today, part, part) == 4
    assert value(rule, today, part, other_key) == 2


def test_attenuation_is_the_mean_by_time_rounded(window, today):
    rule = tables(attenuation_scores=COUNT)

    # (50 * 100 + 52 * 100) / 200 = 51: up to 51. (50 * 90 + 53 * 90) / 180 = 51.5: 52.
    assert value(rule, today, window((50, 100), (52, 100))) == 3
    assert value(rule, today, window((50, 90), (53, 90))) == 2


def test_score_below_the_minimum_is_dropped(window, today):
    rule = tables(duration_scores=COUNT, minimum_score=3)

    (day,) = rule.daily([window((50, 600))], today)

    assert (day.value, day.level) == (0.0, Level.NONE)
    assert value(rule, today, window((50, 900))) == 3


def test_revoked_key_does_not_count(window, today):
    revoked = window((50, 1800), report_type=ReportType.REVOKED)

    assert built_in("en-v1").rule.daily([revoked], today)[0].level is Level.NONE


def test_exposure_without_time_was_never_near(window, today):
    rule = tables(attenuation_scores=COUNT)

    assert value(rule, today, window((10, 0))) == 0


def test_buckets_carry_the_scores_nearest_first():
    buckets = tables(attenuation_scores=COUNT).formula.buckets

    assert tuple(buckets[0]) == ("<= 10 dB", 7.0)
    assert tuple(buckets[-1]) == ("> 73 dB", 0.0)


def test_table_of_another_length_is_refused():
    with pytest.raises(FormatError, match="days_scores is not a list"):
        tables(days_scores=[1] * 7)
