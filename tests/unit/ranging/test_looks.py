"""Sightings in any order become one row for each half minute of a direction."""

import numpy as np
import pytest

from proximity.ranging.looks import (
    ATTENUATION_DB,
    LOOK_S,
    MOST_SIGHTINGS,
    Heard,
    looks_of,
)


def rows_of(looks):
    return list(zip(*(column.tolist() for column in looks), strict=True))


def test_a_direction_and_a_half_minute_make_one_look(heard_of):
    looks = looks_of(
        heard_of([(0, True, 1, 60), (0, True, 29.999, 64), (0, True, 30, 70)])
    )

    assert rows_of(looks) == [(0, True, 0, 62.0, 2.0), (0, True, 1, 70.0, 1.0)]


def test_looks_come_by_encounter_then_reverse_then_forward_then_time(heard_of):
    looks = looks_of(
        heard_of(
            [
                (1, True, 0, 50),
                (0, True, 60, 51),
                (0, True, 0, 52),
                (1, False, 0, 53),
                (0, False, 90, 54),
            ]
        )
    )

    assert [row[:3] for row in rows_of(looks)] == [
        (0, False, 3),
        (0, True, 0),
        (0, True, 2),
        (1, False, 0),
        (1, True, 0),
    ]


def test_time_may_go_back_and_before_the_epoch(heard_of):
    rows = [(0, True, 31, 60), (0, True, -1, 61), (0, True, 2, 62), (0, True, 32, 64)]

    assert [row[2:] for row in rows_of(looks_of(heard_of(rows)))] == [
        (-1, 61.0, 1.0),
        (0, 62.0, 1.0),
        (1, 62.0, 2.0),
    ]


@pytest.mark.parametrize("missing", [np.nan, np.inf, -np.inf])
def test_what_was_not_measured_is_left_out(heard_of, missing):
    looks = looks_of(heard_of([(0, True, 0, 60), (0, True, 1, missing)]))

    assert rows_of(looks) == [(0, True, 0, 60.0, 1.0)]


@pytest.mark.parametrize("rows", [[], [(3, True, 0, np.nan)]])
def test_of_nothing_measured_there_is_no_look(heard_of, rows):
    looks = looks_of(heard_of(rows))

    assert [len(column) for column in looks] == [0] * 5
    assert [column.dtype.kind for column in looks] == list("ibiff")


def test_no_lie_goes_beyond_what_radios_measure(heard_of):
    looks = looks_of(heard_of([(0, True, 0, -1e6), (1, True, 0, 1e300)]))

    assert looks.attenuation_db.tolist() == list(ATTENUATION_DB)


def test_a_burst_weighs_as_much_as_its_bound_and_no_more(heard_of):
    looks = looks_of(heard_of([(0, True, 0.1 * i, 60) for i in range(290)]))

    assert rows_of(looks) == [(0, True, 0, 60.0, float(MOST_SIGHTINGS))]


def test_the_same_sightings_twice_keep_levels_and_at_most_double_weights(heard_of):
    rows = [(0, i % 2 == 0, 7 * i, 50 + i) for i in range(20)]
    once, twice = looks_of(heard_of(rows)), looks_of(heard_of(rows * 2))

    assert twice.attenuation_db.tolist() == once.attenuation_db.tolist()
    assert twice.weight.tolist() == (2 * once.weight).tolist()


def test_fractions_of_decibels_give_the_same_bits_in_any_order(heard_of):
    generator = np.random.default_rng(1)
    rows = [
        (0, True, 0.01 * i, db) for i, db in enumerate(generator.uniform(50, 90, 99))
    ]
    shuffled = [rows[i] for i in generator.permutation(len(rows))]

    assert rows_of(looks_of(heard_of(shuffled))) == rows_of(looks_of(heard_of(rows)))


def test_a_mean_is_within_a_thousandth_of_a_decibel(heard_of):
    values = np.random.default_rng(2).uniform(50, 90, 50)
    looks = looks_of(heard_of([(0, True, 0, db) for db in values]))

    assert looks.attenuation_db[0] == pytest.approx(values.mean(), abs=1e-3)


def test_numbers_too_large_to_sort_as_one_are_sorted_as_two():
    far = np.int64(1) << 61
    heard = Heard(
        np.array([far, 0, far]),
        np.array([False, True, False]),
        np.array([40_000, 1 << 62, 0]),
        np.array([60.0, 61.0, 62.0]),
    )
    looks = looks_of(heard)

    assert looks.encounter.tolist() == [0, far, far]
    assert looks.look[1:].tolist() == [0, 1]
    assert looks.attenuation_db.tolist() == [61.0, 62.0, 60.0]


def test_what_was_handed_in_is_not_changed(heard_of):
    heard = heard_of([(0, True, 31, 200), (0, True, 0, 60)])
    before = [column.copy() for column in heard]
    looks_of(heard)

    assert all((a == b).all() for a, b in zip(heard, before, strict=True))
    assert LOOK_S == 30
