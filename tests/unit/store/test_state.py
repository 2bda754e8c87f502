import pytest

from proximity.errors import StoreError
from proximity.store.state import raise_number, read_number, read_state, write_state


def test_a_value_replaces_the_earlier_one(store):
    write_state(store, "name", b"first")
    write_state(store, "name", b"second")

    assert read_state(store, "name") == b"second"


def test_what_was_never_written_is_none(store):
    assert read_state(store, "name") is None
    assert read_number(store, "name") is None


def test_a_number_never_goes_down(store):
    assert raise_number(store, "trusted-time", 10) == 10
    assert raise_number(store, "trusted-time", 7) == 10
    assert raise_number(store, "trusted-time", 12) == 12
    assert read_number(store, "trusted-time") == 12


def test_a_number_that_is_none_is_damage(store):
    write_state(store, "trusted-time", b"noon")

    with pytest.raises(StoreError):
        read_number(store, "trusted-time")
