"""How far apart people are, from distances drawn with known spreads."""

import numpy as np
import pytest

from proximity.ranging.looks import Looks
from proximity.research.fitting.distance_fit import MANY_PLACES, fit_distances
from proximity.research.fitting.labelled import Labelled


def collection(first, second, log10_m, looks_each=1):
    n = len(first) * looks_each
    encounter = np.repeat(np.arange(len(first)), looks_each)
    looks = Looks(
        encounter, np.ones(n, np.bool_), np.arange(n), np.zeros(n), np.ones(n)
    )
    ends = np.asarray(first, np.int64), np.asarray(second, np.int64)
    nobody = ("",) * (1 + int(max(ends[1])))
    return Labelled("one", nobody, nobody, *ends, looks, np.repeat(log10_m, looks_each))


def drawn(places, generator, *, place_sd, device_sd, pair_sd, people=5):
    found = []
    first, second = np.triu_indices(people, 1)
    for _ in range(places):
        habit = device_sd * generator.normal(size=people)
        mean = 0.3 + place_sd * generator.normal() + habit[first] + habit[second]
        found.append(
            collection(
                first, second, mean + pair_sd * generator.normal(size=len(first))
            )
        )
    return found


def test_spreads_of_places_devices_and_pairs_are_told_apart():
    generator = np.random.default_rng(0)
    spreads = {"place_sd": 0.2, "device_sd": 0.1, "pair_sd": 0.15}
    found = fit_distances(drawn(30, generator, **spreads))

    assert found.log10_m == pytest.approx(0.3, abs=0.1)
    assert found.place_sd == pytest.approx(0.2, rel=0.3)
    assert found.device_sd == pytest.approx(0.1, rel=0.25)
    assert found.pair_sd == pytest.approx(0.15, rel=0.2)


def test_a_few_places_say_nothing_of_how_places_differ():
    generator = np.random.default_rng(1)
    spreads = {"place_sd": 0.5, "device_sd": 0.1, "pair_sd": 0.1}
    found = fit_distances(drawn(MANY_PLACES - 1, generator, **spreads))

    assert found.place_sd == 0


def test_every_place_counts_once_and_every_look_of_it():
    near = collection([0], [1], np.array([0.0]))
    far = collection([0, 0], [1, 2], np.array([1.0, 0.5]), looks_each=3)

    assert fit_distances([near, far]).log10_m == pytest.approx((0.0 + 0.75) / 2)


def test_one_distance_everywhere_is_fitted_all_the_same():
    found = fit_distances([collection([0, 0], [1, 2], np.array([0.3, 0.3]))])

    assert np.isfinite(found).all()
    assert found.pair_sd > 0
