"""The list of cases: found, filtered, recorded fast; and the worklist."""

import re

import pytest
from sqlalchemy import event

from proximity.authority.accounts.model import Role
from proximity.authority.cases.model import cases
from proximity.authority.cases.policy import TracingPolicy
from proximity.authority.cases.records import Scope, create_case
from proximity.authority.people.model import (
    NewPerson,
    PersonField,
    PersonKind,
    persons,
)
from proximity.authority.people.records import add_people

COMMUNE = "02641"


@pytest.fixture
def authority(console_authority):
    return console_authority


@pytest.fixture
def doctor(someone):
    return someone(Role.EPIDEMIOLOGIST, COMMUNE)


@pytest.fixture
def put(authority):
    """Return what records cases in a unit, and tells their references."""

    def make(count: int = 1, unit: str = COMMUNE, **fields) -> list[str]:
        given = {"unit": unit, "classification": "F0"} | fields
        with authority.engine.begin() as connection:
            return [
                create_case(
                    connection,
                    Scope("test"),
                    given,
                    policy=TracingPolicy(),
                    now_s=authority.now_s,
                    entropy=authority.entropy,
                )
                for _ in range(count)
            ]

    return make


def stored(authority, table) -> list:
    with authority.engine.connect() as connection:
        return connection.execute(table.select()).mappings().all()


def selects(authority, work) -> int:
    seen = []

    def note(_connection, _cursor, statement, *_rest) -> None:
        seen.append(statement)

    event.listen(authority.engine, "before_cursor_execute", note)
    try:
        work()
    finally:
        event.remove(authority.engine, "before_cursor_execute", note)
    return sum(s.lstrip().upper().startswith("SELECT") for s in seen)


def test_a_person_is_recorded_on_one_line_and_the_name_is_sealed(authority, doctor):
    seen = doctor.browser.post(
        "/console/cases",
        {
            "classification": "F0",
            "unit": COMMUNE,
            "name": "Giàng Thị Súa",
            "phone": "0912345678",
            "onset": "2026-05-25",
        },
    )
    assert (seen.status, seen.header("location")) == (
        303,
        "/console/cases?done=cases.added",
    )
    (case,) = stored(authority, cases)
    assert (case["onset_day"], case["person"] is not None) == (20_598, True)
    assert "Súa" not in str(stored(authority, persons))
    listed = doctor.browser.get("/console/cases").text
    assert case["ref"] in listed
    assert "Súa" not in listed
    found = doctor.browser.get("/console/cases?q=sua+giang").text
    assert case["ref"] in found
    for written in ("0912345678", "0912+345+678", "%2B84912345678"):
        assert case["ref"] in doctor.browser.get(f"/console/cases?q={written}").text
    assert case["ref"] in doctor.browser.get(f"/console/cases?q={case['ref'][:2]}").text


@pytest.mark.parametrize("text", ["A", "7", "09+12"])
def test_a_letter_or_some_digits_are_no_part_of_a_reference(text, put, doctor):
    refs = put(100)
    seen = doctor.browser.get(f"/console/cases?q={text}").text

    assert any(ref.startswith(("A", "7")) for ref in refs)
    assert 'href="/console/cases/' not in seen


def test_who_seeks_too_common_a_name_is_told_that_there_are_more(authority, doctor):
    name = NewPerson(COMMUNE, PersonKind.CASE, {PersonField.NAME: "Nguyễn Hoa"})
    with authority.engine.begin() as connection:
        add_people(authority, connection, [name] * 51)
    seen = doctor.browser.get("/console/cases?q=nguyen&lang=en").text

    assert "More than 50 people have this name" in seen
    assert "people have this name" not in doctor.browser.get("/console/cases").text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"unit": "02635"}, "not yours"),
        ({"unit": "nowhere"}, "not yours"),
        ({"classification": "F9"}, "cannot be used"),
        ({"onset": "yesterday"}, "cannot be used"),
    ],
)
def test_what_cannot_be_recorded_is_told_in_the_form(doctor, authority, fields, said):
    sent = {"classification": "F1", "unit": COMMUNE} | fields
    seen = doctor.browser.post("/console/cases?lang=en", sent)

    assert seen.status == 400
    assert said in seen.text
    assert stored(authority, cases) == []


def test_a_tracer_records_contacts_and_no_cases(someone, authority):
    tracer = someone(Role.TRACER, COMMUNE)
    sent = {"unit": COMMUNE, "classification": "F0"}

    assert tracer.browser.post("/console/cases", sent).status == 400
    assert (
        tracer.browser.post("/console/cases", sent | {"classification": "F1"}).status
        == 303
    )
    assert [case["classification"] for case in stored(authority, cases)] == ["F1"]


