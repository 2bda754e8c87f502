"""The synthetic evening: the story that it promises."""

import numpy as np
import pytest

from proximity.research.evening import DEFAULT_SEED, synthetic_evening
from proximity.research.truth import is_contact
from proximity.research.world import distance_m

DAY = 20_522


@pytest.fixture(scope="module")
def evening():
    return synthetic_evening(DAY, np.random.default_rng(DEFAULT_SEED))


def truth_of(world, *names):
    a, b = sorted(world.phones.index(name) for name in names)
    return world.truth_min[a, b]


def arrivals(world):
    """An advertisement of Bình's to An in each minute of dinner."""
    start_s = world.tracks.t_ms[0] / 1_000
    return [world.air.reach(1, 0, start_s + 60 * m) for m in range(6, 60)]


def test_the_same_seed_gives_the_same_evening():
    evening, again = (
        synthetic_evening(DAY, np.random.default_rng(DEFAULT_SEED)) for _ in range(2)
    )

    assert arrivals(evening) == arrivals(again)
    for first, second in zip(evening.scans, again.scans, strict=True):
        assert np.array_equal(first, second)
    assert evening.truth_min == again.truth_min


def test_another_seed_changes_signals_but_not_who_met_whom(evening):
    other = synthetic_evening(DAY, np.random.default_rng(DEFAULT_SEED + 1))

    assert arrivals(evening) != arrivals(other)
    assert evening.scans[0].start_ms[0] != other.scans[0].start_ms[0]
    contacts = {pair for pair, m in evening.truth_min.items() if is_contact(m)}
    assert contacts == {pair for pair, m in other.truth_min.items() if is_contact(m)}


def test_it_is_lived_on_air(evening):
    assert evening.receptions == ()
    assert len(evening.scans) == len(evening.air.tx_power_dbm) == 8


def test_every_pair_of_the_eight_counts(evening):
    assert len(evening.phones) == 8
    assert len(evening.truth_min) == 28


def test_the_diners_and_the_walkers_are_contacts(evening):
    table = ("An", "Bình", "Chi", "Dũng")
    assert all(
        is_contact(truth_of(evening, a, b)) for a in table for b in table if a < b
    )
    assert is_contact(truth_of(evening, "Giang", "Hà"))
    assert 22 < truth_of(evening, "An", "Linh") < 24
    assert sum(is_contact(minutes) for minutes in evening.truth_min.values()) == 8


def test_some_pairs_never_meet_and_one_passes_briefly(evening):
    linh = [
        truth_of(evening, "Linh", n) for n in evening.phones if n not in ("Linh", "An")
    ]
    assert linh == [0.0] * 6
    assert 0 < truth_of(evening, "An", "Khoa") < 5


def test_the_tables_are_three_to_five_metres_apart_for_an_hour(evening):
    an, giang = evening.phones.index("An"), evening.phones.index("Giang")
    apart = distance_m(evening.tracks, an, giang)

    assert np.count_nonzero((apart >= 3) & (apart <= 5)) > 50 * 60
    assert truth_of(evening, "An", "Giang") == 0
