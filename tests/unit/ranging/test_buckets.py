"""Buckets and scans are checked before a kernel indexes by them."""

import numpy as np
import pytest

from proximity.ranging.buckets import (
    BucketWeights,
    ScanColumns,
    weighted_seconds_by_bucket,
)


def weigh(
    attenuation=(50, 60), offsets=(0, 2), *, limits=(55,), weights=(1, 0.5), dtype="i1"
):
    columns = ScanColumns(
        np.array(attenuation, dtype), np.array([60, 60], np.float32), np.array(offsets)
    )
    buckets = BucketWeights(limits, weights)
    return weighted_seconds_by_bucket(columns, buckets, variant="python")


def test_a_window_gets_its_weighted_seconds_by_bucket():
    assert weigh().tolist() == [[60, 30]]


@pytest.mark.parametrize("dtype", ["i1", "i2"])
def test_a_limit_between_whole_numbers_divides_them(dtype):
    assert weigh((54, 55), limits=(54.5,), dtype=dtype).tolist() == [[60, 30]]


@pytest.mark.parametrize("offsets", [(), (0,), (0, 1), (1, 2), (0, 2, 1, 2)])
def test_offsets_that_lead_elsewhere_are_refused(offsets):
    with pytest.raises(ValueError, match="offsets"):
        weigh(offsets=np.array(offsets, np.int64))


@pytest.mark.parametrize("limits", [(60, 60), (60, 50), (np.nan,), (np.inf,), (1e9,)])
def test_limits_that_do_not_divide_attenuations_are_refused(limits):
    with pytest.raises(ValueError, match="limit"):
        weigh(limits=limits, weights=(1,) * (len(limits) + 1))


@pytest.mark.parametrize("weights", [(), (1,), (1, 1, 1), (1, np.nan), (1, np.inf)])
def test_weights_that_are_not_one_a_bucket_are_refused(weights):
    with pytest.raises(ValueError, match="weight"):
        weigh(weights=weights)


def test_attenuations_of_another_type_are_refused():
    with pytest.raises(ValueError, match="int8"):
        weigh(dtype="f8")


def test_a_scan_without_seconds_is_refused():
    with pytest.raises(ValueError, match="length"):
        weigh((50, 60, 70), (0, 3))
