"""How looks vary about their level, from a process whose parameters are known."""

import numpy as np
import pytest

from proximity.ranging.looks import LOOK_S, Looks
from proximity.research.fitting.fading_fit import fit_fading
from proximity.research.fitting.labelled import Labelled

SLOPE_DB = 20.0


def collection(look, attenuation_db, log10_m=None, weight=None):
    n = len(look)
    zeros = np.zeros(n, np.int64)
    looks = Looks(
        zeros,
        np.ones(n, np.bool_),
        np.asarray(look, np.int64),
        np.asarray(attenuation_db, np.float64),
        np.ones(n) if weight is None else weight,
    )
    ends = np.array([0]), np.array([1])
    truth = np.zeros(n) if log10_m is None else log10_m
    return Labelled("one", ("", ""), ("", ""), *ends, looks, truth)


def process(n, sd, memory_looks, generator):
    """Return a process that forgets."""
    kept = np.exp(-1 / memory_looks)
    value = np.zeros(n)
    for i in range(1, n):
        value[i] = kept * value[i - 1] + np.sqrt(1 - kept**2) * generator.normal()
    return sd * value


def test_what_lasts_is_told_from_what_does_not():
    generator = np.random.default_rng(0)
    n = 4_000
    slow, fast = process(n, 3.0, 5.0, generator), 2.0 * generator.normal(size=n)
    found = fit_fading([collection(range(n), 60 + slow + fast)], SLOPE_DB)

    assert found.slope_db == SLOPE_DB
    assert found.slow_sd == pytest.approx(3.0, rel=0.1)
    assert found.fast_sd == pytest.approx(2.0, rel=0.1)
    assert found.memory_s == pytest.approx(5 * LOOK_S, rel=0.25)
    assert found.packet_sd == 0


def test_what_the_distance_explains_is_no_fading():
    generator = np.random.default_rng(1)
    log10_m = process(500, 0.2, 5.0, generator)
    level_db = 60 + SLOPE_DB * log10_m + generator.normal(size=500)
    found = fit_fading([collection(range(500), level_db, log10_m)], SLOPE_DB)

    assert found.motion_sd == pytest.approx(np.std(log10_m))
    assert np.hypot(found.slow_sd, found.fast_sd) == pytest.approx(1.0, rel=0.1)


def test_looks_of_one_packet_vary_more_than_looks_of_many():
    generator = np.random.default_rng(2)
    n = 4_000
    weight = generator.choice([1.0, 4.0], n)
    noise = np.sqrt(9.0 + 4.0 / weight) * generator.normal(size=n)
    found = fit_fading([collection(range(n), 60 + noise, weight=weight)], SLOPE_DB)

    assert found.packet_sd == pytest.approx(2.0, rel=0.15)
    assert np.hypot(found.fast_sd, found.slow_sd) == pytest.approx(3.0, rel=0.1)


@pytest.mark.parametrize("n", [0, 1, 7])
def test_of_a_few_looks_nothing_is_told(n):
    assert fit_fading([collection(range(n), [60.0] * n)], SLOPE_DB) is None


def test_of_nothing_nothing_is_told():
    assert fit_fading([], SLOPE_DB) is None


def test_a_signal_that_never_varies_is_fitted_all_the_same():
    found = fit_fading([collection(range(20), [60.0] * 20)], SLOPE_DB)

    assert np.isfinite(found).all()
    assert found.slow_sd < 0.1
    assert 0 < found.fast_sd <= 0.1


def test_a_clock_that_jumps_by_an_age_costs_no_memory():
    generator = np.random.default_rng(3)
    level_db = generator.normal(60, 2, 20)
    look = [*range(10), *range(10**13, 10**13 + 10)]
    found = fit_fading([collection(look, level_db)], SLOPE_DB)

    assert np.isfinite(found).all()


def test_looks_with_gaps_count_by_how_far_they_are_apart():
    generator = np.random.default_rng(4)
    n = 6_000
    slow = process(n, 3.0, 8.0, generator)
    kept = np.flatnonzero(generator.random(n) < 0.5)
    found = fit_fading([collection(kept, 60 + slow[kept])], SLOPE_DB)

    assert found.memory_s == pytest.approx(8 * LOOK_S, rel=0.3)
