"""The compiled buckets: passes of four, and scans fewer than lanes."""

import numpy as np
import pytest

pytest.importorskip("numba")

from proximity.ranging import buckets_numba, buckets_plain
from proximity.ranging.buckets import ScanColumns


@pytest.mark.parametrize("b", range(1, 10))
@pytest.mark.parametrize("m", [1, 100])
def test_any_number_of_buckets_gives_what_the_plain_form_gives(b, m):
    generator = np.random.default_rng(b)
    scans = ScanColumns(
        generator.integers(0, 100, m, np.int8),
        generator.uniform(0, 300, m).astype(np.float32),
        np.array([0, m // 3, m]),
    )
    edges = np.append(np.iinfo(np.int32).min, np.arange(1, b) * 10).astype(np.int32)
    weights = generator.uniform(0, 2, b)

    found = buckets_numba.weigh(scans, edges, weights)

    np.testing.assert_array_equal(found, buckets_plain.weigh(scans, edges, weights))
