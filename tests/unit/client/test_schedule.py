import pytest

from proximity.client.schedule import (
    ScanSchedule,
    first_update_delay_s,
    next_update_delay_s,
    retry_delay_s,
    seconds_to_next_id,
    update_retry_delay_s,
)

NOW_S = 1_795_000_000.0
CHANCES = [0.0, 0.3, 0.999999]


@pytest.mark.parametrize("x", CHANCES)
def test_scans_start_211_to_300_seconds_apart(x: float):
    delay = ScanSchedule().next_delay_s(4.0, lambda: x)

    assert 211 <= delay + 4.0 <= 300


def test_chance_sets_the_phase_of_the_first_scan():
    delays = [ScanSchedule().first_delay_s(lambda x=x: x) for x in CHANCES]

    assert delays == sorted(delays)
    assert delays[0] == 0
    assert 59 < delays[-1] < 60


def test_a_scan_that_took_too_long_is_followed_at_once():
    assert ScanSchedule().next_delay_s(400.0, lambda: 0.5) == 0


@pytest.mark.parametrize(
    ("now_s", "length_s", "left_s"),
    [
        (600.0, 600, 600.0),
        (1_199.5, 600, 0.5),
        (1_200.0, 600, 600.0),
        (1_200.0, 900, 600.0),
        (86_400.0, 900, 900.0),
    ],
)
def test_an_id_is_right_until_its_time_ends(now_s: float, length_s: int, left_s: float):
    assert seconds_to_next_id(now_s, length_s) == left_s


def test_a_radio_is_tried_again_within_a_minute_however_often_it_failed():
    delays = [retry_delay_s(n, lambda: 0.999) for n in range(1, 2_000)]

    assert delays == sorted(delays)
    assert delays[0] <= 1
    assert delays[-1] <= 60


def test_the_first_fetch_comes_within_a_minute():
    assert first_update_delay_s(None, NOW_S, lambda: 0.999) < 60


def test_a_recent_fetch_is_not_repeated():
    delay = first_update_delay_s(NOW_S - 3_600, NOW_S, lambda: 0.5)

    assert delay == 3 * 3_600


def test_a_fetch_that_lies_ahead_does_not_hold_back_the_next():
    assert first_update_delay_s(NOW_S + 10**7, NOW_S, lambda: 0.5) == 30


@pytest.mark.parametrize("x", CHANCES)
def test_fetches_are_three_and_a_half_to_four_and_a_half_hours_apart(x: float):
    assert 3.5 * 3_600 <= next_update_delay_s(lambda: x) <= 4.5 * 3_600


def test_a_failed_fetch_is_tried_again_ever_more_rarely():
    delays = [update_retry_delay_s(n, lambda: 0.0) for n in range(1, 100)]

    assert delays[0] == 150
    assert delays == sorted(delays)
    assert delays[-1] == 2 * 3_600
