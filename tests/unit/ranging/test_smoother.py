"""What goes into the smoother is checked before a kernel indexes by it."""

import numpy as np
import pytest

from proximity.errors import KernelError
from proximity.ranging.smoother import (
    LogDistanceSeries,
    Prior,
    smooth_log_distance,
)


def floats(*values):
    return np.array(values, np.float32)


def smooth(offsets=(0, 2), *, noise=(1, 1), mean=(0,), variance=(1,), drift=(0, 0)):
    series = LogDistanceSeries(
        floats(1, 1), floats(*noise), floats(*drift), np.array(offsets, np.int64)
    )
    prior = Prior(floats(*mean), floats(*variance))
    return smooth_log_distance(series, prior, variant="python")


def test_the_prior_and_a_measurement_meet_by_their_variances():
    found = smooth()

    assert found.mean.tolist() == pytest.approx([2 / 3, 2 / 3])
    assert found.variance.tolist() == pytest.approx([1 / 3, 1 / 3])


@pytest.mark.parametrize("offsets", [(), (0,), (0, 1), (0, 3), (1, 2), (0, 2, 1, 2)])
def test_offsets_that_lead_elsewhere_are_refused(offsets):
    with pytest.raises(ValueError, match="offsets"):
        smooth(offsets)


def test_columns_of_unequal_length_are_refused():
    with pytest.raises(ValueError, match="length"):
        smooth(noise=(1,))


def test_a_prior_too_few_is_refused():
    with pytest.raises(ValueError, match="prior"):
        smooth((0, 1, 2))


@pytest.mark.parametrize(
    ("mean", "variance"),
    [(np.nan, 1), (np.inf, 1), (2e3, 1), (0, np.nan), (0, 0), (0, -1), (0, np.inf)],
)
def test_a_prior_that_is_none_is_refused(mean, variance):
    with pytest.raises(ValueError, match="limits"):
        smooth(mean=(mean,), variance=(variance,))


def test_a_form_that_there_is_not_is_refused():
    with pytest.raises(KernelError, match="no form"):
        smooth_log_distance(
            LogDistanceSeries(floats(), floats(), floats(), np.array([0])),
            Prior(floats(), floats()),
            variant="fastest",
        )


def test_numbers_of_other_types_are_taken():
    series = LogDistanceSeries(
        np.array([1.0, 1.0]), np.array([1.0, 1.0]), np.array([0, 0]), np.array([0, 2])
    )
    found = smooth_log_distance(
        series, Prior(np.array([0.0]), np.array([1.0])), variant="python"
    )

    assert found.mean.dtype == np.float32
    assert found.mean.tolist() == smooth().mean.tolist()
