"""Superiors see their officers' lines; a person sees their own."""

from proximity.authority.audit.model import Action, Entry, Reason
from proximity.authority.audit.readings import (
    officer_code,
    readings_of_officers,
    readings_of_person,
)
from proximity.authority.audit.trail import record_entry


def record(authority, actor, unit="10-080", subjects=(5,)):
    entry = Entry(
        actor, unit, Action.READ, Reason.FOLLOW_UP, "T-3", ("name", "phone"), subjects
    )
    record_entry(authority, entry)


def test_a_superior_sees_the_lines_of_their_units(authority):
    record(authority, "an")
    record(authority, "binh")
    record(authority, "chi", "10-082")

    seen = readings_of_officers(authority, ["10-080"])
    assert [each.who for each in seen] == ["binh", "an"]
    assert seen[0].fields == ("name", "phone")
    assert (seen[0].reason, seen[0].reference) == (Reason.FOLLOW_UP, "T-3")
    alone = readings_of_officers(authority, ["10-080", "10-082"], officer="chi")
    assert [each.unit for each in alone] == ["10-082"]
    assert readings_of_officers(authority, []) == []


def test_pages_follow_each_other(authority):
    for number in range(5):
        record(authority, f"o{number}")
    first = readings_of_officers(authority, ["10-080"], limit=3)
    second = readings_of_officers(authority, ["10-080"], before=first[-1].seq, limit=3)

    assert [each.who for each in first + second] == ["o4", "o3", "o2", "o1", "o0"]


def test_a_person_sees_their_own_lines_and_no_one_elses(authority):
    record(authority, "an", subjects=(5, 6, 7))
    record(authority, "binh", subjects=(6,))
    (seen,) = readings_of_person(authority, 5)

    assert (seen.persons, seen.reference) == ((5,), "")
    assert seen.who == officer_code(authority, "an") != "an"
    assert readings_of_person(authority, 9) == []


def test_a_code_stays_with_its_officer(authority):
    codes = {officer_code(authority, name) for name in ("an", "an", "binh")}

    assert len(codes) == 2
    assert officer_code(authority, "citizen") == "citizen"
