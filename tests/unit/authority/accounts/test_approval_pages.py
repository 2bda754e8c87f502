"""The page on which a second officer decides."""

import re

import pytest

from proximity.authority.accounts.model import Role


@pytest.fixture
def asked(someone):
    """Return who asked for a reset, whose, and the number of the request."""
    asker = someone(Role.ADMINISTRATOR, "080")
    lan = someone(Role.TRACER, "02641")
    asker.browser.post(f"/console/officers/{lan.officer.id}/reset")
    page = asker.browser.get("/console/approvals").text
    return asker, lan, re.search(r"/approvals/(\w+)/withdraw", page)[1]


def test_the_approver_sees_the_new_code_once(asked, someone):
    _, lan, request = asked
    other = someone(Role.SUPERVISOR, "080")
    today = other.browser.get("/console/today?lang=en").text
    assert re.search(r"<strong>1</strong>requests for you", today)
    page = other.browser.get("/console/approvals").text
    assert lan.officer.name in page
    seen = other.browser.post(f"/console/approvals/{request}/approve").text

    code = re.search(r"[a-z0-9]{4}(?:-[a-z0-9]{4}){3}", seen)[0]
    assert code not in other.browser.get("/console/approvals").text
    assert lan.browser.get("/console/today").status == 303


def test_who_asked_may_withdraw_but_not_approve(asked):
    asker, lan, request = asked
    assert asker.browser.post(f"/console/approvals/{request}/approve").status == 400
    done = asker.browser.post(f"/console/approvals/{request}/withdraw")

    assert "approvals.withdraw" in done.header("location")
    assert lan.browser.get("/console/today").status == 200


def test_a_refusal_is_written_down_with_who_said_it(asked, someone):
    _, _, request = asked
    other = someone(Role.SUPERVISOR, "080")
    other.browser.post(f"/console/approvals/{request}/refuse")
    page = other.browser.get("/console/approvals?lang=en").text

    assert "refused" in page
    assert page.count(other.officer.name) >= 2


def test_another_district_neither_sees_nor_decides(asked, someone):
    _, lan, request = asked
    far = someone(Role.SUPERVISOR, "088")

    assert lan.officer.name not in far.browser.get("/console/approvals").text
    assert far.browser.post(f"/console/approvals/{request}/approve").status == 404


def test_a_request_that_waited_too_long_is_shown_as_over(asked, someone, clock):
    clock.now_s += 4 * 86_400
    other = someone(Role.SUPERVISOR, "080")

    assert "expired" in other.browser.get("/console/approvals?lang=en").text
