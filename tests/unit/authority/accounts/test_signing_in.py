"""From a proof of who somebody is to a session."""

import pyotp
import pytest
from soft_authenticator import SoftAuthenticator
from sqlalchemy import select

from proximity.authority.accounts.attempts import TRIES_OF_ACCOUNT
from proximity.authority.accounts.model import Role, officers
from proximity.authority.accounts.officers import lock_account
from proximity.authority.accounts.one_time_codes import new_secret, set_secret
from proximity.authority.accounts.passkeys import (
    Place,
    add_passkey,
    creation_options,
    request_options,
)
from proximity.authority.accounts.passwords import hash_password
from proximity.authority.accounts.sessions import TOTP, find_session
from proximity.authority.accounts.signing_in import (
    Knock,
    finish_enrolling,
    sign_in,
    sign_in_by_passkey,
)
from proximity.authority.api_error import ApiError

PASSWORD = "a sentence that nobody says"  # noqa: S105 - of a test
HERE = Place("http://localhost", b"browser")


@pytest.fixture
def lan(authority, someone):
    officer = someone(Role.TRACER, "02641").officer
    with authority.engine.begin() as connection:
        connection.execute(
            officers.update()
            .where(officers.c.id == officer.id)
            .values(password_hash=hash_password(PASSWORD))
        )
    return officer


@pytest.fixture
def secret(authority, lan):
    made = new_secret(authority)
    with authority.engine.begin() as connection:
        set_secret(connection, authority, lan.id, secret=made, step=0)
    return made


def knock(authority, officer, code="", password=PASSWORD):
    return sign_in(
        authority, Knock(officer.email.upper(), password, code, "192.0.2.1", "test")
    )


def session_of(authority, token):
    with authority.engine.begin() as connection:
        return find_session(connection, token, authority.now_s)


def test_a_password_alone_gets_as_far_as_setting_up(authority, lan):
    entry = knock(authority, lan)

    assert entry.is_enrolling
    assert session_of(authority, entry.token).is_enrolling


def test_password_and_code_open_the_console(authority, lan, secret, clock):
    entry = knock(authority, lan, pyotp.TOTP(secret).at(int(clock.now_s)))

    assert not entry.is_enrolling
    assert session_of(authority, entry.token).proof == TOTP


def test_one_refusal_for_everything_that_does_not_fit(authority, lan, secret, clock):
    code = pyotp.TOTP(secret).at(int(clock.now_s))
    nobody = lan._replace(email="nobody@example.org")
    said = set()
    for officer, typed, password in (
        (lan, "", PASSWORD),
        (lan, "000000", PASSWORD),
        (lan, code, "a sentence that somebody says"),
        (nobody, code, PASSWORD),
    ):
        with pytest.raises(ApiError) as caught:
            knock(authority, officer, typed, password)
        said.add((str(caught.value), caught.value.status, caught.value.code))

    assert len(said) == 1


def test_the_right_ones_do_not_help_after_too_many_wrong_ones(
    authority, lan, secret, clock
):
    for _ in range(TRIES_OF_ACCOUNT):
        with pytest.raises(ApiError):
            knock(authority, lan, "000000")

    with pytest.raises(ApiError) as caught:
        knock(authority, lan, pyotp.TOTP(secret).at(int(clock.now_s)))
    assert caught.value.status == 429


def test_a_locked_account_does_not_open(authority, lan, secret, clock):
    with authority.engine.begin() as connection:
        lock_account(connection, lan.id, "root", authority.now_s)

    with pytest.raises(ApiError, match="did not fit"):
        knock(authority, lan, pyotp.TOTP(secret).at(int(clock.now_s)))


def add_key(authority, officer):
    device = SoftAuthenticator()
    with authority.engine.begin() as connection:
        options = creation_options(connection, authority, officer, HERE)
        add_passkey(
            connection,
            authority,
            officer.id,
            HERE,
            answer=device.create(options),
            label="",
        )
    return device


def by_key(authority, device):
    with authority.engine.begin() as connection:
        options = request_options(connection, authority, HERE)
    return sign_in_by_passkey(
        authority, HERE, device.get(options), client="192.0.2.1", agent=""
    )


def test_a_passkey_opens_the_console(authority, lan):
    assert by_key(authority, add_key(authority, lan)).officer == lan.id


def test_who_has_a_passkey_does_not_come_in_by_password_alone(authority, lan):
    add_key(authority, lan)

    with pytest.raises(ApiError):
        knock(authority, lan)


def test_a_passkey_of_a_locked_account_does_not_open(authority, lan):
    device = add_key(authority, lan)
    with authority.engine.begin() as connection:
        lock_account(connection, lan.id, "root", authority.now_s)

    with pytest.raises(ApiError):
        by_key(authority, device)


def test_wrong_answers_of_passkeys_are_counted(authority):
    for _ in range(TRIES_OF_ACCOUNT):
        with pytest.raises(ApiError, match="did not fit"):
            sign_in_by_passkey(authority, HERE, "{}", client="192.0.2.1", agent="")

    with pytest.raises(ApiError, match="too many"):
        sign_in_by_passkey(authority, HERE, "{}", client="192.0.2.1", agent="")


def test_the_token_changes_when_the_second_factor_is_there(authority, lan):
    entry = knock(authority, lan)
    session = session_of(authority, entry.token)
    with authority.engine.begin() as connection:
        token = finish_enrolling(connection, authority, session, TOTP)
        since = select(officers.c.enrolled_s).where(officers.c.id == lan.id)
        assert connection.execute(since).scalar() is not None

    assert session_of(authority, entry.token) is None
    assert not session_of(authority, token).is_enrolling
