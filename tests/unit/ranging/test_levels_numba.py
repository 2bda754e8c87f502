"""The compiled form of what looks share: both ways along them."""

import numpy as np
import pytest

pytest.importorskip("numba")

from proximity.ranging import levels_numba


def test_the_way_back_begins_anew_at_each_level():
    found = levels_numba.correlated(np.array([0.5, 0.5, 1.0]), np.array([0, 0.5, 0.0]))

    assert found.tolist() == [0.75, 0.75, 1.0]


def test_no_looks_share_nothing():
    assert len(levels_numba.correlated(np.zeros(0), np.zeros(0))) == 0
