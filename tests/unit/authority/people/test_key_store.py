"""Keys that are there until their day, and leave nothing behind."""

import os
import sqlite3

import pytest

from proximity.authority.people.key_store import (
    KEY_STORE_FILE,
    KeyStore,
    Tail,
    WrappedKey,
)
from proximity.errors import LockedError, StoreError


def make_key(day: int) -> WrappedKey:
    return WrappedKey(os.urandom(16), os.urandom(60), day)


@pytest.fixture
def store(tmp_path):
    made = KeyStore("", tmp_path)
    yield made
    made.close()


def test_a_key_comes_back_as_it_was(store):
    keys = [make_key(day) for day in range(3)]
    store.put(keys)

    assert store.get([key.key_id for key in keys]) == {key.key_id: key for key in keys}
    assert store.get([os.urandom(16)]) == {}
    assert store.count() == 3


def test_a_key_that_is_put_again_has_its_new_day(store):
    key = make_key(1)
    store.put([key])
    store.put([key._replace(forget_day=9)])

    assert store.count(due_on=5) == 0
    assert store.get([key.key_id])[key.key_id].forget_day == 9


def test_destroyed_keys_are_in_no_file(store, tmp_path):
    keys = [make_key(day % 4) for day in range(1_200)]
    store.put(keys)
    named = [key for key in keys if key.forget_day == 3][::2]

    assert store.destroy_due(1) == 600
    store.destroy([key.key_id for key in named])

    gone = [key for key in keys if key.forget_day <= 1] + named
    kept = [key for key in keys if key not in gone]
    assert store.count() == len(kept)
    data = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert [key for key in gone if key.wrapped[:12] in data] == []
    assert all(key.wrapped in data for key in kept)


def test_who_still_reads_is_told_of(store, tmp_path, monkeypatch):
    store.put([make_key(1)])
    other = sqlite3.connect(tmp_path / KEY_STORE_FILE, isolation_level=None)
    other.execute("BEGIN")
    other.execute("SELECT * FROM record_keys").fetchall()
    # Nobody waits twenty seconds here for the reader to go.
    monkeypatch.setattr("proximity.authority.database._BUSY_S", 0.01)
    impatient = KeyStore("", tmp_path)

    with pytest.raises(LockedError):
        impatient.destroy_due(1)
    other.close()
    assert impatient.destroy_due(1) == 0
    impatient.close()


def test_the_end_of_the_audit_only_moves_on(store):
    assert store.tail() is None
    store.note_tail(Tail(3, b"c" * 32))
    store.note_tail(Tail(2, b"b" * 32))

    assert store.tail() == Tail(3, b"c" * 32)


def test_the_file_is_for_its_owner_alone(store, tmp_path):
    store.put([make_key(1)])

    assert (tmp_path / KEY_STORE_FILE).stat().st_mode & 0o777 == 0o600


def test_a_place_that_cannot_be_used_is_named(tmp_path):
    store = KeyStore(str(tmp_path / "none" / "keys.sqlite"), tmp_path)

    with pytest.raises(StoreError, match="key store"):
        store.get([])


def test_neither_store_nor_key_tells_anything(store):
    assert repr(store) == "<KeyStore>"
    assert repr(WrappedKey(b"id", b"secret", 4)) == "<WrappedKey until day 4>"
