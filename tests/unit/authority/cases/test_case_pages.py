"""One case in the console: looked at, worked on, handed over, withdrawn."""

import re

import pytest
from sqlalchemy import event

from proximity.authority.accounts.four_eyes import Verdict, decide
from proximity.authority.accounts.model import Role
from proximity.authority.cases.deeds import WITHDRAW
from proximity.authority.cases.model import cases, edges, transfers
from proximity.authority.cases.policy import TracingPolicy
from proximity.authority.cases.records import Scope, create_case
from proximity.authority.people.model import NewPerson, PersonField, PersonKind
from proximity.authority.people.records import add_people

HERE, THERE = "02641", "02635"
DAY = 20_600  # 2026-05-27


@pytest.fixture
def authority(console_authority):
    return console_authority


@pytest.fixture
def doctor(someone):
    return someone(Role.EPIDEMIOLOGIST, HERE)


@pytest.fixture
def put(authority):
    def make(classification: str = "F0", unit: str = HERE, **fields) -> str:
        given = {"unit": unit, "classification": classification} | fields
        with authority.engine.begin() as connection:
            return create_case(
                connection,
                Scope("test"),
                given,
                policy=TracingPolicy(),
                now_s=authority.now_s,
                entropy=authority.entropy,
            )

    return make


@pytest.fixture
def case(put) -> str:
    return put(onset_day=DAY - 2)


def row(authority, ref: str):
    with authority.engine.connect() as connection:
        return (
            connection.execute(cases.select().where(cases.c.ref == ref))
            .mappings()
            .one()
        )


def act(officer, ref: str, name: str, **fields):
    return officer.browser.post(f"/console/cases/{ref}/{name}?lang=en", fields)


def test_a_case_shows_its_window_timeline_and_graph(doctor, case):
    days = {"first": "2026-05-24", "last": "2026-05-24"}
    assert act(doctor, case, "contact", **days).status == 303
    seen = doctor.browser.get(f"/console/cases/{case}?lang=en").text

    assert "22 May 2026 \u2013 4 Jun 2026" in seen
    # Two people, each in the picture for screens and in that for telephones.
    assert seen.count('<circle class="node') == 4
    assert "Named in an interview" in seen
    for word in ("Recorded", "Contact found"):
        assert word in seen
    other = doctor.browser.get(f"/console/cases/{case}?lang=vi").text
    assert "Được nêu khi phỏng vấn: gặp nhau từ 24/05/2026" in other


def test_a_contact_whose_test_is_positive_becomes_a_case(
    put, doctor, someone, authority
):
    ref = put("F1")
    tracer = someone(Role.TRACER, HERE)
    assert (
        'name="classification"' not in tracer.browser.get(f"/console/cases/{ref}").text
    )
    assert act(tracer, ref, "change", test="2026-05-27").status == 303
    fields = {"classification": "F0", "test_result": "positive"}
    refused = act(tracer, ref, "change", **fields)
    assert (refused.status, row(authority, ref)["classification"]) == (409, "F1")

    assert 'name="classification"' in doctor.browser.get(f"/console/cases/{ref}").text
    act(doctor, ref, "change", **fields)
    case = row(authority, ref)
    assert (case["classification"], case["test_result"]) == ("F0", "positive")
    # What a case has and a contact has not: a time in which it was infectious.
    assert case["from_day"] < case["test_day"] <= case["to_day"]


def test_a_change_names_the_version_that_was_seen(doctor, case, authority):
    changed = act(doctor, case, "change", version="1", isolated="2026-05-26")
    assert changed.header("location").endswith("?done=cases.changed")
    assert row(authority, case)["isolated_day"] == DAY - 1

    late = act(doctor, case, "change", version="1", isolated="2026-05-20")
    assert (late.status, "meanwhile" in late.text) == (409, True)
    assert act(doctor, case, "change", onset="x").status == 400


def test_a_case_is_given_to_somebody_who_will_see_it(someone, doctor, case, authority):
    tracer = someone(Role.TRACER, HERE).officer
    elsewhere = someone(Role.TRACER, THERE).officer
    statistician = someone(Role.STATISTICIAN, HERE).officer
    seen = doctor.browser.get(f"/console/cases/{case}").text
    assert f'<option value="{tracer.id}">' in seen
    assert elsewhere.id not in seen

    for other in (elsewhere.id, statistician.id, "nobody"):
        refused = act(doctor, case, "change", assigned=other)
        assert refused.status == 400
    assert row(authority, case)["assigned"] is None
    assert act(doctor, case, "change", assigned=tracer.id).status == 303
    assert row(authority, case)["assigned"] == tracer.id
    assert act(doctor, case, "change", assigned="").status == 303
    assert row(authority, case)["assigned"] is None


