import pytest

from proximity.errors import FormatError
from proximity.protocol.diagnosis_key import ReportType
from proximity.scoring.config import built_in
from proximity.scoring.fields import Fields
from proximity.scoring.rule import DayScore, Level, Levels, is_alert, read_levels

NEAR = (50, 300)


@pytest.fixture
def rule():
    return built_in("cwa-2020-12").rule


def test_days_come_oldest_first_whatever_the_order_of_windows(rule, window, today):
    windows = [window(NEAR, NEAR, age=age) for age in (1, 3, 2)]

    days = rule.daily(windows, today)

    assert [d.day for d in days] == [today - 3, today - 2, today - 1]


@pytest.mark.parametrize(("name", "look_back"), [("cwa-2020-12", 14), ("cwa-2022", 10)])
def test_windows_count_until_the_look_back_is_over(name, look_back, window, today):
    rule = built_in(name).rule
    windows = [window(NEAR, NEAR, age=age) for age in (look_back, look_back + 1)]

    assert [d.day for d in rule.daily(windows, today)] == [today - look_back]


def test_window_after_the_as_of_day_is_ignored(rule, window, today):
    assert rule.daily([window(NEAR, NEAR, age=-1)], today) == []


def test_no_windows_give_no_days(rule, today):
    assert rule.daily([], today) == []
    assert rule.daily_of_many([], today) == []
    assert rule.daily_of_many([[], []], today) == [[], []]


def test_people_scored_together_get_what_each_gets_alone(window, today):
    groups = [
        [window((60, 120), (55, 240)), window(NEAR, age=2)],
        [],
        [window((70, 300), (65, 180), (61, 300))],
    ]

    for name in ("cwa-2022", "nhs", "en-v1", "en-v2"):
        rule = built_in(name).rule

        assert rule.daily_of_many(groups, today) == [
            rule.daily(group, today) for group in groups
        ]


def test_key_without_report_type_counts_as_the_configuration_says(rule, window, today):
    unknown = window(NEAR, NEAR, report_type=ReportType.UNKNOWN)

    assert rule.daily([unknown], today) == rule.daily([window(NEAR, NEAR)], today)


def test_day_whose_windows_are_all_dropped_has_level_none(rule, window, today):
    days = rule.daily([window((50, 540))], today)

    assert days == [DayScore(today, 0.0, "min", Level.NONE, 0.0)]


def test_minutes_near_two_cases_at_once_are_counted_once(rule, window, today):
    first = window((50, 300, 1_000), (50, 300, 1_300))
    second = window((50, 300, 1_150), (50, 300, 1_450), key_index=1)

    (day,) = rule.daily([first, second], today)

    # 700 s to 1450 s are covered; both cases count for the value: 20 min * 1.6.
    assert day.minutes == 12.5
    assert day.value == 32.0


def test_alert_is_any_day_at_the_high_level():
    low = DayScore(1, 3.0, "min", Level.LOW)

    assert not is_alert([])
    assert not is_alert([low])
    assert is_alert([low, DayScore(2, 20.0, "min", Level.HIGH)])


def test_level_holds_from_its_value_on():
    levels = Levels(low_from=5, high_from=15)

    assert [levels.of(v) for v in (4.9, 5, 14.9, 15)] == [
        Level.NONE,
        Level.LOW,
        Level.LOW,
        Level.HIGH,
    ]
    assert Levels(low_from=None, high_from=15).of(14.9) is Level.NONE


def test_levels_are_read_from_a_configuration():
    fields = Fields({"low_from": None, "high_from": 100}, "x")

    assert read_levels(fields) == Levels(None, 100)
    with pytest.raises(FormatError, match=r"x\.low_from is missing"):
        read_levels(Fields({"high_from": 100}, "x"))
