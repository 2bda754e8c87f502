"""One's own account."""

import pytest
from sqlalchemy import insert

from proximity.authority.accounts.model import Role, officers, passkeys
from proximity.authority.accounts.passwords import hash_password
from proximity.authority.accounts.sessions import PASSKEY, begin_session, live_sessions

OLD = "a sentence that nobody says"
NEW = "another sentence that nobody says"


@pytest.fixture
def lan(world, someone):
    made = someone(Role.TRACER, "02641")
    with world.authority.engine.begin() as connection:
        connection.execute(
            officers.update()
            .where(officers.c.id == made.officer.id)
            .values(password_hash=hash_password(OLD))
        )
        begin_session(
            connection, world.authority, made.officer.id, proof=PASSKEY, agent="Máy hai"
        )
    return made


def live(world, lan):
    with world.authority.engine.begin() as connection:
        return live_sessions(connection, lan.officer.id, world.authority.now_s)


def change(lan, **fields):
    sent = {"old": OLD, "new": NEW, "again": NEW}
    return lan.browser.post("/console/me/password", sent | fields)


def test_one_sees_rights_ways_and_sessions(lan):
    seen = lan.browser.get("/console/me").text

    for text in (lan.officer.email, "Cán bộ truy vết", "Máy hai"):
        assert text in seen


def test_a_password_changes_and_the_other_sessions_end(world, lan):
    assert "password-changed" in change(lan).header("location")

    assert len(live(world, lan)) == 1
    assert lan.browser.get("/console/me").status == 200
    assert change(lan).status == 400


@pytest.mark.parametrize(
    "fields", [{"old": "wrong"}, {"again": "other"}, {"new": "x", "again": "x"}]
)
def test_a_password_that_does_not_hold_is_not_taken(world, lan, fields):
    assert change(lan, **fields).status == 400
    assert len(live(world, lan)) == 2


def test_one_session_is_ended_or_all_others(world, lan):
    here, other = sorted(live(world, lan), key=lambda each: each.agent == "Máy hai")
    lan.browser.post(f"/console/me/sessions/{other.id}/end")
    assert live(world, lan) == [here]
    lan.browser.post("/console/me/sessions/end")

    assert live(world, lan) == [here]


def test_the_last_second_factor_stays(world, lan):
    for number in (1, 2):
        with world.authority.engine.begin() as connection:
            connection.execute(
                insert(passkeys).values(
                    id=bytes([number] * 3),
                    officer=lan.officer.id,
                    public_key=b"",
                    sign_count=0,
                    label=f"key {number}",
                    made_s=number,
                )
            )
    first = lan.browser.post("/console/me/passkeys/AQEB/remove")
    last = lan.browser.post("/console/me/passkeys/AgIC/remove")

    assert (first.status, last.status) == (303, 400)
    assert "key 2" in lan.browser.get("/console/me").text
