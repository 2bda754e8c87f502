"""The pages of the door."""

import json
import re

import pyotp
import pytest
from console_world import Browser
from soft_authenticator import SoftAuthenticator
from sqlalchemy import select

from proximity.authority.accounts.enrolment import new_enrolment
from proximity.authority.accounts.model import Role, officers, sessions
from proximity.authority.accounts.sign_in_pages import FRESH_S
from proximity.authority.service.app import ServiceApp

PASSWORD = "a sentence that nobody says"  # noqa: S105 - of a test


@pytest.fixture
def newcomer(world, someone):
    """Return a browser, an address and a code that was handed over."""
    lan = someone(Role.TRACER, "02641").officer
    with world.authority.engine.begin() as connection:
        code = new_enrolment(connection, world.authority, lan.id)
    return Browser(ServiceApp(world.authority, {})), lan, code


def redeem(newcomer, **fields):
    browser, lan, code = newcomer
    sent = {
        "email": lan.email,
        "enrolment": code,
        "password": PASSWORD,
        "again": PASSWORD,
    }
    return browser.post("/console/welcome", sent | fields)


def set_up(browser, now_s):
    page = browser.get("/console/set-up").text
    secret = re.search(r'name="secret" value="(\w+)"', page)[1]
    code = pyotp.TOTP(secret).at(int(now_s))
    fields = {"secret": secret, "code": code}
    return secret, browser.post("/console/set-up/code", fields)


def test_from_the_first_code_to_password_and_app_and_back(newcomer, clock):
    browser, lan, _ = newcomer
    assert redeem(newcomer).header("location") == "/console/set-up"
    before = browser.cookies["proximity-session"]
    assert browser.get("/console/today").header("location") == "/console/set-up"
    secret, seen = set_up(browser, clock.now_s)
    assert seen.header("location") == "/console/today"
    assert browser.cookies["proximity-session"] != before

    assert browser.post("/console/sign-out").status == 303
    assert "proximity-session" not in browser.cookies
    clock.now_s += 30
    code = pyotp.TOTP(secret).at(int(clock.now_s))
    knock = {"email": lan.email, "password": PASSWORD, "code": code}
    assert browser.post("/console/sign-in", knock).header("location").endswith("/today")


def test_a_wrong_knock_says_nothing_of_what_was_typed(newcomer):
    browser, lan, _ = newcomer
    knock = {"email": lan.email, "password": "something that is wrong", "code": "1"}
    seen = browser.post("/console/sign-in", knock)

    assert seen.status == 400
    assert lan.email not in seen.text
    assert "something" not in seen.text


def test_passwords_that_differ_and_weak_ones_are_refused_on_the_page(newcomer):
    assert "không giống" in redeem(newcomer, again="another").text
    weak = {"password": "x", "again": "x"}
    assert "12 đến 256" in redeem(newcomer, **weak).text


def test_a_token_that_a_browser_brings_along_is_never_taken_over(newcomer, clock):
    """Session fixation: the stranger's token opens nothing afterwards."""
    browser, _, _ = newcomer
    planted = "ab" * 32
    browser.cookies["proximity-session"] = planted
    # Its form belongs to no session, so to the browser.
    fields = {"csrf": Browser(browser.app).form_token}
    redeem(newcomer, **fields)
    assert browser.cookies["proximity-session"] != planted

    thief = Browser(browser.app, planted)
    assert thief.get("/console/set-up").header("location") == "/console/sign-in"


def test_a_wrong_code_keeps_the_secret_on_the_page(newcomer, clock):
    browser = newcomer[0]
    redeem(newcomer)
    secret = re.search(
        r'name="secret" value="(\w+)"', browser.get("/console/set-up").text
    )[1]
    seen = browser.post("/console/set-up/code", {"secret": secret, "code": "000000"})

    assert seen.status == 400
    assert secret in seen.text
    bad = browser.post("/console/set-up/code", {"secret": "x", "code": "000000"})
    assert bad.status == 400


def test_a_passkey_is_set_up_and_opens_the_door(newcomer):
    browser, lan, _ = newcomer
    redeem(newcomer)
    device = SoftAuthenticator()
    options = _json(browser.post("/console/set-up/passkey-options"))
    fields = {"answer": device.create(options), "label": "Điện thoại"}
    made = browser.post("/console/set-up/passkey", fields)
    assert _json(made) == {"to": "/console/today"}
    browser.post("/console/sign-out")

    options = _json(browser.post("/console/sign-in/passkey-options"))
    answer = {"answer": device.get(options)}
    assert _json(browser.post("/console/sign-in/passkey", answer))["to"]
    assert lan.name in browser.get("/console/today").text


def test_a_passkey_that_does_not_hold_is_said_in_words(newcomer):
    browser = newcomer[0]
    redeem(newcomer)
    browser.post("/console/set-up/passkey-options")

    made = browser.post("/console/set-up/passkey", {"answer": "{}"})
    knock = browser.post("/console/sign-in/passkey", {"answer": "{}"})
    assert "error" in _json(made)
    assert (knock.status, list(_json(knock))) == (400, ["error"])


def test_ways_of_signing_in_change_only_in_a_fresh_session(someone, clock):
    lan = someone(Role.TRACER, "02641")
    clock.now_s += FRESH_S + 1

    for path in ("/set-up/passkey-options", "/set-up/passkey", "/set-up/code"):
        assert lan.browser.post(f"/console{path}").status == 400


def test_who_changes_the_app_ends_their_other_sessions(world, someone, clock):
    lan = someone(Role.TRACER, "02641")
    secret, seen = set_up(lan.browser, clock.now_s)

    assert "done=me.code-changed" in seen.header("location")
    with world.authority.engine.begin() as connection:
        row = connection.execute(
            select(officers.c.totp_sealed).where(officers.c.id == lan.officer.id)
        ).one()
        ended = select(sessions.c.ended_s).where(sessions.c.officer == lan.officer.id)
        assert connection.execute(ended).scalars().all() == [None]
    assert secret.encode() not in row.totp_sealed


def _json(seen):
    return json.loads(seen.text)


def test_a_code_that_was_left_over_opens_no_account_that_is_in_use(
    world, newcomer, clock
):
    """One officer could else take over an account of which they made the code."""
    browser, lan, _ = newcomer
    redeem(newcomer)
    with world.authority.engine.begin() as connection:
        left_over = new_enrolment(connection, world.authority, lan.id)
    set_up(browser, clock.now_s)
    thief = Browser(browser.app), lan, left_over

    assert redeem(thief).status == 400


def test_who_knows_the_password_alone_sets_no_factor_once_there_is_one(newcomer, clock):
    browser, lan, _ = newcomer
    redeem(newcomer)
    thief = Browser(browser.app)
    knock = {"email": lan.email, "password": PASSWORD, "code": ""}
    assert thief.post("/console/sign-in", knock).header("location").endswith("/set-up")
    page = thief.get("/console/set-up").text
    secret = re.search(r'name="secret" value="(\w+)"', page)[1]
    set_up(browser, clock.now_s)

    fields = {"secret": secret, "code": pyotp.TOTP(secret).at(int(clock.now_s))}
    assert (
        thief.post("/console/set-up/code", fields)
        .header("location")
        .endswith("/sign-in")
    )
