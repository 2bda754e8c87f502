"""From F0 to F1 to F2: ranked, explained, within the infectious window."""

import pytest

from proximity.authority.api_error import ApiError
from proximity.authority.cases.chains import add_contact, chain_of
from proximity.authority.cases.model import edges
from proximity.authority.cases.records import Scope


@pytest.fixture
def link(connection, authority):
    """Return what stores an edge that devices found."""

    def put(source, target, day, *, level=2, value=20.0, verdict="mutual") -> None:
        reasons = (
            '{"verdict": "%s", "contact_share": 1.0, "case_share": 1.0,'
            ' "nearest_db": 40, "days": [], "dropped": {},'
            ' "rule": {"name": "en-v2", "version": 1, "digest": "ab"}}'
        )
        connection.execute(
            edges.insert().values(
                source=source,
                target=target,
                origin="bluetooth",
                verdict=verdict,
                level=level,
                value=value,
                minutes=value,
                first_day=day,
                last_day=day,
                reasons=reasons % verdict,
                found_s=authority.now_s,
            )
        )

    return put


@pytest.fixture
def name(connection, scope, authority):
    def put(ref, day, **fields) -> str:
        given = {"unit": "02653"} | fields
        days = range(day, day + 1)
        return add_contact(
            connection, scope, ref, given, days=days, authority=authority
        )

    return put


@pytest.fixture
def chain(connection, scope, policy):
    """Return what reads the chain of a case."""
    return lambda ref, by=scope: chain_of(connection, by, ref, policy)


def refs(met) -> list[str]:
    return [each.case["ref"] for each in met]


def test_contacts_are_ranked_by_the_rule(*, connection, chain, meeting, new_case, link):
    near, far, nearer = (new_case(connection, "F1") for _ in range(3))
    link(meeting.case, far, meeting.day, level=1, value=9.0)
    link(meeting.case, near, meeting.day, value=20.0)
    link(meeting.case, nearer, meeting.day, value=30.0)

    assert refs(chain(meeting.case).contacts) == [
        nearer,
        near,
        far,
    ]


def test_what_lies_outside_the_infectious_window_does_not_count(
    *, connection, chain, meeting, new_case, link
):
    early, refuted, within = (new_case(connection, "F1") for _ in range(3))
    link(meeting.case, early, meeting.day - 4, value=90.0)
    link(meeting.case, refuted, meeting.day, level=0, verdict="case-silent")
    link(meeting.case, within, meeting.day - 3, value=1.0)
    found = chain(meeting.case).contacts

    assert [each.counted for each in found] == [True, False, False]
    assert refs(found)[0] == within
    for language, word in (("en", "does not count"), ("vi", "Không tính")):
        assert word in found[1].why(language)[-1]


def test_an_f2_counts_from_when_its_f1_may_be_infectious(
    *, connection, chain, meeting, new_case, link
):
    link(meeting.case, meeting.contact, meeting.day)
    early, late = new_case(connection, "F2"), new_case(connection, "F2")
    link(meeting.contact, early, meeting.day + 1)
    link(meeting.contact, late, meeting.day + 2)
    (first,) = chain(meeting.case).contacts

    assert [(m.case["ref"], m.counted) for m in first.contacts] == [
        (late, True),
        (early, False),
    ]


def test_a_person_names_whom_they_met(*, chain, meeting, name):
    contact = name(meeting.case, meeting.day)
    second = name(contact, meeting.day + 2)
    whole = chain(meeting.case)

    (first,) = whole.contacts
    assert (first.case["classification"], first.counted) == ("F1", True)
    assert refs(first.contacts) == [second]
    assert "Named in an interview" in first.why("en")[0]
    assert [r["ref"] for r in chain(contact).sources] == [meeting.case]
    document = whole.as_json()
    assert document["contacts"][0]["contacts"][0]["classification"] == "F2"


def test_nobody_is_traced_outside_the_window_or_from_an_f2(
    *, connection, meeting, new_case, name
):
    contact = name(meeting.case, meeting.day)
    second = name(contact, meeting.day + 2)
    unknown = new_case(connection, "F1")
    codes = []
    for ref, day in (
        (meeting.case, meeting.day - 4),
        (contact, meeting.day + 1),
        (second, meeting.day + 3),
        (unknown, meeting.day),
    ):
        with pytest.raises(ApiError) as raised:
            name(ref, day)
        codes.append(raised.value.code)

    assert codes == ["outside_window"] * 2 + ["nothing_to_trace"] * 2


def test_of_other_units_only_their_number_is_told(
    *, connection, chain, meeting, new_case, link
):
    elsewhere = new_case(connection, "F1", unit="02680")
    link(meeting.case, elsewhere, meeting.day)
    here = Scope("a@example.org", frozenset({"02653"}))
    found = chain(meeting.case, here)

    assert (found.contacts, found.elsewhere) == ((), 1)
    assert elsewhere not in str(found.as_json())


def test_a_chain_costs_the_same_statements_whatever_there_is(
    *, connection, chain, meeting, new_case, link, count_statements
):
    for _ in range(12):
        contact = new_case(connection, "F1")
        link(meeting.case, contact, meeting.day)
        link(contact, new_case(connection, "F2"), meeting.day + 2)

    made = count_statements(lambda: chain(meeting.case))
    assert len(made) <= 6