def test_a_tracer_makes_and_changes_no_case_by_a_line_list(someone, put, authority):
    (case,) = put(classification="F0")
    (contact,) = put(classification="F1")
    tracer = someone(Role.TRACER, COMMUNE)
    for lines in (
        f"unit,classification\n{COMMUNE},F0\n",
        f"ref,isolated\n{case},2026-05-26\n",
        f"ref,classification\n{contact},F0\n",
        f"ref,classification\n{case},F1\n",
    ):
        sent = {"lines": lines, "dry": "no"}
        seen = tracer.browser.post("/console/case-lines?lang=en", sent)
        assert "Nothing was written; 1 rows" in seen.text
    kinds = {row["ref"]: row["classification"] for row in stored(authority, cases)}
    assert kinds == {case: "F0", contact: "F1"}
    assert all(row["version"] == 1 for row in stored(authority, cases))


def test_lists_are_filtered_and_paged_within_the_unit(doctor, put):
    put(52)
    (other,) = put(unit="02635")
    first = doctor.browser.get("/console/cases")
    links = re.findall(r'href="/console/cases/([0-9A-Z]{10})"', first.text)
    more = re.search(r'href="([^"]*after=[^"]*)"', first.text)[1]
    rest = doctor.browser.get(more.replace("&amp;", "&")).text

    assert len(links) == 50
    assert len(re.findall(r'href="/console/cases/[0-9A-Z]{10}"', rest)) == 2
    assert other not in first.text + rest
    assert (
        "Không có hồ sơ nào khớp"
        in doctor.browser.get("/console/cases?status=lost").text
    )


def test_the_list_is_narrowed_by_days_of_onset_and_by_whose_work_it_is(doctor, put):
    (early,), (late,) = put(onset_day=20_590), put(onset_day=20_598)
    (mine,) = put(assigned=doctor.officer.id)

    def listed(query: str) -> set[str]:
        text = doctor.browser.get(f"/console/cases?{query}").text
        return {ref for ref in (early, late, mine) if ref in text}

    assert listed("from=2026-05-20") == {late}
    assert listed("to=2026-05-20") == {early}
    assert listed("mine=yes") == {mine}
    assert listed("unit=02641") == {early, late, mine}
    assert doctor.browser.get("/console/cases?from=x").status == 400


def test_work_is_taken_from_the_worklist_and_stays_on_it(doctor, put):
    (ref,) = put(classification="F1")
    taken = doctor.browser.post(
        f"/console/cases/{ref}/change",
        {"assigned": doctor.officer.id, "version": "1", "back": "worklist"},
    )
    page = doctor.browser.get("/console/worklist?lang=en").text

    assert taken.header("location") == "/console/worklist?done=cases.changed"
    assert ref in page
    assert 'data-label="Assigned to">me<' in page


def test_what_was_due_yesterday_is_overdue(authority, doctor, put):
    today = authority.now_s // 86_400
    put(due_day=today)
    assert 'class="late"' not in doctor.browser.get("/console/worklist?lang=en").text
    put(due_day=today - 1)
    late = doctor.browser.get("/console/worklist?lang=en").text
    assert late.count('class="late"') == 1


def test_a_page_costs_the_same_statements_with_many_cases(doctor, put, authority):
    put(2)
    few = selects(authority, lambda: doctor.browser.get("/console/cases"))
    put(60)
    many = selects(authority, lambda: doctor.browser.get("/console/cases"))

    assert few == many <= 8
    work = lambda: doctor.browser.get("/console/worklist")  # noqa: E731 - once
    assert selects(authority, work) <= 9


def test_the_list_goes_out_as_csv(doctor, put):
    (ref,) = put(assigned="=cmd")
    seen = doctor.browser.get("/console/cases.csv?classification=F0")

    assert seen.header("content-type").startswith("text/csv")
    assert ref in seen.text
    assert "'=cmd" in seen.text


def test_a_line_list_is_tried_before_it_is_taken(doctor, authority):
    lines = f"unit,classification\n{COMMUNE},F1\n{COMMUNE},F0\n"
    tried = doctor.browser.post(
        "/console/case-lines?lang=en", {"lines": lines, "dry": "yes"}
    )
    assert "Nothing was written; 0 rows" in tried.text
    assert stored(authority, cases) == []

    taken = doctor.browser.post(
        "/console/case-lines?lang=en", {"lines": lines, "dry": "no"}
    )
    assert "All was taken in" in taken.text
    assert len(stored(authority, cases)) == 2
    for bad in ("a,a\n", "ref,salary\n1,2\n"):
        sent = {"lines": bad, "dry": "no"}
        assert doctor.browser.post("/console/case-lines", sent).status == 400


def test_the_worklist_has_what_is_due(doctor, put):
    due, later = put()[0], put(due_day=20_700)[0]
    seen = doctor.browser.get("/console/worklist").text

    assert due in seen
    assert later not in seen
    assert ">1<" in doctor.browser.get("/console/today").text
