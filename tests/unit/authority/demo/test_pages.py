"""The pages of a demonstration."""

import json
from dataclasses import replace

import pytest
from console_world import Browser

from proximity.authority.accounts.model import Role
from proximity.authority.console.catalogue import load_catalogue
from proximity.authority.console.registry import Kind
from proximity.authority.demo.door import DemoDoor
from proximity.authority.demo.pages import pages
from proximity.authority.service.app import ServiceApp
from proximity.authority.verification.messenger import OUTBOX_FILE

DOOR = DemoDoor("ab" * 16, "AAAA-BBBB-CCCC")
MARKS = ("Dữ liệu tổng hợp — không phải người thật", "Synthetic data — no real person")


@pytest.fixture
def demo(authority):
    """Return the authority, as if it had been made for a demonstration."""
    return replace(authority, settings=replace(authority.settings, demo=True))


@pytest.fixture
def people(someone):
    return someone(Role.SUPERVISOR).person, someone(Role.TRACER, "02641").person


@pytest.fixture
def browser(demo, people):
    return Browser(ServiceApp(demo, {}, door=DOOR))


def test_a_link_signs_in_and_leads_to_the_start(browser, people):
    seen = browser.get(DOOR.address(people[1].id))

    assert (seen.status, seen.header("location")) == (303, "/console/today")
    assert people[1].id not in browser.get("/console/demo").text.split("<main")[0]
    assert browser.get("/console/worklist").status == 200
    assert browser.get("/console/audit").status == 403


def test_another_key_or_nobody_opens_nothing(browser, people):
    wrong = DemoDoor("cd" * 16, "")

    assert browser.get(wrong.address(people[0].id)).status == 404
    assert browser.get(DOOR.address("0" * 16)).status == 404
    assert browser.get("/console/demo/enter").status == 404
    assert "proximity-session" not in browser.cookies


def test_one_changes_roles_and_the_session_before_is_over(browser, people):
    browser.get(DOOR.address(people[0].id))
    before = browser.cookies["proximity-session"]
    seen = browser.post("/console/demo/become", {"officer": people[1].id})

    assert seen.status == 303
    assert browser.get("/console/audit").status == 403
    browser.cookies["proximity-session"] = before
    assert browser.get("/console/today").status == 303


def test_nobody_changes_roles_who_is_not_in(browser, people):
    seen = browser.post("/console/demo/become", {"officer": people[0].id})

    assert seen.header("location") == "/console/sign-in"


def test_every_page_says_in_both_languages_that_nobody_is_real(browser, people):
    browser.get(DOOR.address(people[0].id))

    for page in ("today", "demo", "nowhere", "my-record"):
        text = browser.get(f"/console/{page}?lang=en").text
        assert all(mark in text for mark in MARKS)


def test_the_page_shows_the_cast_the_receipt_and_what_phones_got(browser, people, demo):
    message = {"phone": "+841000000001", "text": "Mã <b>12</b>"}
    (demo.directory / OUTBOX_FILE).write_text(json.dumps(message) + "\n")
    browser.get(DOOR.address(people[0].id))
    text = browser.get("/console/demo").text

    assert text.count('name="officer"') == 1
    assert "AAAA-BBBB-CCCC" in text
    assert "+841000000001" in text
    assert "<b>12" not in text


def test_a_real_authority_has_neither_door_nor_mark(authority, people):
    browser = Browser(ServiceApp(authority, {}, door=DOOR), people[0].token)

    assert pages(authority, DOOR) == []
    assert browser.get(DOOR.address(people[0].id)).status == 404
    assert browser.get("/console/demo").status == 404
    assert not any(mark in browser.get("/console/today").text for mark in MARKS)


def test_a_demonstration_that_is_served_as_a_service_has_marks_but_no_door(
    demo, people
):
    browser = Browser(ServiceApp(demo, {}), people[0].token)

    assert browser.get(DOOR.address(people[0].id)).status == 404
    assert MARKS[0] in browser.get("/console/today").text


def test_every_page_says_what_it_is(demo):
    for page in pages(demo, DOOR):
        if page.kind is Kind.PAGE:
            assert f"page.{page.name}.title" in load_catalogue()
            assert f"page.{page.name}.help" in load_catalogue()
