"""What a person does in a browser: the same rights, in two languages."""

import re

import pytest
from console_world import Browser

from proximity.authority.people.citizen import issue_receipt, send_quietly
from proximity.authority.service.app import ServiceApp

PAGE = "/console/my-record"


@pytest.fixture
def browser(authority) -> Browser:
    return Browser(ServiceApp(authority, {}))


@pytest.fixture
def receipt(authority, add_person) -> str:
    person = add_person(name="Lê <b>An</b>", phone="0912345678", notes="ghi chú")
    with authority.engine.begin() as connection:
        return issue_receipt(authority, connection, person)


@pytest.fixture
def session(authority, browser, receipt) -> str:
    send_quietly(authority, receipt)
    code = re.search(r"\d{8}", authority.messenger.messages[-1][1])[0]
    seen = browser.post(f"{PAGE}/open", {"receipt": receipt, "code": code})
    assert seen.status == 200
    return re.search(r'name="session" value="(\w+)"', seen.text)[1]


def test_everybody_finds_the_way_in_in_their_language(browser):
    assert "Số biên nhận" in browser.get(PAGE).text
    assert "Twelve characters on your receipt" in browser.get(f"{PAGE}?lang=en").text


def test_a_receipt_is_answered_alike_whoever_has_it(authority, browser, receipt):
    known, unknown = (
        browser.post(f"{PAGE}/code", {"receipt": each})
        for each in (receipt, "AAAA-BBBB-CCCC")
    )

    assert known.status == unknown.status == 200
    assert known.text.replace(receipt, "") == unknown.text.replace("AAAA-BBBB-CCCC", "")


def test_the_person_sees_corrects_and_erases(browser, session):
    given = {"session": session, "name": "Lê Ân"}
    seen = browser.post(f"{PAGE}/correct?lang=en", given).text
    assert 'value="Lê Ân"' in seen
    assert "The old value is destroyed." in seen
    assert "ghi chú" in seen
    assert "Corrected: Name" in seen
    assert "<code>citizen</code>" in seen

    gone = browser.post(f"{PAGE}/erase", {"session": session})
    assert "The record is erased." in gone.text
    assert browser.post(f"{PAGE}/erase", {"session": session}).status == 401


def test_the_person_sees_what_tracing_holds(case_of_person, browser, session):
    ref = case_of_person("F1")

    seen = browser.post(f"{PAGE}/correct?lang=en", {"session": session}).text
    assert f"Record {ref}, F1. Onset: -." in seen
    assert "shared 1 keys" in seen
    assert "forgotten by 2026-06-06" in seen


def test_what_a_stranger_wrote_is_text(browser, session):
    seen = browser.post(f"{PAGE}/correct", {"session": session}).text

    assert "<b>An</b>" not in seen
    assert "&lt;b&gt;An&lt;/b&gt;" in seen


def test_a_value_that_cannot_be_stored_is_said_and_the_record_stays(browser, session):
    given = {"session": session, "phone": "not a number"}
    seen = browser.post(f"{PAGE}/correct?lang=en", given)

    assert seen.status == 400
    assert "cannot be stored" in seen.text
    assert 'value="+84912345678"' in seen.text
    hidden = browser.post(f"{PAGE}/correct", {"session": session, "name": "A\u202e"})
    assert hidden.status == 400
    notes = browser.post(f"{PAGE}/correct", {"session": session, "notes": ""})
    assert "ghi chú" in notes.text


def test_a_wrong_code_is_named_and_the_session_is_in_no_address(browser, receipt):
    given = {"receipt": receipt, "code": "00000000"}
    seen = browser.post(f"{PAGE}/open?lang=en", given)

    assert seen.status == 401
    assert "do not belong together" in seen.text
    assert browser.post(f"{PAGE}/correct", {"session": "x", "name": "y"}).status == 401


def test_a_form_of_another_site_is_refused(browser, session):
    stranger = {"csrf": "0" * 64, "session": session}

    assert browser.post(f"{PAGE}/erase", stranger).status == 403


def test_a_client_that_guesses_is_stopped(browser, receipt):
    given = {"receipt": receipt, "code": "00000000"}
    statuses = [browser.post(f"{PAGE}/open", given).status for _ in range(21)]

    assert statuses == [401] * 20 + [429]
    assert browser.post(f"{PAGE}/code", given).status == 429
