"""The compiled sums over nodes: what runs of samples and limits of the table do."""

import numpy as np
import pytest

pytest.importorskip("numba")

from proximity.ranging import posterior_numba
from proximity.ranging.posterior import NODES, Cases, NearPart, NearSums


def near_of(question, centre):
    m = len(question)
    part = NearPart(
        np.array(question), np.ones(m), np.array(centre, np.float64), np.zeros(m)
    )
    sums = NearSums(np.zeros((2, NODES)), np.zeros((2, NODES)))
    posterior_numba.add_near(part, np.zeros(NODES), sums)
    return sums


def test_questions_that_come_back_are_added_to():
    sums = near_of([0, 1, 0, 0], [9, 9, 9, 9])

    assert sums.near[0] == pytest.approx(3)
    assert sums.near[1] == pytest.approx(1)


@pytest.mark.parametrize("far", [8.0, 1e9, 1e300, np.inf])
def test_what_is_beyond_the_table_is_certain(far):
    sums = near_of([0, 1], [far, -far])

    assert sums.near[0] == pytest.approx(1, abs=1e-14)
    assert sums.near[1] == pytest.approx(0, abs=1e-14)


def test_nobody_is_near_for_less_than_no_time():
    cases = Cases(np.zeros((1, NODES)), np.ones((1, NODES)))

    assert posterior_numba.quantile(cases, np.array([-1.0]), 0.5, 24).tolist() == [0]
