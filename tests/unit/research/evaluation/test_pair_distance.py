"""Distance over time, from cameras and from packets."""

from dataclasses import replace

import numpy as np
import pytest

from proximity.research.evaluation.pair_distance import (
    pair_distances,
    span_of,
    start_of,
)
from proximity.research.evaluation.questions import Links


def found(collection):
    distances = pair_distances(collection, Links(collection))
    return {(each.a, each.b): each for each in distances}


def test_cameras_see_every_pair(people):
    pairs = found(people)

    assert set(pairs) == {(0, 1), (0, 2), (1, 2)}
    near = pairs[0, 1]
    assert near.minutes[near.near].sum() == pytest.approx(20)
    assert not pairs[0, 2].near.any()


def test_without_cameras_packets_tell(people):
    pairs = found(replace(people, tracks=None))

    near = pairs[0, 1]
    # From the first packet, at second 0.1, to the last, at 19 minutes and 1 s.
    assert near.minutes[near.near].sum() == pytest.approx((19 * 60 + 0.9) / 60)
    assert not pairs[1, 2].near.any()


def test_a_packet_stands_for_half_of_five_minutes_to_each_side(people):
    heard = people.sightings
    link = np.flatnonzero((heard.receiver == 0) & (heard.sender == 1))[[0, -1]]
    sparse = replace(
        people,
        tracks=None,
        sightings=type(heard)._make(column[link] for column in heard),
        distance_m=people.distance_m[link],
    )

    pair = found(sparse)[0, 1]

    # Nineteen minutes apart, each reaches two and a half towards the other.
    assert pair.minutes.tolist() == [2.5, 2.5]


def test_a_span_tells_what_was_seen_and_what_was_near(people):
    pair = found(people)[0, 1]
    start = start_of(people) + 240_000

    seen, near = pair.within(start, start + 239_999)

    assert seen == pytest.approx(4)
    assert near == pytest.approx(4)


def test_time_out_of_sight_is_not_seen(people):
    x = people.tracks.x_m.copy()
    x[1, 30:] = np.nan
    hidden = replace(people, tracks=people.tracks._replace(x_m=x))

    pair = found(hidden)[0, 1]

    assert pair.minutes[pair.seen].sum() == pytest.approx(30 * 4 / 60, abs=0.1)


def test_windows_begin_with_the_cameras_or_the_first_packet(people):
    assert start_of(people) == people.tracks.t_ms[0]
    assert start_of(replace(people, tracks=None)) == people.sightings.t_ms[0]


def test_a_span_is_that_of_the_cameras(people):
    t_ms = people.tracks.t_ms

    assert span_of(people) == (t_ms[0], t_ms[-1])


def test_without_cameras_a_span_is_that_of_packets_that_state_a_distance(people):
    unknown_at_the_ends = people.distance_m.copy()
    unknown_at_the_ends[:5] = unknown_at_the_ends[-3:] = np.nan
    told = replace(people, tracks=None, distance_m=unknown_at_the_ends)
    t_ms = people.sightings.t_ms

    assert span_of(told) == (t_ms[5], t_ms[-4])


def test_where_no_distance_is_known_there_is_no_span(people):
    nothing = np.full(len(people.distance_m), np.nan, np.float32)

    assert span_of(replace(people, tracks=None, distance_m=nothing)) is None
