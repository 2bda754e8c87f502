import numpy as np
import pytest

from proximity.scoring.gamma_median import exact_gamma_median, gamma_median

# To 15 digits, by bisection of 1 - exp(-x) * (1 + x + ... + x^(k-1) / (k-1)!) in
# 40-digit decimals; shape 1/2 from erf(sqrt(x)) = 1/2.
MEDIANS = {
    0.5: 0.22746821155978633,
    1: 0.6931471805599453,
    2: 1.6783469900166606,
    3: 2.6740603137235603,
    5: 4.6709088827959837,
    10: 9.6687146147141311,
    20: 19.667672423305667,
    21: 20.667623706310499,
    50: 49.667064617994227,
    200: 199.66676561246567,
}
SHAPES = np.array(list(MEDIANS), np.float64)


def test_median_agrees_with_stored_numbers():
    np.testing.assert_allclose(gamma_median(SHAPES), list(MEDIANS.values()), rtol=1e-5)


def test_newton_agrees_to_many_digits():
    small = SHAPES[SHAPES <= 20]

    found = exact_gamma_median(small)

    np.testing.assert_allclose(found, list(MEDIANS.values())[: len(small)], rtol=1e-12)


def test_median_rises_with_shape_across_table_and_series():
    shapes = np.linspace(0.05, 25, 500)

    assert (np.diff(gamma_median(shapes)) > 0).all()


@pytest.mark.parametrize("shape", [1e-300, 1e-6, 1e-3])
def test_smallest_shapes_have_median_next_to_zero(shape):
    assert 0 < gamma_median(np.array([shape]))[0] < 1e-300


def test_shape_of_the_array_is_kept():
    assert gamma_median(np.ones((3, 2))).shape == (3, 2)
