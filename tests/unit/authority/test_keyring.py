"""Secrets that change by themselves."""

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import SQLAlchemyError

from proximity.authority.database import reading
from proximity.authority.keyring import (
    CERTIFICATE,
    CODE,
    SPREAD_S,
    Keyring,
    load_passphrase,
    make_passphrase,
    secrets_table,
)
from proximity.errors import StoreError
from proximity.units import DAY_S


def test_a_key_is_used_thirty_days_and_shown_an_hour_before_it_signs(authority, clock):
    first = authority.keyring.current(CERTIFICATE).kid
    clock.now_s += 29 * DAY_S
    authority.keyring.rotate()
    assert authority.keyring.current(CERTIFICATE).kid == first

    clock.now_s += DAY_S
    authority.keyring.rotate()
    assert len(authority.keyring.public_keys(CERTIFICATE)) == 2
    assert authority.keyring.current(CERTIFICATE).kid == first

    clock.now_s += 3_600
    assert authority.keyring.current(CERTIFICATE).kid != first


def test_an_old_key_is_believed_for_a_while_then_deleted(authority, clock):
    first = authority.keyring.current(CODE).kid
    clock.now_s += 3 * DAY_S
    authority.keyring.rotate()
    assert {first} < {each.kid for each in authority.keyring.believed(CODE)}

    clock.now_s += 2 * DAY_S + SPREAD_S
    assert first not in {each.kid for each in authority.keyring.believed(CODE)}
    authority.keyring.rotate()
    with reading(authority.engine) as connection:
        kids = connection.execute(select(secrets_table.c.kid)).scalars().all()
    assert first not in kids


def test_force_replaces_every_kind(authority, clock):
    before = {kind: authority.keyring.current(kind).kid for kind in (CODE, CERTIFICATE)}

    assert authority.keyring.rotate(force=True) == 5
    clock.now_s += SPREAD_S
    assert authority.keyring.current(CODE).kid != before[CODE]


def test_every_process_knows_a_secret_before_any_uses_it(authority, clock):
    late = Keyring(authority.engine, authority.passphrase, clock)
    late.current(CODE)
    clock.now_s += 59
    authority.keyring.rotate(force=True)
    seen = []
    for _ in range(SPREAD_S + 1):
        clock.now_s += 1
        used = authority.keyring.current(CODE).kid
        assert used in {each.kid for each in late.believed(CODE)}
        seen.append(used)

    assert len(set(seen)) == 2


def test_nothing_is_readable_without_the_passphrase(authority, clock):
    with pytest.raises(StoreError, match="passphrase"):
        Keyring(authority.engine, b"guessed", clock).current(CODE)


def test_a_wrong_passphrase_adds_no_secret_that_nobody_else_can_open(authority, clock):
    clock.now_s += 40 * DAY_S
    with pytest.raises(StoreError, match="passphrase"):
        Keyring(authority.engine, b"guessed", clock).rotate(force=True)

    assert authority.keyring.current(CODE)


def test_a_secret_does_not_show_itself(authority):
    secret = authority.keyring.current(CODE)

    assert secret.data.hex() not in repr(secret)
    assert repr(authority.keyring) == "<Keyring>"


def test_the_passphrase_is_a_private_file_or_a_variable(tmp_path):
    make_passphrase(tmp_path, lambda n: b"\x01" * n)

    assert load_passphrase(tmp_path, {}) == b"01" * 32
    assert (tmp_path / "passphrase").stat().st_mode & 0o777 == 0o600
    environment = {"PROXIMITY_AUTHORITY_PASSPHRASE": "of the environment"}
    assert load_passphrase(tmp_path, environment) == b"of the environment"


def test_a_missing_passphrase_is_named(tmp_path):
    with pytest.raises(StoreError, match="missing"):
        load_passphrase(tmp_path, {})


def test_who_asks_for_a_secret_after_a_refresh_reads_nothing(authority, clock):
    keyring = Keyring(authority.engine, authority.passphrase, clock)
    keyring.refresh()
    authority.keyring.rotate(force=True)
    clock.now_s += 59
    old = {each.kid for each in keyring.believed(CODE)}

    keyring.refresh()
    clock.now_s += 59

    statements = []
    event.listen(
        authority.engine, "before_cursor_execute", lambda *it: statements.append(it)
    )
    assert old < {each.kid for each in keyring.believed(CODE)}
    assert statements == []


def test_a_database_that_is_away_takes_no_secret_that_was_read(authority, clock):
    keyring = Keyring(authority.engine, authority.passphrase, clock)
    keyring.refresh()
    with authority.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE secrets")

    with pytest.raises(SQLAlchemyError):
        keyring.refresh()
    assert keyring.current(CODE)


def test_what_is_sealed_opens_under_its_label_alone(authority):
    sealed = authority.keyring.seal(b"a secret", "totp:a")

    assert b"secret" not in sealed
    assert authority.keyring.unseal(sealed, "totp:a") == b"a secret"
    assert authority.keyring.seal(b"a secret", "totp:a") != sealed
    for data, label in ((sealed, "totp:b"), (sealed[:-1], "totp:a"), (b"", "totp:a")):
        with pytest.raises(StoreError):
            authority.keyring.unseal(data, label)
