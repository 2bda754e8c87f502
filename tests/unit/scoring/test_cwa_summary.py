import pytest

from proximity.protocol.gaen import CalibrationConfidence
from proximity.scoring.config import built_in
from proximity.scoring.cwa_summary import LevelSummary, summarise_cwa

EMPTY = LevelSummary(None, 0, 0)


@pytest.fixture
def rule():
    return built_in("cwa-2020-12").rule


def test_days_and_newest_age_are_told_for_each_level(rule, window, today):
    high, low = (50, 900), (60, 600)
    windows = [window(high, age=4), window(high, age=2), window(low, age=3)]

    summary = summarise_cwa(rule, windows, today)

    assert summary.high == LevelSummary(2, 2, 2)
    assert summary.low == LevelSummary(3, 1, 1)


def test_windows_alike_on_one_day_are_one_encounter_at_least(rule, window, today):
    low = (60, 600)
    other = window(low, calibration_confidence=CalibrationConfidence.HIGH)

    summary = summarise_cwa(rule, [window(low), window(low), other], today)

    # Each window has 10 min * 0.5 * 1.6 = 8 min: low; the day has 24 min: high.
    assert summary.low == LevelSummary(None, 0, 2)
    assert summary.high == LevelSummary(0, 1, 0)


def test_nothing_counted_is_nothing_summarised(rule, window, today):
    summary = summarise_cwa(rule, [window((50, 60)), window()], today)

    assert (summary.low, summary.high) == (EMPTY, EMPTY)


def test_other_formulas_have_no_such_summary(window, today):
    with pytest.raises(TypeError):
        summarise_cwa(built_in("nhs").rule, [], today)
