"""The figures of tracing, within an officer's units."""

import re

import pytest

from proximity.authority.accounts.model import Role
from proximity.authority.cases.policy import TracingPolicy
from proximity.authority.cases.records import Changed, Scope, change_case, create_case

HERE, THERE = "02641", "02635"


@pytest.fixture
def authority(console_authority):
    return console_authority


@pytest.fixture
def put(authority):
    def make(unit: str, **changes) -> None:
        world = {"policy": TracingPolicy(), "now_s": authority.now_s}
        given = {"unit": unit, "classification": "F1"}
        with authority.engine.begin() as connection:
            scope = Scope("test")
            ref = create_case(
                connection, scope, given, entropy=authority.entropy, **world
            )
            for each in changes.values():
                change_case(connection, scope, ref, Changed(each), **world)

    return make


def test_shares_are_of_the_contacts_of_ones_own_units(someone, put):
    put(HERE, reached={"call_result": "reached"})
    put(HERE, lost={"status": "lost"})
    put(THERE)
    seen = someone(Role.EPIDEMIOLOGIST, HERE).browser.get("/console/tracing?lang=en")

    figures = re.findall(r"<dt>([^<]*)</dt><dd>([^<]*)</dd>", seen.text)
    assert ("Traced within 24 hours", "50.0 %") in figures
    assert ("Lost", "50.0 %") in figures
    assert ("Contacts (F1, F2)", "2") in figures
    assert ("Followed to the end, of those that ended", "0.0 %") in figures


def test_days_without_anybody_have_no_shares(someone, put):
    put(HERE)
    doctor = someone(Role.EPIDEMIOLOGIST, HERE)
    old = doctor.browser.get("/console/tracing?first=2020-01-01&last=2020-01-31")

    assert old.text.count("<dd>-</dd>") == 3
    wrong = doctor.browser.get("/console/tracing?first=x&lang=en")
    assert (wrong.status, "cannot be used" in wrong.text) == (400, True)
