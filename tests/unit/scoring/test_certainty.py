import pytest

from proximity.protocol.gaen import CalibrationConfidence
from proximity.scoring.certainty import certainties, changes_db
from proximity.scoring.config import built_in
from proximity.scoring.person_posterior import TOLD_M


@pytest.fixture
def columns(window, today):
    rule = built_in("default").rule

    def make(*levels_db, minutes=4):
        scans = [(level, 60 * minutes) for level in levels_db]
        one = window(*scans, calibration_confidence=CalibrationConfidence.HIGH)
        return rule.columns([[one]], today)

    return make


def test_minutes_grow_with_the_distance_and_intervals_hold_the_mean(columns):
    (found,) = certainties(
        built_in("default").rule.formula, columns(*[60] * 6)
    ).values()

    means = [found.minutes_within[metres].mean for metres in TOLD_M]
    assert means == sorted(means)
    for interval in (*found.minutes_within.values(), found.dose_minutes):
        assert 0 <= interval.low <= interval.mean <= interval.high <= 24


def test_a_weaker_signal_makes_every_number_smaller(columns):
    formula = built_in("default").rule.formula
    (near,) = certainties(formula, columns(*[50] * 6)).values()
    (far,) = certainties(formula, columns(*[70] * 6)).values()

    assert near.chance_percent > far.chance_percent
    assert near.dose_minutes.mean > far.dose_minutes.mean


def test_a_window_without_scans_has_no_probability(columns):
    (found,) = certainties(built_in("default").rule.formula, columns()).values()

    assert found.chance_percent == 0
    assert found.minutes_within[2.0] == (0, 0, 0)


def test_an_alert_ends_with_less_and_begins_with_more(columns):
    rule = built_in("default").rule

    (ends,) = changes_db(rule, columns(*[48] * 6)).values()
    (begins,) = changes_db(rule, columns(*[75] * 6)).values()

    assert ends > 0 > begins


def test_what_nothing_changes_is_missing(columns):
    assert changes_db(built_in("default").rule, columns(40, 40)) == {}
