import numpy as np
import pytest

from proximity.scoring.dose import (
    covered_seconds,
    exact_sum,
    round_half_up,
    settle,
    weighted_seconds,
)


def test_seconds_are_weighted_by_bucket():
    bucket_s = np.array([[60.0, 120.0, 300.0], [0.0, 0.0, 0.0]])

    # 60 * 1 + 120 * 0.5 + 300 * 0
    assert weighted_seconds(bucket_s, (1.0, 0.5, 0.0)).tolist() == [120.0, 0.0]


def test_binary_noise_is_settled():
    assert settle(np.array([0.1 + 0.2, 5 * 1.2 * 1.5])).tolist() == [0.3, 9.0]
    assert exact_sum([0.1] * 3) == 0.3


def test_sum_does_not_depend_on_order():
    values = [1e9, 0.1, -1e9, 0.3, 7.7]

    assert exact_sum(values) == exact_sum(values[::-1])


@pytest.mark.parametrize(
    ("value", "rounded"), [(8.94, 8.9), (8.95, 9.0), (0.25, 0.3), (8.999, 9.0)]
)
def test_a_half_is_rounded_up(value, rounded):
    assert round_half_up(value, 1) == rounded


def test_overlapping_intervals_are_covered_once():
    end = np.array([400.0, 100.0, 250.0, 220.0])
    seconds = np.array([100.0, 100.0, 200.0, 10.0])

    # 0..100 and 50..250 join; 210..220 lies within; 300..400 stands alone.
    assert covered_seconds(end, seconds) == 350.0


def test_intervals_without_a_time_are_added():
    assert covered_seconds(np.array([0.0, 0.0]), np.array([60.0, 60.0])) == 120.0
    assert covered_seconds(np.zeros(0), np.zeros(0)) == 0.0
