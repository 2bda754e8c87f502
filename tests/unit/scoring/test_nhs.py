import pytest

from proximity.errors import FormatError, TooLargeError
from proximity.matching.exposure_window import Infectiousness
from proximity.protocol.diagnosis_key import ReportType
from proximity.scoring.canonical import encode_canonical, parse_json
from proximity.scoring.config import built_in, parse_configuration
from proximity.scoring.rule import Level

NEAR = [(40, 20)] * 4


@pytest.fixture
def rule():
    return built_in("nhs").rule


def only_day(rule, today, *windows):
    (day,) = rule.daily(windows, today)
    return day


def test_near_half_hour_is_high_and_a_far_one_is_less(rule, window, today):
    near = only_day(rule, today, window(*[(40, 180)] * 10))
    far = only_day(rule, today, window(*[(95, 180)] * 10))

    assert (near.unit, near.level) == ("risk", Level.HIGH)
    assert near.value > 2 * far.value
    assert (near.minutes, far.minutes) == (30.0, 0.0)


def test_standard_infectiousness_weighs_forty_percent(rule, window, today):
    high = only_day(rule, today, window(*NEAR)).value
    standard = window(*NEAR, infectiousness=Infectiousness.STANDARD)

    assert only_day(rule, today, standard).value == pytest.approx(0.4 * high, abs=1e-8)


def test_riskiest_window_decides_a_day(rule, window, today):
    windows = [window(*NEAR), window((60, 20), (60, 20))]

    alone = only_day(rule, today, windows[0]).value

    assert only_day(rule, today, *windows).value == alone


def test_first_scan_starts_the_clock(rule, window, today):
    # The time before the first scan is not part of the window: one second is left.
    value = only_day(rule, today, window((40, 300))).value

    assert 0 < value <= 1
    assert value == only_day(rule, today, window((40, 60))).value


def test_attenuation_zero_observes_nothing(rule, window, today):
    scans = [(0, 60), (60, 60)]

    assert 0 < only_day(rule, today, window(*scans)).value <= 61


def test_two_scans_in_one_second_take_a_second_each(rule, window, today):
    once = only_day(rule, today, window((60, 60), (60, 1))).value

    assert only_day(rule, today, window((60, 60), (60, 0))).value == once


@pytest.mark.parametrize(
    "changes",
    [
        {"infectiousness": Infectiousness.NONE},
        {"report_type": ReportType.REVOKED},
        {"scans": ()},
    ],
)
def test_window_that_cannot_count_has_no_risk(changes, rule, window, today):
    day = only_day(rule, today, window(**{"scans": window(*NEAR).scans, **changes}))

    assert (day.value, day.level) == (0.0, Level.NONE)


def test_window_of_more_than_six_hours_is_refused(rule, window, today):
    with pytest.raises(TooLargeError, match="more than 21600 seconds"):
        rule.daily([window((60, 60), (60, 10**15))], today)


def test_formula_has_no_buckets(rule):
    assert rule.formula.buckets == ()


def test_model_out_of_range_is_named():
    document = parse_json(built_in("nhs").canonical)
    document["parameters"]["variance"] = 0

    with pytest.raises(FormatError, match=r"parameters\.variance is not within"):
        parse_configuration(encode_canonical(document))
