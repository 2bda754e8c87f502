"""From a code that was handed over to credentials of one's own."""

import pytest
from sqlalchemy import select

from proximity.authority.accounts.attempts import TRIES_OF_ACCOUNT
from proximity.authority.accounts.enrolment import (
    CODE_LIFE_S,
    mark_enrolled,
    new_enrolment,
    redeem_enrolment,
    strip_credentials,
)
from proximity.authority.accounts.model import Role, enrolments, officers
from proximity.authority.accounts.refusal import RefusalError
from proximity.authority.accounts.sessions import live_sessions
from proximity.authority.api_error import ApiError

PASSWORD = "a sentence that nobody says"  # noqa: S105 - of a test


@pytest.fixture
def lan(someone):
    return someone(Role.TRACER, "02641").officer


def hand_over(authority, officer):
    with authority.engine.begin() as connection:
        return new_enrolment(connection, authority, officer.id)


def redeem(authority, officer, code, password=PASSWORD):
    return redeem_enrolment(
        authority, officer.email, code, password, client="192.0.2.1"
    )


def test_a_code_works_once_however_it_is_typed(authority, lan):
    code = hand_over(authority, lan)

    assert redeem(authority, lan, f" {code.upper().replace('-', ' ')} ") == lan.id
    with pytest.raises(ApiError, match="do not fit"):
        redeem(authority, lan, code)


def test_a_newer_code_ends_the_older(authority, lan):
    older, newer = hand_over(authority, lan), hand_over(authority, lan)

    with pytest.raises(ApiError):
        redeem(authority, lan, older)
    assert redeem(authority, lan, newer) == lan.id


def test_a_code_is_over_after_three_days(authority, lan, clock):
    code = hand_over(authority, lan)
    clock.now_s += CODE_LIFE_S

    with pytest.raises(ApiError):
        redeem(authority, lan, code)


def test_a_weak_password_does_not_use_the_code_up(authority, lan):
    code = hand_over(authority, lan)
    with pytest.raises(RefusalError):
        redeem(authority, lan, code, "short")

    assert redeem(authority, lan, code) == lan.id


def test_guessing_is_bounded(authority, lan):
    code = hand_over(authority, lan)
    for _ in range(TRIES_OF_ACCOUNT):
        with pytest.raises(ApiError):
            redeem(authority, lan, "aaaa-aaaa-aaaa-aaaa")

    with pytest.raises(ApiError) as caught:
        redeem(authority, lan, code)
    assert caught.value.status == 429


def test_a_code_is_of_one_address(authority, lan, someone):
    code = hand_over(authority, lan)
    other = someone(Role.TRACER, "02635").officer

    with pytest.raises(ApiError):
        redeem(authority, other, code)


def test_the_code_is_not_kept(authority, lan):
    code = hand_over(authority, lan)
    with authority.engine.begin() as connection:
        kept = str(connection.execute(select(enrolments)).all())

    assert code not in kept
    assert code.replace("-", "") not in kept


def test_a_reset_leaves_no_way_in_but_the_new_code(authority, lan):
    redeem(authority, lan, hand_over(authority, lan))
    with authority.engine.begin() as connection:
        code = strip_credentials(connection, authority, lan.id)
        row = connection.execute(select(officers).where(officers.c.id == lan.id)).one()
        assert (row.password_hash, row.totp_sealed) == (None, None)
        assert live_sessions(connection, lan.id, authority.now_s) == []

    assert redeem(authority, lan, code) == lan.id


def test_who_was_set_up_once_stays_counted(authority, lan):
    with authority.engine.begin() as connection:
        mark_enrolled(connection, lan.id, authority.now_s + 9)
        strip_credentials(connection, authority, lan.id)
        since = select(officers.c.enrolled_s).where(officers.c.id == lan.id)

        assert connection.execute(since).scalar() == authority.now_s
