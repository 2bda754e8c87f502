"""A logistic curve on mean attenuation."""

import numpy as np
import pytest

from proximity.research.evaluation.fitted_scorers import LogisticFit


def test_probabilities_fall_with_attenuation_and_fit_the_shares(case):
    cases = [case([(0, 0, rssi)]) for rssi in (-60, -80) for _ in range(10)]
    positive = np.array([True] * 8 + [False] * 2 + [True] * 3 + [False] * 7)

    fitted = LogisticFit().fit(cases, positive)
    near, far = fitted.answer([cases[0], cases[-1]]).probability

    # With two levels the curve goes through both shares.
    assert near == pytest.approx(0.8, abs=0.01)
    assert far == pytest.approx(0.3, abs=0.01)


def test_perfectly_parted_classes_stay_finite(case):
    cases = [case([(0, 0, rssi)]) for rssi in (-60, -80)]
    fitted = LogisticFit().fit(cases, np.array([True, False]))

    probability = fitted.answer(cases).probability

    assert np.isfinite(probability).all()
    assert probability[0] > 0.9
    assert probability[1] < 0.1


def test_silence_is_the_least_likely(case):
    cases = [case([(0, 0, rssi)]) for rssi in (-60, -80)]
    fitted = LogisticFit().fit(cases, np.array([True, False]))

    assert fitted.answer([case([])]).probability[0] < 0.01
