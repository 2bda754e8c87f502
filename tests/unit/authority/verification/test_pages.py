"""Issuing codes in the console."""

import re

import pytest
from sqlalchemy import select

from proximity.authority.accounts.model import Role
from proximity.authority.verification.model import codes
from proximity.errors import NetworkError


@pytest.fixture
def doctor(someone):
    return someone(Role.EPIDEMIOLOGIST, "02641")


def issue(doctor, **fields):
    page = doctor.browser.get("/console/codes/new").text
    sent = {
        name: re.search(f'name="{name}"[^>]*value="([^"]*)"', page)[1]
        for name in ("handle", "unit", "test")
    }
    return doctor.browser.post(
        "/console/codes?lang=en", sent | {"type": "confirmed"} | fields
    )


def digits(seen):
    return re.search(r"data-code>(\d{4}) (\d{4})<", seen.text)


def rows(authority):
    with authority.engine.begin() as connection:
        return connection.execute(select(codes)).all()


def test_a_code_is_shown_once_large_and_counts_down(authority, doctor):
    seen = issue(doctor)
    row = rows(authority)[0]

    assert digits(seen)
    assert 'data-seconds="900"' in seen.text
    # Another language would ask for the page anew, and the digits would be gone.
    assert "?lang=" not in seen.text
    assert (row.unit, row.issuer) == ("02641", doctor.officer.id)
    later = doctor.browser.get(f"/console/codes/{row.uuid}").text
    assert "data-code" not in later
    assert digits(seen)[1] + digits(seen)[2] not in later


def test_sent_twice_a_form_issues_one_code(authority, doctor):
    page = doctor.browser.get("/console/codes/new").text
    handle = re.search(r'name="handle" value="([^"]*)"', page)[1]
    issue(doctor, handle=handle)
    again = issue(doctor, handle=handle)

    assert again.status == 409
    assert "has issued its code" in again.text
    assert len(rows(authority)) == 1


def test_a_message_goes_out_and_its_failure_is_said(authority, doctor, monkeypatch):
    assert "was handed over" in issue(doctor, phone="+84 912 345 678").text
    assert authority.messenger.messages[0][0] == "+84 912 345 678"

    def fail(*_):
        raise NetworkError("no", "no")

    monkeypatch.setattr(authority.messenger, "send", fail)
    seen = issue(doctor, phone="+84912345679")
    assert "was not sent" in seen.text
    assert digits(seen)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"test": ""}, "One of the two days"),
        ({"test": "2020-01-01"}, "last 28 days"),
        ({"test": "yesterday"}, "last 28 days"),
        ({"type": "user-report"}, "no such result"),
        ({"phone": "0912"}, "written internationally"),
        ({"unit": "03001"}, "not yours"),
        ({"unit": ""}, "not yours"),
    ],
)
def test_what_cannot_be_is_said_in_the_form(authority, doctor, fields, said):
    seen = issue(doctor, **fields)

    assert seen.status == 400
    assert said in seen.text
    assert rows(authority) == []


def test_a_code_is_ended_and_that_is_seen(authority, doctor):
    issue(doctor)
    handle = rows(authority)[0].uuid
    status = f"/console/codes/{handle}/status?lang=en"
    assert "waiting" in doctor.browser.get(status).text
    doctor.browser.post(f"/console/codes/{handle}/expire")

    assert "over" in doctor.browser.get(status).text
    assert "expire" not in doctor.browser.get(f"/console/codes/{handle}").text


def test_a_used_code_is_not_ended(authority, doctor):
    issue(doctor)
    handle = rows(authority)[0].uuid
    with authority.engine.begin() as connection:
        connection.execute(codes.update().values(claimed_s=authority.now_s))
    seen = doctor.browser.post(f"/console/codes/{handle}/expire?lang=en")

    assert seen.status == 400
    assert "was used" in seen.text


def test_today_counts_the_codes_of_ones_units(authority, doctor, someone):
    issue(doctor)
    far = someone(Role.EPIDEMIOLOGIST, "03001")

    assert "<strong>1</strong>" in doctor.browser.get("/console/today").text
    assert "<strong>1</strong>" not in far.browser.get("/console/today").text
    assert (
        "/console/codes/" + rows(authority)[0].uuid
        not in far.browser.get("/console/codes").text
    )


def test_a_code_that_a_program_issued_is_of_no_page(authority, doctor, someone):
    issue(doctor)
    with authority.engine.begin() as connection:
        connection.execute(codes.update().values(unit=None))
    handle = rows(authority)[0].uuid

    chief = someone(Role.EPIDEMIOLOGIST).browser
    assert chief.get(f"/console/codes/{handle}").status == 404


def test_the_telephone_is_nowhere_afterwards(authority, doctor):
    issue(doctor, phone="+84912345678")

    assert "912345678" not in str(rows(authority))
    assert "912345678" not in doctor.browser.get("/console/codes").text
