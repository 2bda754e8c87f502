"""The reference form of the sums over nodes, by hand."""

import numpy as np
import pytest

from proximity.ranging import posterior_plain
from proximity.ranging.posterior import NODES, Cases, DosePart, NearPart, NearSums


def test_half_of_what_is_at_the_limit_is_near():
    part = NearPart(
        np.array([1, 1]), np.array([2.0, 4.0]), np.array([0.0, 9.0]), np.zeros(2)
    )
    sums = NearSums(np.zeros((2, NODES)), np.zeros((2, NODES)))

    posterior_plain.add_near(part, np.zeros(NODES), sums)

    assert (sums.near[0] == 0).all()
    assert sums.near[1] == pytest.approx(2 / 2 + 4)
    assert sums.alone[1] == pytest.approx(2**2 / 4)


def test_a_node_moves_the_limit_by_the_reach():
    part = NearPart(np.array([0]), np.ones(1), np.array([1.0]), np.array([2.0]))
    sums = NearSums(np.zeros((1, NODES)), np.zeros((1, NODES)))

    posterior_plain.add_near(part, np.linspace(-2, 2, NODES), sums)

    assert (np.diff(sums.near[0]) < 0).all()
    assert sums.near[0, 0] == pytest.approx(1, abs=1e-6)
    assert sums.near[0, -1] == pytest.approx(0.00135, abs=1e-5)


def test_a_minute_weighs_one_at_most():
    part = DosePart(
        np.array([0, 0]),
        np.array([0, 1]),
        np.array([3.0, 3.0]),
        np.array([0.25, 9.0]),
        np.ones((2, 1)),
    )
    dose = np.zeros((1, NODES))

    posterior_plain.add_dose(part, np.ones((2, NODES)), dose)

    assert (dose == 3 * 0.25 + 3).all()


def test_the_median_of_one_case_is_its_mean():
    cases = Cases(np.full((1, NODES), 7.0), np.ones((1, NODES)))

    found = posterior_plain.quantile(cases, np.array([20.0]), 0.5, 24)

    assert found == pytest.approx(7, abs=1e-4)
    assert posterior_plain.chance_above(cases, np.array([7.0])) == pytest.approx(0.5)
