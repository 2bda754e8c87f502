"""Resets and grants, once approved."""

import pytest

from proximity.authority.accounts.deeds import GRANT, RESET
from proximity.authority.accounts.four_eyes import (
    Names,
    Verdict,
    Wish,
    ask_for,
    decide,
    find_request,
)
from proximity.authority.accounts.model import Role
from proximity.authority.accounts.officers import load_officer, officer_names
from proximity.authority.accounts.refusal import RefusalError
from proximity.authority.accounts.sessions import find_session


@pytest.fixture
def through(world, someone):
    """Return what asks for a deed and has it approved."""
    asker = someone(Role.ADMINISTRATOR).officer
    other = someone(Role.SUPERVISOR).officer
    authority = world.authority

    def put(deed, subject, details):
        wish = Wish(deed, world.units["02641"], subject, details)
        with authority.engine.begin() as connection:
            request = ask_for(connection, authority, asker, wish)
            names = Names(officer_names(connection, {subject}), {"02641": "Cốc Lếu"})
            said = deed.describe(find_request(connection, request), names)
        shown = decide(
            authority, other, request, Verdict.APPROVE, deeds={deed.kind: deed}
        )
        return shown, said

    return put


def test_a_reset_ends_every_session_and_shows_a_code(authority, someone, through):
    lan = someone(Role.TRACER, "02641")
    shown, said = through(RESET, lan.officer.id, {})

    assert len(shown) == 19
    assert (said["name"], said["unit"]) == (lan.officer.name, "Cốc Lếu")
    with authority.engine.begin() as connection:
        assert find_session(connection, lan.person.token, authority.now_s) is None


def test_a_grant_counts_when_it_is_approved(authority, someone, through):
    lan = someone(Role.STATISTICIAN, "02641").officer
    details = {"role": "epidemiologist", "unit": "02641"}
    shown, said = through(GRANT, lan.id, details)

    assert shown == ""
    assert said["role"] == "epidemiologist"
    with authority.engine.begin() as connection:
        roles = {grant.role for grant in load_officer(connection, lan.id).grants}
    assert roles == {Role.STATISTICIAN, Role.EPIDEMIOLOGIST}


def test_there_is_no_reset_of_nobody(through):
    with pytest.raises(RefusalError, match="no such account"):
        through(RESET, "nobody", {})
