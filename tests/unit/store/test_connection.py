import sqlite3

import pytest

from proximity.errors import LockedError, StoreError
from proximity.store.connection import damaged, read_rows, storage_errors, transaction
from proximity.store.schema import open_store
from proximity.store.state import read_state, write_state


def test_a_transaction_that_fails_leaves_nothing(store):
    def fail():
        with transaction(store):
            write_state(store, "name", b"value")
            raise KeyError

    with pytest.raises(KeyError):
        fail()

    assert read_state(store, "name") is None
    assert not store.in_transaction


def test_an_inner_transaction_is_undone_with_the_outer_one(store):
    def fail():
        with transaction(store):
            with transaction(store):
                write_state(store, "name", b"value")
            raise KeyError

    with pytest.raises(KeyError):
        fail()

    assert read_state(store, "name") is None


def test_a_second_writer_is_told_that_the_store_is_locked(store, tmp_path):
    other = open_store(tmp_path / "store.sqlite")
    other.execute("PRAGMA busy_timeout = 1")

    with transaction(store), pytest.raises(LockedError) as caught:
        write_state(other, "name", b"value")

    other.close()
    assert "Wait" in caught.value.hint


def test_a_reader_is_not_stopped_by_a_writer(store, tmp_path):
    write_state(store, "name", b"old")
    other = open_store(tmp_path / "store.sqlite")
    with transaction(store):
        write_state(store, "name", b"new")
        seen = read_state(other, "name")

    assert seen == b"old"
    assert read_state(other, "name") == b"new"
    other.close()


def test_a_full_disk_is_named_and_loses_nothing_stored(store):
    write_state(store, "kept", b"value")
    (pages,) = store.execute("PRAGMA page_count").fetchone()
    store.execute(f"PRAGMA max_page_count = {pages}")

    with pytest.raises(StoreError, match="full") as caught:
        write_state(store, "large", bytes(100_000))

    assert "Free" in caught.value.hint
    assert not store.in_transaction
    assert read_state(store, "kept") == b"value"
    assert read_state(store, "large") is None


def test_a_read_only_store_is_named(store):
    store.execute("PRAGMA query_only = ON")

    with pytest.raises(StoreError, match="cannot be read or written"):
        write_state(store, "name", b"value")


def test_mistakes_of_the_calling_code_keep_their_name(store):
    with pytest.raises(sqlite3.ProgrammingError):
        read_rows(store, "SELECT ?", (), types=(int,))


def test_a_column_of_another_type_is_damage(store):
    assert read_rows(store, "SELECT 1, NULL", types=(int, int | None)) == [(1, None)]
    with pytest.raises(StoreError, match="damaged"):
        read_rows(store, "SELECT 1, NULL", types=(int, int))
    with pytest.raises(StoreError, match="damaged"):
        read_rows(store, "SELECT 'one'", types=(int,))


def test_damage_is_named():
    with pytest.raises(StoreError, match="damaged"), storage_errors():
        raise sqlite3.DatabaseError("malformed")
    assert "Nothing was changed" in damaged().hint
