"""Two hours in one place, on the virtual radio."""

import numpy as np
import pytest

from proximity.research.channel import SCAN_MS
from proximity.research.district.gathering import Seat, gather

START_S = 20_600 * 86_400 + 36_000
NEAR, FAR = Seat(0.8, 10, 70), Seat(9.0, 10, 70)


@pytest.fixture(scope="module")
def gathering():
    return gather((NEAR, FAR), START_S, np.random.default_rng(0))


def loudness(gathering, sender, receiver):
    found = [
        each.rssi_dbm
        for each in gathering.heard
        if (each.sender, each.receiver) == (sender, receiver)
    ]
    return np.median(found)


def test_who_sits_near_is_heard_louder_in_both_directions(gathering):
    assert loudness(gathering, 1, 0) > loudness(gathering, 2, 0)
    assert loudness(gathering, 0, 1) > loudness(gathering, 0, 2)


def test_a_phone_hears_only_while_it_listens_and_others_are_there(gathering):
    for each in gathering.heard:
        minute = (each.t_ms / 1_000 - START_S) / 60
        starts = gathering.scans[each.receiver].start_ms
        assert 8 <= minute <= 72
        assert np.any((each.t_ms >= starts) & (each.t_ms < starts + SCAN_MS))


def test_only_the_case_and_each_of_the_others_are_of_interest(gathering):
    pairs = {frozenset((each.sender, each.receiver)) for each in gathering.heard}

    assert pairs == {frozenset((0, 1)), frozenset((0, 2))}


def test_the_same_seed_hears_the_same(gathering):
    again = gather((NEAR, FAR), START_S, np.random.default_rng(0))

    assert again.heard == gathering.heard
