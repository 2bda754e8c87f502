import pytest

from proximity.errors import NothingStoredError, StoreError
from proximity.store.own_keys import (
    OwnKey,
    add_key,
    current_key,
    end_key,
    list_keys,
    mark_reported,
)
from proximity.store.sealing import SealingKey

DAY = 144 * 18_000
FIRST, SECOND = b"\x01" * 16, b"\x02" * 16


def test_a_key_comes_back(store, sealing):
    added = add_key(store, sealing, FIRST, DAY)

    assert list_keys(store, sealing) == [added]
    assert added == OwnKey(DAY, 0, 144, reported=False, key=FIRST)


def test_keys_are_sealed_and_shy(store, sealing):
    added = add_key(store, sealing, FIRST, DAY)

    ((sealed,),) = store.execute("SELECT sealed FROM own_keys").fetchall()
    assert FIRST not in sealed
    assert "x01" not in repr(added)
    with pytest.raises(StoreError):
        list_keys(store, SealingKey(bytes(32)))


def test_several_keys_may_have_one_start_and_the_last_is_current(store, sealing):
    first = add_key(store, sealing, FIRST, DAY)
    end_key(store, first, 60)
    second = add_key(store, sealing, SECOND, DAY)

    assert second.ordinal == 1
    assert [key.period for key in list_keys(store, sealing)] == [60, 144]
    assert current_key(store, sealing, DAY + 59).key == SECOND
    assert current_key(store, sealing, DAY + 143).key == SECOND


def test_no_key_is_current_before_or_after_its_validity(store, sealing):
    end_key(store, add_key(store, sealing, FIRST, DAY), 10)

    assert current_key(store, sealing, DAY - 1) is None
    assert current_key(store, sealing, DAY + 9) is not None
    assert current_key(store, sealing, DAY + 10) is None


def test_only_keys_that_are_valid_after_an_interval_are_listed(store, sealing):
    for start in (DAY, DAY + 144, DAY + 288):
        add_key(store, sealing, FIRST, start)

    listed = list_keys(store, sealing, DAY + 144)
    assert [key.start_interval for key in listed] == [DAY + 144, DAY + 288]


def test_reported_keys_are_marked(store, sealing):
    first = add_key(store, sealing, FIRST, DAY)
    add_key(store, sealing, SECOND, DAY + 144)

    mark_reported(store, [first])

    assert [key.reported for key in list_keys(store, sealing)] == [True, False]


def test_marking_a_forgotten_key_marks_none(store, sealing):
    first = add_key(store, sealing, FIRST, DAY)
    gone = OwnKey(DAY + 144, 0, 144, reported=False, key=SECOND)

    with pytest.raises(NothingStoredError):
        mark_reported(store, [first, gone])
    with pytest.raises(NothingStoredError):
        end_key(store, gone, 5)

    assert [key.reported for key in list_keys(store, sealing)] == [False]


@pytest.mark.parametrize("period", [0, 61, 145])
def test_a_key_is_ended_earlier_never_later(store, sealing, period):
    key = add_key(store, sealing, FIRST, DAY, period=60)

    with pytest.raises(ValueError, match="key is"):
        end_key(store, key, period)


@pytest.mark.parametrize(
    ("key", "start"), [(b"short", DAY), (FIRST, -1), (FIRST, 2**31)]
)
def test_an_impossible_key_is_a_mistake(store, sealing, key, start):
    with pytest.raises(ValueError, match="a key"):
        add_key(store, sealing, key, start)
