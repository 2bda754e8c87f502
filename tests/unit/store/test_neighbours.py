from itertools import pairwise

import pytest

from proximity.protocol.sighting import MISSING_RSSI_DBM
from proximity.store.neighbours import Edges, Neighbour, plain_successions

MINUTE_MS = 60_000


def series(first_s, last_s, rssi_dbm=-60, *, every_s=3, scheme="gaen"):
    """Return a series heard every few seconds from `first_s` to `last_s`."""
    edges = Edges(scheme, Neighbour(), first_s * 1_000, first_s * 1_000)
    for t_s in [*range(first_s, last_s, every_s), last_s]:
        edges.hear(t_s * 1_000, rssi_dbm)
    return edges


def successions(ended, *others):
    return plain_successions([ended], [ended, *others])


def test_one_that_ends_and_one_that_begins_with_like_rssi_are_joined():
    before, after = series(0, 600), series(603, 1_200, -65)

    assert successions(before, after) == [(before, after)]


def test_a_chain_of_changes_is_joined_in_order():
    chain = [series(0, 600), series(602, 1_200), series(1_203, 1_800)]

    pairs = plain_successions(list(reversed(chain[:2])), chain)

    assert pairs == list(pairwise(chain))


def test_a_neighbour_who_stays_does_not_disturb():
    before, after, constant = series(0, 600), series(603, 1_200), series(0, 1_200)

    assert successions(before, after, constant) == [(before, after)]


@pytest.mark.parametrize(
    "rival",
    [
        pytest.param(series(1, 601), id="another one ends"),
        pytest.param(series(604, 1_200), id="another one begins"),
        pytest.param(series(599, 600), id="a faint one was heard only then"),
        pytest.param(series(606, 1_200), id="another one begins near the second"),
    ],
)
def test_with_another_candidate_they_stay_apart(rival):
    before, after = series(0, 600), series(603, 1_200)
    if rival.first_ms == 606_000:
        before = series(0, 601)

    assert successions(before, after, rival) == []


def test_a_candidate_that_is_no_longer_in_memory_still_counts():
    first, second, after = series(0, 598), series(0, 600), series(602, 1_200)

    assert successions(first, second, after) == []
    # The first was dropped; the second is looked at in a later call.
    assert successions(second, after) == []


def test_a_candidate_whose_own_successor_is_known_does_not_count():
    before, after, rival = series(0, 600), series(603, 1_200), series(1, 601)
    rival.known_after = True

    assert successions(before, after, rival) == [(before, after)]


def test_one_whose_own_predecessor_is_known_does_not_count():
    before, after, rival = series(0, 600), series(603, 1_200), series(604, 1_200)
    rival.known_before = True

    assert successions(before, after, rival) == [(before, after)]


def test_a_series_whose_successor_is_known_gets_no_other():
    before, after = series(0, 600), series(603, 1_200)
    before.known_after = True

    assert successions(before, after) == []


@pytest.mark.parametrize(
    "after",
    [
        pytest.param(series(603, 1_200, -67), id="unlike RSSI"),
        pytest.param(series(606, 1_200), id="a gap that is too long"),
        pytest.param(series(598, 1_200), id="both at once"),
        pytest.param(series(603, 650), id="the second is not heard for a minute"),
        pytest.param(
            series(603, 1_200, every_s=30), id="the second is heard too rarely"
        ),
        pytest.param(series(603, 1_200, MISSING_RSSI_DBM), id="RSSI not measured"),
        pytest.param(series(603, 1_200, scheme="bluezone"), id="another scheme"),
    ],
)
def test_what_is_not_plain_stays_apart(after):
    assert successions(series(0, 600), after) == []


def test_one_that_was_heard_too_rarely_before_it_ended_stays_apart():
    assert successions(series(0, 600, every_s=30), series(603, 1_200)) == []
