"""The page of the audit: one's own units, with names; alarms on top."""

import pytest
from console_world import COMMUNES, mark_of

from proximity.authority.accounts.model import Role
from proximity.authority.audit.model import Action, Entry, Reason
from proximity.authority.audit.readings import officer_code
from proximity.authority.audit.trail import record_entry
from proximity.authority.audit.unusual import raise_alarms
from proximity.authority.console.catalogue import load_catalogue

CATALOGUE = load_catalogue()
HERE, THERE = "02641", "03001"


@pytest.fixture
def tracers(authority, someone):
    """Return a tracer of two districts each, who read persons."""
    made = {unit: someone(Role.TRACER, unit).officer.id for unit in (HERE, THERE)}
    for unit, officer in made.items():
        for person in range(40):
            entry = Entry(
                officer,
                unit,
                Action.READ,
                Reason.CONTACT_TRACING,
                "T-9",
                ("name", "phone"),
                (person,),
            )
            record_entry(authority, entry)
    assert raise_alarms(authority) == 2
    return made


def test_a_superior_sees_the_officers_of_their_district_alone(someone, tracers):
    seen = someone(Role.SUPERVISOR, "080").browser.get("/console/audit?lang=en").text

    assert mark_of(HERE) in seen
    assert mark_of(THERE) not in seen
    assert COMMUNES[THERE][1] not in seen
    assert "Read: Name, Telephone" in seen
    assert "Contact tracing · T-9" in seen
    assert "opened 40 records that day" in seen


def test_a_code_that_a_person_was_shown_leads_to_the_officer(
    authority, someone, tracers
):
    supervisor = someone(Role.SUPERVISOR).browser
    code = officer_code(authority, tracers[THERE])
    seen = supervisor.get(f"/console/audit?who={code}").text

    assert seen.count("<code>") == 40
    assert COMMUNES[HERE][1] not in seen
    nobody = supervisor.get("/console/audit?who=ZZZZZZ").text
    assert nobody.count("<code>") == 0
    elsewhere = someone(Role.SUPERVISOR, "080").browser
    assert elsewhere.get(f"/console/audit?who={code}").text.count("<code>") == 0


def test_older_lines_are_on_the_next_page(someone, tracers):
    browser = someone(Role.AUDITOR).browser
    first = browser.get("/console/audit").text
    second = browser.get("/console/audit?before=33").text

    assert "before=33" in first
    assert ">33<" not in second
    assert ">32<" in second
    assert browser.get("/console/audit?before=x%00").status == 400
    assert browser.get("/console/audit?before=zehn").status == 200


def test_who_traces_sees_no_audit(someone):
    assert someone(Role.TRACER, HERE).browser.get("/console/audit").status == 403


def test_unusual_reads_are_a_figure_of_the_start_page(someone, tracers):
    seen = someone(Role.SUPERVISOR, "080").browser.get("/console/today?lang=en").text

    assert "officers with unusual reads today" in seen


def test_what_the_service_and_persons_do_is_shown_at_the_root_alone(authority, someone):
    for name in ("service", "citizen"):
        record_entry(authority, Entry(name, name, Action.ERASE, Reason.RETENTION))
    root = someone(Role.SUPERVISOR).browser.get("/console/audit?lang=en").text
    below = someone(Role.SUPERVISOR, "10").browser.get("/console/audit?lang=en").text

    assert ("The service" in root, "The person" in root) == (True, True)
    assert "The service" not in below


def test_every_action_has_its_words():
    assert [each for each in Action if f"audit.action.{each}" not in CATALOGUE] == []
