"""An offer is looked at before it is answered, by the unit that it was sealed for."""

import pytest
from sqlalchemy import select

from proximity.authority.accounts.model import Role
from proximity.authority.audit.model import audit
from proximity.authority.cases.model import cases, transfers
from proximity.authority.cases.policy import TracingPolicy
from proximity.authority.cases.records import Scope, create_case
from proximity.authority.cases.transfers import offer_transfer

HERE, THERE = "02641", "02635"


@pytest.fixture
def authority(console_authority):
    return console_authority


@pytest.fixture
def offer(authority) -> tuple[str, str]:
    given = {"unit": HERE, "classification": "F1", "quarantine_to_day": 20_610}
    world = {"policy": TracingPolicy(), "now_s": authority.now_s}
    with authority.engine.begin() as connection:
        scope = Scope("test")
        ref = create_case(connection, scope, given, entropy=authority.entropy, **world)
        number = offer_transfer(connection, scope, ref, THERE, authority=authority)
    return ref, number


def test_the_package_is_shown_to_the_unit_it_is_for_and_noted(
    someone, authority, offer
):
    ref, number = offer
    other = someone(Role.EPIDEMIOLOGIST, THERE)
    assert f"/transfers/{number}" in other.browser.get("/console/worklist").text

    seen = other.browser.get(f"/console/transfers/{number}?lang=en").text
    assert ref in seen
    assert "6 Jun 2026" in seen
    assert "Recorded" in seen
    with authority.engine.connect() as connection:
        lines = connection.execute(select(audit)).mappings().all()
    assert "cases.look-at-offer" in str(lines[-1])
    here = someone(Role.EPIDEMIOLOGIST, HERE)
    assert here.browser.get(f"/console/transfers/{number}").status == 404


def test_an_answered_offer_says_so(someone, authority, offer):
    ref, number = offer
    other = someone(Role.EPIDEMIOLOGIST, THERE)
    answer = other.browser.post(f"/console/transfers/{number}", {"accept": "yes"})
    assert answer.header("location").endswith("?done=cases.decided")

    seen = other.browser.get(f"/console/transfers/{number}?lang=en")
    assert (seen.status, "was answered" in seen.text) == (409, True)
    with authority.engine.connect() as connection:
        assert connection.execute(select(transfers.c.sealed)).scalar() is None
        unit = select(cases.c.unit).where(cases.c.ref == ref)
        assert connection.execute(unit).scalar() == THERE


@pytest.mark.parametrize(("classification", "shown"), [("F1", True), ("F0", False)])
def test_who_traces_contacts_is_asked_about_contacts_alone(
    someone, authority, offer, *, classification, shown
):
    ref, number = offer
    with authority.engine.begin() as connection:
        connection.execute(
            cases.update()
            .where(cases.c.ref == ref)
            .values(classification=classification)
        )
    tracer = someone(Role.TRACER, THERE).browser

    page = tracer.get("/console/worklist").text
    assert ref in page
    assert (f'action="/console/transfers/{number}"' in page) == shown
