"""When encounters were heard."""

import numpy as np

from proximity.matching.hearing_span import (
    heard_near,
    hearing_span,
    sightings_of_rows,
)
from proximity.protocol.sighting import Encounters


def encounters_heard(*rows):
    """Return encounters from the intervals of the sightings of each."""
    flat = [interval for row in rows for interval in row]
    return Encounters(
        ephemeral_id=np.zeros((len(rows), 16), np.uint8),
        metadata=np.zeros((len(rows), 4), np.uint8),
        offsets=np.cumsum([0, *map(len, rows)], dtype=np.int64),
        t_ms=np.array(flat, np.int64) * 600_000 + 599_999,
        rssi_dbm=np.zeros(len(flat), np.int8),
    )


def near(heard, row, interval, tolerance=2):
    found = heard_near(
        heard,
        hearing_span(heard),
        rows=np.array([row]),
        intervals=np.array([interval]),
        tolerance_intervals=tolerance,
    )
    return bool(found[0])


def test_a_span_is_from_the_first_to_the_last_interval():
    span = hearing_span(encounters_heard([5, 7, 9], [4]))

    assert span.first.tolist() == [5, 4]
    assert span.last.tolist() == [9, 4]


def test_an_encounter_without_sightings_has_no_span():
    for rows in ([[], [5]], [[5], []], [[]]):
        span = hearing_span(encounters_heard(*rows))

        assert [f > n for f, n in zip(*span, strict=True)] == [not r for r in rows]


def test_an_encounter_without_sightings_is_near_to_nothing():
    assert not near(encounters_heard([], [5]), 0, 5)


def test_near_reaches_as_far_as_the_tolerance_on_both_sides():
    heard = encounters_heard([10])

    assert [near(heard, 0, i) for i in (7, 8, 12, 13)] == [False, True, True, False]


def test_a_gap_around_the_interval_is_not_near():
    heard = encounters_heard([1], [0, 20, 40])

    assert [near(heard, 1, i) for i in (10, 17, 18, 22, 23)] == [
        False,
        False,
        True,
        True,
        False,
    ]


def test_sightings_come_in_the_order_of_the_rows_asked_for():
    owner, interval = sightings_of_rows(
        encounters_heard([1, 2], [3], [4, 5]), np.array([2, 0])
    )

    assert owner.tolist() == [0, 0, 1, 1]
    assert interval.tolist() == [4, 5, 1, 2]
