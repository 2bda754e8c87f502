"""What only the native form has: a table that nobody can overfill, kept up to date."""

import numpy as np
import pytest

from proximity.kernels.dispatch import available_variants, load_native
from proximity.matching.candidates_native import NativeLookUp
from proximity.matching.hearing_span import hearing_span
from proximity.protocol.gaen import derive_ephemeral_ids

START = 2_880_000
VARIANT = available_variants()[0]

pytestmark = pytest.mark.skipif(
    load_native() is None or VARIANT == "python", reason="nothing was compiled"
)


@pytest.fixture
def look_up_of(encounters):
    def make(ids, intervals):
        look_up = NativeLookUp(load_native(), VARIANT, 12)
        heard = encounters(ids, intervals)
        look_up.update(heard, hearing_span(heard))
        return look_up

    return make


def crafted(n):
    """Return IDs of all sorts that hash tables without a key pile up in one place."""
    numbers = np.arange(n, dtype=np.uint64)
    zeros = np.zeros(n, np.uint64)
    families = [
        (numbers, zeros),
        (zeros, numbers << np.uint64(32)),
        (numbers << np.uint64(40), numbers << np.uint64(40)),
        (numbers * np.uint64(0x9E3779B97F4A7C15), numbers),
        (numbers, ~numbers),
    ]
    return [
        np.stack(halves, axis=1).view(np.uint8).reshape(n, 16) for halves in families
    ]


def test_crafted_ids_do_not_pile_up(look_up_of):
    n = 20_000
    for family in crafted(n):
        look_up = look_up_of([row.tobytes() for row in family], [START] * n)

        # Random IDs have chains of some seven.
        assert look_up.longest_chain() <= 16


def test_many_rows_of_one_id_are_one_place_of_a_chain(look_up_of, keys):
    sent = derive_ephemeral_ids(keys(1, START).key[0].tobytes(), START)[3].tobytes()
    look_up = look_up_of([sent] * 5_000, [START + 3] * 5_000)

    assert look_up.longest_chain() == 1
    assert look_up.look_up(keys(1, START))[:, 2].tolist() == list(range(5_000))


def test_no_two_tables_have_the_same_secret(look_up_of):
    first, second = look_up_of([], []), look_up_of([], [])

    assert not np.array_equal(first._table.secret, second._table.secret)


def test_more_hits_than_there_is_room_for_are_all_found(look_up_of, keys):
    many = keys(80, START)
    ids = [
        row.tobytes()
        for key in many.key
        for row in derive_ephemeral_ids(key.tobytes(), START)
    ]
    look_up = look_up_of(ids, [START + i % 144 for i in range(len(ids))])

    found = look_up.look_up(many)

    assert sorted(found[:, 2].tolist()) == list(range(80 * 144))


def test_new_rows_are_added_without_arranging_all_anew(
    monkeypatch, encounters, look_up_of
):
    ids = [bytes([i]) * 16 for i in range(40)]
    look_up = look_up_of(ids[:20], [START] * 20)

    def fail(*_):
        raise AssertionError("arranged anew")

    monkeypatch.setattr(look_up._filters, "arrange", fail)
    heard = encounters(ids, [START] * 40)
    look_up.update(heard, hearing_span(heard))

    assert len(look_up._table.ids) == 40
