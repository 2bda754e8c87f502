"""The reference form of what looks of a level share, by hand."""

import numpy as np

from proximity.ranging.levels_plain import correlated


def test_two_looks_share_what_is_kept_between_them():
    found = correlated(np.array([0.25, 0.75]), np.array([0.0, 0.5]))

    assert found.tolist() == [0.25 + 0.5 * 0.75, 0.5 * 0.25 + 0.75]


def test_nothing_is_kept_from_one_level_to_the_next():
    part = np.array([0.5, 0.5, 1.0])

    found = correlated(part, np.array([0.0, 1.0, 0.0]))

    assert found.tolist() == [1.0, 1.0, 1.0]


def test_what_is_kept_fades_from_look_to_look():
    found = correlated(np.full(3, 1 / 4), np.array([0.0, 0.5, 0.5]))

    assert found.tolist() == [7 / 16, 8 / 16, 7 / 16]
