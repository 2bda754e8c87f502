"""How often somebody may try."""

import pytest

from proximity.authority.accounts.attempts import (
    TRIES_OF_ACCOUNT,
    TRIES_OF_CLIENT,
    WINDOW_S,
    Attempt,
)
from proximity.authority.api_error import ApiError
from proximity.authority.verification.model import attempts


def fail(authority, times, account="lan@example.org", client="192.0.2.1"):
    for at in range(times):
        with authority.engine.begin() as connection:
            Attempt(authority, account.format(at), client).count(connection)


def check(authority, account="lan@example.org", client="192.0.2.1"):
    with authority.engine.begin() as connection:
        Attempt(authority, account, client).check(connection)


def test_an_account_has_a_few_tries_whoever_asks(authority):
    fail(authority, TRIES_OF_ACCOUNT - 1)
    check(authority)
    fail(authority, 1)

    with pytest.raises(ApiError) as caught:
        check(authority, "LAN@example.org", "198.51.100.7")
    assert caught.value.status == 429


def test_a_client_has_more_for_all_accounts_together(authority):
    fail(authority, TRIES_OF_CLIENT, "{}@example.org")

    check(authority, "else@example.org", "198.51.100.7")
    with pytest.raises(ApiError, match="too many"):
        check(authority, "else@example.org")


def test_a_quarter_of_an_hour_later_it_is_forgotten(authority, clock):
    fail(authority, TRIES_OF_ACCOUNT)
    clock.now_s += WINDOW_S

    check(authority)


def test_neither_address_is_kept(authority):
    fail(authority, 1)
    with authority.engine.begin() as connection:
        kept = str(connection.execute(attempts.select()).all())

    assert "lan" not in kept
    assert "192.0.2.1" not in kept
