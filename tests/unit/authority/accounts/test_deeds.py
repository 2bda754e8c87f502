"""Resets and grants, once approved."""

import pytest

from proximity.authority.accounts.deeds import GRANT, MOVE, RESET
from proximity.authority.accounts.enrolment import (
    new_enrolment,
    redeem_enrolment,
)
from proximity.authority.accounts.four_eyes import (
    Names,
    Verdict,
    Wish,
    ask_for,
    decide,
    find_request,
)
from proximity.authority.accounts.model import Role
from proximity.authority.accounts.officers import (
    NewOfficer,
    add_officer,
    give_role,
    load_officer,
    officer_names,
)
from proximity.authority.accounts.refusal import RefusalError
from proximity.authority.accounts.sessions import find_session
from proximity.authority.api_error import ApiError


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


def test_a_reset_does_not_reach_further_than_when_it_was_asked_for(
    authority, someone, through
):
    """Two officers of a commune would else take over what the province gave since."""
    lan = someone(Role.STATISTICIAN, "02641").officer
    with authority.engine.begin() as connection:
        give_role(connection, lan.id, Role.SUPERVISOR, "10")

    with pytest.raises(RefusalError, match="reach further"):
        through(RESET, lan.id, {})


def test_the_second_officer_gets_the_first_code_of_who_gets_a_right(authority, through):
    """Whoever made the account could else set it up as a second one of their own."""
    new = NewOfficer("ab" * 8, "binh@example.org", "Bình", "02641")
    password = "a sentence that nobody says"  # noqa: S105 - of a test
    with authority.engine.begin() as connection:
        add_officer(connection, new, authority.now_s)
        older = new_enrolment(connection, authority, new.id)
    shown, _ = through(GRANT, new.id, {"role": "epidemiologist", "unit": "02641"})

    def redeem(code):
        return redeem_enrolment(authority, new.email, code, password, client="x")

    with pytest.raises(ApiError):
        redeem(older)
    assert redeem(shown) == new.id


def test_a_move_takes_roles_along_and_is_said_in_words(authority, someone, through):
    lan = someone(Role.TRACER, "02641").officer
    with authority.engine.begin() as connection:
        give_role(connection, lan.id, Role.STATISTICIAN, "080")
    # Asked for within the commune: it reaches beyond that.
    with pytest.raises(RefusalError, match="reach further"):
        through(MOVE, lan.id, {"from": "02641", "unit": "02635"})
