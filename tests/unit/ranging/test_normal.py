"""The normal distribution against the error function of the standard library."""

import math

import numpy as np
import pytest

from proximity.ranging.normal import equal_nodes, normal_cdf


def exact(z):
    return 0.5 * math.erfc(-z / math.sqrt(2.0))


def test_it_is_that_of_the_error_function():
    z = np.random.default_rng(0).uniform(-9, 9, 1_000)
    expected = [exact(each) for each in z.tolist()]

    np.testing.assert_allclose(normal_cdf(z), expected, rtol=0, atol=4e-8)


def test_it_never_decreases_and_stays_a_probability():
    below = normal_cdf(np.linspace(-40, 40, 20_001))

    assert (np.diff(below) >= 0).all()
    assert below[0] < 1e-15
    assert below[-1] == pytest.approx(1.0, abs=1e-15)
    assert ((below >= 0) & (below <= 1)).all()


def test_both_ends_are_reached_at_infinity():
    assert normal_cdf(np.array([-np.inf, 0.0, np.inf])).tolist() == pytest.approx(
        [0.0, 0.5, 1.0], abs=1e-15
    )


def test_any_shape_is_taken():
    assert normal_cdf(np.zeros((2, 3, 4))).shape == (2, 3, 4)
    assert normal_cdf(np.zeros(0)).shape == (0,)


@pytest.mark.parametrize("n", [2, 5, 24, 101])
def test_nodes_are_the_medians_of_equal_parts_with_variance_one(n):
    nodes = equal_nodes(n)
    middle = [exact(each) for each in (nodes * math.sqrt(scale_of(n))).tolist()]

    assert middle == pytest.approx([(i + 0.5) / n for i in range(n)], abs=1e-6)
    assert (np.diff(nodes) > 0).all()
    assert np.mean(nodes) == pytest.approx(0, abs=1e-9)
    assert np.mean(nodes**2) == pytest.approx(1)


def scale_of(n):
    """Return the mean square of the medians, found by bisection."""
    squares = []
    for i in range(n):
        low, high = -10.0, 10.0
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (
                (middle, high) if exact(middle) < (i + 0.5) / n else (low, middle)
            )
        squares.append(low**2)
    return sum(squares) / n


def test_a_single_node_is_the_median():
    assert equal_nodes(1).tolist() == pytest.approx([0.0], abs=1e-9)
