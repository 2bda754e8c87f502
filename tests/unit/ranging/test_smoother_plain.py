"""The reference form of the smoother, by hand."""

import numpy as np

from proximity.ranging import smoother_plain
from proximity.ranging.smoother import LogDistanceSeries, Prior


def test_two_series_of_unequal_length_by_hand():
    nan = np.nan
    series = LogDistanceSeries(
        np.array([nan, 2, 4], np.float32),
        np.ones(3, np.float32),
        np.array([1, 0, 2], np.float32),
        np.array([0, 1, 3]),
    )
    prior = Prior(np.array([5, 0], np.float32), np.array([1, 1], np.float32))

    found = smoother_plain.smooth(series, prior)

    # The first: the prior, drifted. The second: filtered to mean 1, variance 1/2, then
    # with 5/2 and gain 5/7 to mean 22/7, variance 5/7; kept backward is 1/5.
    assert np.allclose(found.mean, [5, 1 + (22 / 7 - 1) / 5, 22 / 7])
    assert np.allclose(found.variance, [2, (2 + 5 / 7 / 5) / 5, 5 / 7])


def test_what_was_given_is_not_changed():
    given = LogDistanceSeries(
        np.array([np.nan, 1], np.float32),
        np.array([-1, 1], np.float32),
        np.array([-1, 1], np.float32),
        np.array([0, 2]),
    )
    copies = [each.copy() for each in given]

    smoother_plain.smooth(given, Prior(np.zeros(1, np.float32), np.ones(1, np.float32)))

    for mine, copy in zip(given, copies, strict=True):
        np.testing.assert_array_equal(mine, copy)
