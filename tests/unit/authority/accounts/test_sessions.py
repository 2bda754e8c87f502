"""Sessions end, by time and by word."""

import pytest
from sqlalchemy import select

from proximity.authority.accounts.model import Role, sessions
from proximity.authority.accounts.officers import lock_account
from proximity.authority.accounts.sessions import (
    ABSOLUTE_S,
    ENROLLING_S,
    IDLE_S,
    PASSKEY,
    PASSWORD,
    begin_session,
    end_session,
    end_sessions,
    find_session,
    forget_sessions,
    live_sessions,
    token_digest,
    touch_session,
)


@pytest.fixture
def lan(someone):
    return someone(Role.TRACER, "02641")


def find(authority, token):
    with authority.engine.begin() as connection:
        return find_session(connection, token, authority.now_s)


def test_only_a_digest_of_the_token_is_kept(authority, lan):
    with authority.engine.begin() as connection:
        kept = connection.execute(select(sessions.c.digest)).scalars().all()

    assert kept == [token_digest(lan.person.token)]
    assert len(lan.person.token) == 64


def test_a_session_that_is_not_used_is_over(authority, lan, clock):
    clock.now_s += IDLE_S - 1
    assert find(authority, lan.person.token)
    clock.now_s += 1

    assert find(authority, lan.person.token) is None


def test_use_keeps_a_session_but_not_for_ever(authority, lan, clock):
    begun_s = clock.now_s
    while (session := find(authority, lan.person.token)) is not None:
        touch_session(authority, session)
        clock.now_s += IDLE_S - 1

    assert ABSOLUTE_S <= clock.now_s - begun_s < ABSOLUTE_S + IDLE_S


def test_a_password_alone_gives_little_time(authority, lan, clock):
    with authority.engine.begin() as connection:
        token = begin_session(
            connection, authority, lan.person.id, proof=PASSWORD, agent=""
        )
    assert find(authority, token).is_enrolling
    clock.now_s += ENROLLING_S

    assert find(authority, token) is None


def test_one_is_ended_or_all_but_one(authority, lan):
    with authority.engine.begin() as connection:
        for _ in range(3):
            begin_session(connection, authority, lan.person.id, proof=PASSKEY, agent="")
        now_s = authority.now_s
        first, *_ = live_sessions(connection, lan.person.id, now_s)
        end_session(connection, first.id, now_s)
        kept, *_ = live_sessions(connection, lan.person.id, now_s)
        end_sessions(connection, lan.person.id, now_s, but=kept.id)

        assert live_sessions(connection, lan.person.id, now_s) == [kept]


def test_a_locked_account_has_none(authority, lan):
    with authority.engine.begin() as connection:
        lock_account(connection, lan.person.id, "root", authority.now_s)

    assert find(authority, lan.person.token) is None


def test_an_invented_token_opens_nothing(authority, lan):
    assert find(authority, "0" * 64) is None


def test_old_ones_are_forgotten(authority, lan, clock):
    clock.now_s += 31 * 86_400
    with authority.engine.begin() as connection:
        forget_sessions(connection, authority.now_s)

        assert connection.execute(select(sessions)).all() == []
