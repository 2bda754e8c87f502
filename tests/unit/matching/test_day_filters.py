"""Filters of days: which day holds what, and their sizes."""

import numpy as np
import pytest

from proximity.kernels.dispatch import load_native
from proximity.matching.day_filters import DayFilters
from proximity.matching.hearing_span import hearing_span
from proximity.protocol.sighting import Encounters

DAY = 20_000
NATIVE = load_native()
ID = bytes(range(16))

pytestmark = pytest.mark.skipif(NATIVE is None, reason="nothing was compiled")


def heard(*rows):
    """Return encounters of (ID, intervals)."""
    flat = [interval for _, intervals in rows for interval in intervals]
    ids = b"".join(ephemeral_id for ephemeral_id, _ in rows)
    return Encounters(
        ephemeral_id=np.frombuffer(ids, np.uint8).reshape(len(rows), 16),
        metadata=np.zeros((len(rows), 4), np.uint8),
        offsets=np.cumsum([0, *(len(i) for _, i in rows)], dtype=np.int64),
        t_ms=np.array(flat, np.int64) * 600_000,
        rssi_dbm=np.zeros(len(flat), np.int8),
    )


def filters_of(encounters):
    filters = DayFilters(NATIVE, 12)
    filters.arrange(encounters, hearing_span(encounters))
    return filters


def days(filters):
    arrays = filters.arrays
    return (np.flatnonzero(arrays.slot_of_day >= 0) + arrays.base_day).tolist()


def test_a_sighting_is_in_the_filter_of_its_day():
    assert days(filters_of(heard((ID, [DAY * 144 + 70])))) == [DAY]


@pytest.mark.parametrize(
    ("interval", "expected"),
    [(11, [DAY - 1, DAY]), (12, [DAY]), (131, [DAY]), (132, [DAY, DAY + 1])],
)
def test_a_sighting_near_midnight_is_in_both_days(interval, expected):
    assert days(filters_of(heard((ID, [DAY * 144 + interval])))) == expected


def test_nothing_is_heard_before_the_epoch():
    assert days(filters_of(heard((ID, [0])))) == [0]


def test_a_row_heard_on_days_far_apart_is_not_in_those_between():
    row = (ID, [DAY * 144 + 70, (DAY + 500) * 144 + 70])

    assert days(filters_of(heard(row))) == [DAY, DAY + 500]


def test_all_days_share_one_filter_where_there_are_very_many():
    rows = [(ID, [(DAY + 2 * i) * 144 + 70]) for i in range(2_000)]
    filters = filters_of(heard(*rows))

    assert len(filters.arrays.offsets) == 2
    assert days(filters) == [DAY + 2 * i for i in range(2_000)]


def test_sizes_are_powers_of_two_and_hold_what_was_heard():
    rng = np.random.default_rng(1)
    for n in (1, 100, 1_000, 5_000):
        rows = [(rng.bytes(16), [DAY * 144 + 70]) for _ in range(n)]
        filters = filters_of(heard(*rows))
        (size,) = np.diff(filters.arrays.offsets).tolist()

        assert size & (size - 1) == 0
        assert size >= n
        # Two bits of 32 for each ID, never more.
        assert 0 < np.bitwise_count(filters.arrays.words).sum() <= 2 * n


def test_the_folded_filter_has_the_bits_of_all_words():
    rng = np.random.default_rng(1)
    rows = [(rng.bytes(16), [DAY * 144 + 70]) for _ in range(100)]
    arrays = filters_of(heard(*rows)).arrays

    joined = np.bitwise_or.reduce(arrays.words.reshape(-1, 64), axis=0)
    assert np.array_equal(arrays.folded, joined)


def test_what_has_no_room_makes_the_filters_anew():
    rng = np.random.default_rng(1)
    rows = [(rng.bytes(16), [DAY * 144 + 70]) for _ in range(600)]
    filters = filters_of(heard(*rows[:10]))
    all_of_them = heard(*rows)

    filters.add(all_of_them, hearing_span(all_of_them), np.arange(10, 600))

    anew = filters_of(all_of_them)
    assert np.array_equal(filters.arrays.words, anew.arrays.words)
