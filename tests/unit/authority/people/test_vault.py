"""What is sealed opens only as what it is, with keys that lie outside."""

import os

import pytest

from proximity.authority.people.key_store import KeyStore
from proximity.authority.people.vault import MASTER_FILE, Slot, Vault
from proximity.errors import DamagedRecordError, StoreError


class Plain:
    """A passphrase that seals nothing."""

    def seal(self, data: bytes, name: str) -> bytes:
        return name.encode() + data

    def unseal(self, sealed: bytes, name: str) -> bytes:
        return sealed.removeprefix(name.encode())


@pytest.fixture
def vault(tmp_path):
    store = KeyStore("", tmp_path)
    made = Vault(tmp_path, Plain(), store, os.urandom)
    made.ensure_master()
    yield made
    store.close()


SLOT = Slot(7, "10-080", 1)


def test_a_value_comes_back(vault):
    key, wrapped = vault.new_key(SLOT, 9)
    sealed = vault.seal(key, "name", "Trần Thị B")

    assert vault.unseal(vault.unwrap(SLOT, wrapped), "name", sealed) == "Trần Thị B"


def test_one_value_is_never_sealed_twice_alike(vault):
    key, _ = vault.new_key(SLOT, 9)

    assert vault.seal(key, "name", "x") != vault.seal(key, "name", "x")


@pytest.mark.parametrize("change", ["person", "unit", "version", "day", "id", "bit"])
def test_a_record_key_opens_only_where_it_belongs(vault, change):
    _, wrapped = vault.new_key(SLOT, 9)
    other = {
        "person": (SLOT._replace(person=8), wrapped),
        "unit": (SLOT._replace(unit="10-081"), wrapped),
        "version": (SLOT._replace(version=2), wrapped),
        "day": (SLOT, wrapped._replace(forget_day=10)),
        "id": (SLOT, wrapped._replace(key_id=bytes(16))),
        "bit": (SLOT, wrapped._replace(wrapped=wrapped.wrapped[:-1] + b"\0")),
    }[change]

    with pytest.raises(DamagedRecordError, match="person"):
        vault.unwrap(*other)


@pytest.mark.parametrize("change", ["field", "person", "version", "short", "empty"])
def test_a_ciphertext_opens_only_where_it_belongs(vault, change):
    key, _ = vault.new_key(SLOT, 9)
    sealed = vault.seal(key, "name", "Trần Thị B")
    moved, field, data = {
        "field": (key, "address", sealed),
        "person": (key._replace(slot=SLOT._replace(person=8)), "name", sealed),
        "version": (key._replace(slot=SLOT._replace(version=2)), "name", sealed),
        "short": (key, "name", sealed[:20]),
        "empty": (key, "name", b""),
    }[change]

    with pytest.raises(DamagedRecordError) as caught:
        vault.unseal(moved, field, data)
    assert "Trần" not in str(caught.value)


def test_a_length_tells_neither_a_short_name_nor_a_long_one(vault):
    key, _ = vault.new_key(SLOT, 9)
    lengths = {len(vault.seal(key, "name", "x" * n)) for n in range(1, 64)}

    assert len(lengths) == 1


def test_a_key_lives_on_with_another_day(vault):
    key, wrapped = vault.new_key(SLOT, 9)
    longer = vault.rewrap(key, wrapped.key_id, 30)

    assert vault.unwrap(SLOT, longer).data == key.data


def test_tokens_are_of_one_unit_and_one_master(vault, tmp_path):
    one, same, other = (vault.tokens(u, ["word:an"]) for u in ("a", "a", "b"))
    (tmp_path / "second").mkdir()
    second_store = KeyStore("", tmp_path / "second")
    second = Vault(tmp_path / "second", Plain(), second_store, os.urandom)
    second.ensure_master()

    assert one == same != other
    assert second.tokens("a", ["word:an"]) != one
    assert all(0 <= token < 2**63 for token in one + other)
    second_store.close()


def test_the_master_key_is_made_once(vault, tmp_path):
    before = (tmp_path / "keys" / MASTER_FILE).read_bytes()
    vault.ensure_master()

    assert (tmp_path / "keys" / MASTER_FILE).read_bytes() == before
    assert (tmp_path / "keys" / MASTER_FILE).stat().st_mode & 0o777 == 0o600
    assert list((tmp_path / "keys").iterdir()) == [tmp_path / "keys" / MASTER_FILE]


def test_a_lost_master_key_is_not_replaced_while_records_need_it(vault, tmp_path):
    _, wrapped = vault.new_key(SLOT, 9)
    vault.key_store.put([wrapped])
    (tmp_path / "keys" / MASTER_FILE).unlink()

    with pytest.raises(StoreError, match="missing"):
        vault.ensure_master()
    with pytest.raises(StoreError, match="missing"):
        Vault(tmp_path, Plain(), vault.key_store, os.urandom).tokens("a", ["x"])


def test_nothing_tells_a_key(vault):
    key, wrapped = vault.new_key(SLOT, 9)

    assert (repr(vault), repr(key)) == ("<Vault>", "<RecordKey>")
    assert key.data.hex() not in repr(wrapped)
