"""Tiles: what is smoothed side by side, and what a short lane leaves alone."""

import numpy as np
import pytest

pytest.importorskip("numba")

from proximity.ranging import smoother_numba, smoother_plain
from proximity.ranging.smoother import LogDistanceSeries, Prior
from proximity.ranging.smoother_numba import LANES, MEAN, ROWS, VARIANCE

PRIOR = np.zeros(LANES, np.float32), np.ones(LANES, np.float32)


def three():
    """Return series of 2, 0 and 5 samples."""
    return LogDistanceSeries(
        np.arange(7, dtype=np.float32),
        np.full(7, 2, np.float32),
        np.full(7, 0.5, np.float32),
        np.array([0, 2, 2, 7]),
    )


def smoothed_tile(series, chosen, steps):
    tile = np.full((steps, ROWS, LANES), np.nan, np.float32)
    smoother_numba.fill_tile(series, np.array(chosen), tile)
    smoother_numba.smooth_tile(tile, *PRIOR)
    return tile


def test_a_tile_gives_what_the_plain_form_gives():
    series = three()
    tile = smoothed_tile(series, [2, 0], 5)

    prior = Prior(np.zeros(3, np.float32), np.ones(3, np.float32))
    expected = smoother_plain.smooth(series, prior)
    np.testing.assert_array_equal(tile[:, MEAN, 0], expected.mean[2:])
    np.testing.assert_array_equal(tile[:2, VARIANCE, 1], expected.variance[:2])


def test_more_steps_than_samples_change_nothing():
    tight = smoothed_tile(three(), [0, 2], 5)
    loose = smoothed_tile(three(), [0, 2], 40)

    np.testing.assert_array_equal(tight[:, MEAN:], loose[:5, MEAN:])


def test_lanes_without_series_stay_finite():
    tile = smoothed_tile(three(), [1], 3)

    assert np.isfinite(tile[:, MEAN:]).all()


def test_what_a_caller_has_left_in_a_tile_does_not_come_out_as_nan():
    tile = np.full((6, ROWS, LANES), np.nan, np.float32)
    tile[:, 1] = -np.inf
    smoother_numba.smooth_tile(tile, *PRIOR)

    assert (tile[:, MEAN] == 0).all()
    assert (tile[:, VARIANCE] == 1).all()


def test_a_long_series_takes_no_tile_of_its_length():
    n = 200_000
    series = LogDistanceSeries(
        np.ones(n, np.float32),
        np.ones(n, np.float32),
        np.zeros(n, np.float32),
        np.array([0, n]),
    )
    prior = Prior(np.zeros(1, np.float32), np.ones(1, np.float32))

    found = smoother_numba.smooth(series, prior)

    assert found.mean[0] == pytest.approx(n / (n + 1), rel=1e-3)
