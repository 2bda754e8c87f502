"""A new authority."""

import pytest
from sqlalchemy import select

from proximity.authority.accounts.model import ROOT_UNIT, Grant, Role, officers
from proximity.authority.accounts.officers import load_officer
from proximity.authority.assembly import open_authority
from proximity.authority.database import check_schema, reading
from proximity.authority.founding import Administrator, found_authority
from proximity.authority.settings import is_initialised
from proximity.errors import PolicyError
from proximity.protocol.signature import load_public_key

ANA = Administrator("Ana@example.org", "a sentence that nobody says")


def test_everything_is_there(tmp_path):
    data = tmp_path / "authority"
    founded = found_authority(data, {}, administrator=ANA)

    opened = open_authority(data, {})
    check_schema(opened.engine)
    with reading(opened.engine) as connection:
        row = connection.execute(select(officers)).one()
        officer = load_officer(connection, row.id)
    opened.engine.dispose()
    assert row.email == "ana@example.org"
    assert ANA.password not in row.password_hash
    assert officer.grants == (Grant(Role.ADMINISTRATOR, ROOT_UNIT),)
    # The first sign-in has to set a second factor up.
    assert (row.totp_sealed, row.enrolled_s) == (None, None)
    assert load_public_key(founded.public_key.encode())
    assert len({founded.device_key, founded.admin_key, founded.stats_key}) == 3
    assert (founded.region, founded.key_id, founded.key_version) == ("VN", "VN", "v1")
    assert data.stat().st_mode & 0o777 == 0o700
    signing_key = (data / "keys" / "v1.pem").read_text()
    assert "ENCRYPTED PRIVATE KEY" in signing_key


def test_an_authority_is_not_made_twice(founded_once):
    directory, _ = founded_once

    with pytest.raises(PolicyError, match="already"):
        found_authority(directory, {})


def test_a_weak_password_makes_nothing(tmp_path):
    weak = Administrator("ana@example.org", "short")

    with pytest.raises(PolicyError) as caught:
        found_authority(tmp_path / "authority", {}, administrator=weak)

    assert "short" not in str(caught.value)
    assert not is_initialised(tmp_path / "authority")


def test_an_attempt_that_failed_can_be_made_again(tmp_path, monkeypatch):
    unreachable = {
        "PROXIMITY_AUTHORITY_DATABASE_URL": "postgresql://u@127.0.0.1:1/none"
    }
    with pytest.raises(Exception, match="database"):
        found_authority(tmp_path / "authority", unreachable)

    assert found_authority(tmp_path / "authority", {}).region == "VN"


def test_the_keys_of_the_api_are_not_in_a_repr(founded):
    assert founded.device_key not in repr(founded)
    assert repr(ANA) == "<Administrator>"
