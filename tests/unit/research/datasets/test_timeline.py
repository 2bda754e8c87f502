"""Recordings that share no clock."""

import numpy as np
import pytest

from proximity.errors import FormatError
from proximity.research.datasets.timeline import (
    BREAK_MS,
    milliseconds,
    one_after_another,
)


def test_recordings_follow_each_other_with_a_break():
    recording = np.array([0, 0, 1, 1])
    t_ms = one_after_another(recording, np.array([10.0, 12.0, 3.0, 3.5]), "log")

    assert t_ms.tolist() == [0, 2_000, 2_000 + BREAK_MS, 2_500 + BREAK_MS]


def test_order_within_a_recording_is_kept_as_logged():
    t_ms = one_after_another(np.array([0, 0]), np.array([2.0, 1.0]), "log")

    assert t_ms.tolist() == [1_000, 0]


def test_no_times_are_no_times():
    assert len(one_after_another(np.zeros(0, np.int64), np.zeros(0), "log")) == 0


@pytest.mark.parametrize("second", [np.nan, np.inf, -1e12])
def test_a_time_that_is_none_is_refused(second):
    with pytest.raises(FormatError, match="log"):
        milliseconds(np.array([second]), "log")


def test_a_recording_of_centuries_is_refused():
    with pytest.raises(FormatError, match="year"):
        one_after_another(np.array([0, 0]), np.array([0.0, 3e9]), "log")
