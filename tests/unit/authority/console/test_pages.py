"""The start page."""

from proximity.authority.accounts.model import Role


def test_everybody_sees_the_figures_that_are_theirs(someone):
    tracer = someone(Role.TRACER, "02641").browser.get("/console/today?lang=en").text
    doctor = someone(Role.EPIDEMIOLOGIST, "02641").browser
    figures = doctor.get("/console/today?lang=en").text

    assert "codes issued today" not in tracer
    assert "<strong>0</strong>codes issued today" in figures
    assert "Issue a code" in figures


def test_the_address_of_the_console_leads_there(someone):
    browser = someone(Role.TRACER, "02641").browser

    assert browser.get("/console").header("location") == "/console/today"
