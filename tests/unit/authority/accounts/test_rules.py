"""The rules of accounts."""

import argon2
import pytest
from sqlalchemy import select

from proximity.authority.accounts.model import accounts
from proximity.authority.accounts.rules import add_account, check_account
from proximity.authority.database import reading
from proximity.errors import PolicyError

PASSWORD = "a sentence that nobody says"  # noqa: S105 - of a test


def test_a_password_is_kept_as_argon2id(authority):
    with authority.engine.begin() as connection:
        add_account(connection, "b@example.org", PASSWORD, role="admin", now_s=1)
    with reading(authority.engine) as connection:
        row = connection.execute(select(accounts)).one()

    assert row.password_hash.startswith("$argon2id$")
    assert argon2.PasswordHasher().verify(row.password_hash, PASSWORD)


@pytest.mark.parametrize("email", ["", "nobody", "a@", "@b", "a b@c", "a@b@c"])
def test_what_is_no_address_is_refused(email):
    with pytest.raises(PolicyError, match="e-mail"):
        check_account(email, PASSWORD)


@pytest.mark.parametrize("password", ["", "x" * 11, "x" * 257])
def test_a_password_has_its_bounds(password):
    with pytest.raises(PolicyError, match="password"):
        check_account("a@example.org", password)
