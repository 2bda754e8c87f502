"""What is remembered of a person who signs in."""

from proximity.authority.accounts.model import accounts


def test_no_column_could_hold_a_password():
    assert set(accounts.c.keys()) == {"email", "role", "password_hash", "made_s"}
