"""The reference form of the buckets, by hand."""

import numpy as np

from proximity.ranging import buckets_plain
from proximity.ranging.buckets import ScanColumns


def test_time_is_counted_to_the_millisecond():
    scans = ScanColumns(
        np.array([10, 10, 99], np.int8),
        np.array([0.0014, 0.0016, 2], np.float32),
        np.array([0, 3]),
    )

    found = buckets_plain.weigh(
        scans, np.array([-(2**31), 50], np.int32), np.array([1.0, 10.0])
    )

    assert found.tolist() == [[3, 20_000]]
