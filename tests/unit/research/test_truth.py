"""Truth about pairs: minutes within 2 m, and which pairs count."""

import numpy as np

from proximity.research.truth import frame_minutes, is_contact, pair_truth
from proximity.research.world import Tracks

# One frame every twelve seconds: five frames are a minute.
FRAME_MS = 12_000


def tracks_of(*apart):
    """Two people: one at the origin, the other at these distances."""
    n = len(apart)
    x_m = np.stack([np.zeros(n), np.array(apart, np.float64)])
    clock = np.arange(n, dtype=np.int64) * FRAME_MS
    return Tracks(clock, np.where(np.isnan(x_m[1]), np.nan, x_m), np.zeros((2, n)))


def active(first, last):
    return np.array([[first * FRAME_MS, last * FRAME_MS]], np.int64)


def test_minutes_within_two_metres_are_added_up():
    tracks = tracks_of(*[1.0] * 50, *[3.0] * 50)

    assert pair_truth(tracks, [active(0, 99)] * 2) == {(0, 1): 10.0}


def test_exactly_two_metres_are_within():
    # 0.1 + 1.9000000000000001 is what a grid of centimetres makes of 2 m.
    tracks = tracks_of(*[2.0000000000000004] * 100)

    assert pair_truth(tracks, [active(0, 99)] * 2) == {(0, 1): 20.0}


def test_pairs_seen_for_less_than_five_minutes_do_not_count():
    tracks = tracks_of(*[1.0] * 24, *[np.nan] * 76)

    assert pair_truth(tracks, [active(0, 99)] * 2) == {}


def test_pairs_count_only_if_both_phones_were_active():
    tracks = tracks_of(*[1.0] * 100)

    assert pair_truth(tracks, [active(0, 99), active(90, 99)]) == {}


def test_a_silent_phone_does_not_make_its_owner_less_exposed():
    tracks = tracks_of(*[1.0] * 100)

    assert pair_truth(tracks, [active(0, 99), active(0, 49)]) == {(0, 1): 20.0}


def test_a_contact_begins_at_fifteen_minutes():
    assert is_contact(15.0)
    assert not is_contact(14.99)


def test_a_single_frame_stands_for_no_time():
    assert frame_minutes(np.zeros(1, np.int64)) == 0
