"""The columns of the exact table."""

import numpy as np

from proximity.matching.id_table import new_table


def ids(n):
    return np.arange(16 * n, dtype=np.uint8).reshape(n, 16)


def test_a_table_has_room_for_twice_as_many_rows():
    table = new_table(ids(10))
    larger = new_table(np.zeros((1_000, 16), np.uint8))

    assert len(table.next) == len(table.first) == 128
    assert len(larger.next) == 2_000
    assert len(larger.head) == 2_048
    assert not table.head.any()


def test_no_two_tables_have_the_same_secret():
    assert not np.array_equal(new_table(ids(1)).secret, new_table(ids(1)).secret)


def test_repr_shows_no_id_and_no_secret():
    assert repr(new_table(ids(3))) == "<IdTable n=3>"