def test_a_token_is_shown_large_and_once(doctor, case):
    seen = act(doctor, case, "token")
    token = re.search(r'class="code words">([0-9A-Z-]{23})<', seen.text)[1]

    assert "Shown this once" in seen.text
    assert token not in doctor.browser.get(f"/console/cases/{case}").text
    contact = act(doctor, case, "token", first="2030-01-01")
    assert (contact.status, "nothing to ask for" in contact.text) == (409, True)


def test_a_tracer_looks_at_a_case_and_works_on_contacts(someone, case, put):
    tracer = someone(Role.TRACER, HERE)
    contact = put("F1")

    assert "change?" not in tracer.browser.get(f"/console/cases/{case}").text
    assert act(tracer, case, "change", isolated="2026-05-26").status == 409
    assert act(tracer, contact, "change", call_result="reached").status == 303


def test_nobody_sees_a_case_of_another_unit(someone, case):
    other = someone(Role.EPIDEMIOLOGIST, THERE)

    assert other.browser.get(f"/console/cases/{case}").status == 404
    assert act(other, case, "token").status == 404
    assert other.browser.get(f"/console/cases/{case}/person").status == 404


def test_duplicates_are_merged(doctor, case, put, authority):
    other = put()
    assert act(doctor, case, "merge", other=other.lower()).status == 303

    assert row(authority, other)["merged_into"] == case
    assert act(doctor, case, "merge", other=case).status == 409


def test_a_tracer_merges_no_case_into_a_contact(someone, case, put, authority):
    tracer, contact = someone(Role.TRACER, HERE), put("F1")

    assert act(tracer, contact, "merge", other=case).status == 409
    assert row(authority, case)["merged_into"] is None


def test_a_withdrawal_needs_the_reference_typed_and_a_second_officer(
    someone, doctor, case, authority
):
    slip = act(doctor, case, "withdraw", confirm="yes")
    assert (slip.status, "not repeated" in slip.text) == (400, True)

    asked = act(doctor, case, "withdraw", confirm=case)
    assert asked.header("location").endswith("?done=cases.asked")
    assert row(authority, case)["status"] == "open"
    supervisor = someone(Role.SUPERVISOR, HERE)
    waiting = supervisor.browser.get("/console/approvals?lang=en").text
    assert case in waiting
    number = re.search(r"/console/approvals/([0-9a-f]{16})", waiting)[1]
    decide(
        authority,
        supervisor.officer,
        number,
        Verdict.APPROVE,
        deeds={WITHDRAW.kind: WITHDRAW},
    )
    assert row(authority, case)["status"] == "withdrawn"
    assert act(doctor, case, "withdraw", confirm=case).status == 409


def test_a_case_goes_to_another_unit_with_its_sealed_person(
    someone, doctor, put, authority
):
    values = {PersonField.NAME: "Vàng A Páo", PersonField.ADDRESS: "<script>x"}
    with authority.engine.begin() as connection:
        person = NewPerson(HERE, PersonKind.CONTACT, values)
        (number,) = add_people(authority, connection, [person])
    ref = put("F1", person=number)
    other = someone(Role.EPIDEMIOLOGIST, THERE)
    shown = doctor.browser.get(f"/console/cases/{ref}/person").text
    assert "Vàng A Páo" in shown
    assert "<script>x" not in shown
    assert act(doctor, ref, "transfer", unit=THERE).status == 303
    assert act(doctor, ref, "transfer", unit=THERE).status == 409

    with authority.engine.connect() as connection:
        offer = connection.execute(transfers.select()).mappings().one()["id"]
    assert ref in other.browser.get("/console/worklist").text
    taken = other.browser.post(f"/console/transfers/{offer}", {"accept": "yes"})
    assert taken.header("location").endswith("?done=cases.decided")
    assert "Vàng A Páo" in other.browser.get(f"/console/cases/{ref}/person").text
    assert doctor.browser.get(f"/console/cases/{ref}").status == 404
    again = other.browser.post(f"/console/transfers/{offer}", {"accept": "yes"})
    assert again.status == 409


def test_a_case_page_costs_the_same_statements_with_many_contacts(
    doctor, case, put, authority
):
    def statements() -> int:
        seen = []

        def note(_connection, _cursor, statement, *_rest) -> None:
            seen.append(statement)

        event.listen(authority.engine, "before_cursor_execute", note)
        assert doctor.browser.get(f"/console/cases/{case}").status == 200
        event.remove(authority.engine, "before_cursor_execute", note)
        return sum(s.lstrip().upper().startswith("SELECT") for s in seen)

    few = statements()
    for _ in range(30):
        contact = put("F1")
        with authority.engine.begin() as connection:
            connection.execute(
                edges.insert().values(
                    source=case,
                    target=contact,
                    origin="interview",
                    level=2,
                    value=0.0,
                    minutes=0.0,
                    first_day=DAY - 2,
                    last_day=DAY - 2,
                    found_s=1,
                )
            )
    assert few == statements() <= 18
