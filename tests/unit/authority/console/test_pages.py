"""The start page."""

import re

from proximity.authority.accounts.model import Role


def test_everybody_sees_the_figures_that_are_theirs(someone):
    tracer = someone(Role.TRACER, "02641").browser.get("/console/today?lang=en").text
    doctor = someone(Role.EPIDEMIOLOGIST, "02641").browser
    figures = doctor.get("/console/today?lang=en").text

    assert "codes issued today" not in tracer
    assert "<strong>0</strong>codes issued today" in figures
    assert "Issue a code" in figures


def test_what_waits_comes_first_and_says_what_to_do(someone):
    page = someone(Role.TRACER, "02641").browser.get("/console/today?lang=en").text

    assert page.index("To do") < page.index("cases due")
    assert "Nothing waits for you." in page
    assert "Yours and nobody&#39;s, due until today." in page
    # Who may not issue codes is not asked to.
    assert "/console/codes/new" not in page


def test_pages_have_keys_in_the_order_of_the_navigation(someone):
    page = someone(Role.ADMINISTRATOR).browser.get("/console/me?lang=en").text
    keys = re.findall(r'accesskey="(\d)"[^>]*>([^<]+)<', page)
    told = re.findall(r"<li>([^<]+)</li>", page.split('class="columns"')[1])

    assert [key for key, _ in keys] == list("123456789")
    assert [title for _, title in keys] == told[:9]


def test_the_address_of_the_console_leads_there(someone):
    browser = someone(Role.TRACER, "02641").browser

    assert browser.get("/console").header("location") == "/console/today"
