"""Cases in the database: made, read within a scope, changed."""

import pytest

from proximity.authority.api_error import ApiError
from proximity.authority.cases.events import timeline
from proximity.authority.cases.finding import CaseQuery, find_cases, worklist
from proximity.authority.cases.records import (
    Scope,
    checked_fields,
    read_case,
)

DAY = 20_600
ELSEWHERE = Scope("other@example.org", frozenset({"02680"}))


def test_a_case_gets_its_infectious_window_from_its_onset(connection, new_case, scope):
    ref = new_case(connection, onset_day=DAY)
    case = read_case(connection, scope, ref)

    assert (case["from_day"], case["to_day"]) == (DAY - 3, DAY + 10)
    assert (case["status"], case["due_day"]) == ("open", DAY)
    assert [event.kind for event in timeline(connection, ref)] == ["created"]


def test_an_officer_of_another_unit_does_not_learn_that_there_is_a_case(
    connection, new_case, change
):
    ref = new_case(connection)
    for work in (
        lambda: read_case(connection, ELSEWHERE, ref),
        lambda: change(ref, by=ELSEWHERE, onset_day=DAY),
    ):
        with pytest.raises(ApiError) as raised:
            work()
        assert raised.value.status == 404
    assert find_cases(connection, ELSEWHERE, CaseQuery()).rows == []
    assert worklist(connection, ELSEWHERE, assigned=None, today=DAY) == []


def test_nobody_records_or_moves_a_case_into_another_unit(
    connection, authority, new_case, change
):
    ref = new_case(connection, unit="02653")
    here = Scope("a@example.org", frozenset({"02653"}))

    with pytest.raises(ApiError) as raised:
        change(ref, by=here, unit="02680")
    assert raised.value.status == 403


def test_a_change_is_told_with_before_and_after(connection, new_case, change):
    ref = new_case(connection, onset_day=DAY)
    case = change(ref, isolated_day=DAY + 2, call_result="reached")

    assert (case["to_day"], case["version"]) == (DAY + 2, 2)
    assert case["reached_s"] is not None
    event = timeline(connection, ref)[-1]
    assert event.detail["isolated_day"] == [None, DAY + 2]
    assert event.detail["to_day"] == [DAY + 10, DAY + 2]


def test_a_window_that_an_officer_sets_stands(connection, new_case, change):
    ref = new_case(connection, onset_day=DAY)

    case = change(ref, from_day=DAY - 5, onset_day=DAY - 1)
    assert (case["from_day"], case["onset_day"]) == (DAY - 5, DAY - 1)


def test_two_officers_do_not_overwrite_each_other(connection, new_case, change):
    ref = new_case(connection)
    change(ref, version=1, onset_day=DAY)

    with pytest.raises(ApiError) as raised:
        change(ref, version=1, onset_day=DAY - 9)
    assert raised.value.code == "conflict"


def test_a_state_that_cannot_follow_is_refused(connection, new_case, change):
    ref = new_case(connection)

    with pytest.raises(ApiError) as raised:
        change(ref, status="completed")
    assert raised.value.code == "invalid_state"


def test_nothing_changed_is_no_event(connection, new_case, change):
    ref = new_case(connection, onset_day=DAY)
    change(ref, onset_day=DAY)

    assert len(timeline(connection, ref)) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"onset_day": "2026-01-01"},
        {"onset_day": True},
        {"onset_day": -1},
        {"classification": "F9"},
        {"status": None},
        {"unit": ""},
        {"unit": "x" * 33},
        {"assigned": "<script>"},
        {"assigned": "a\x00b"},
        {"version": 3},
        {"person": "5"},
    ],
)
def test_what_no_case_can_hold_is_refused(fields):
    with pytest.raises(ApiError) as raised:
        checked_fields(fields)
    assert raised.value.status == 400


def test_who_traces_contacts_alone_makes_and_changes_no_case(
    connection, new_case, change
):
    tracer = Scope("tracer@example.org", frozenset({"02653"}), frozenset())
    case, contact = new_case(connection), new_case(connection, "F1")

    assert not tracer.may_change("F0", "02653")
    assert not tracer.may_change("F1", "02680")
    assert change(contact, by=tracer, onset_day=DAY)["onset_day"] == DAY
    for ref, fields in (
        (case, {"onset_day": DAY}),
        (case, {"classification": "F1"}),
        (contact, {"classification": "F0"}),
    ):
        with pytest.raises(ApiError) as raised:
            change(ref, by=tracer, **fields)
        assert raised.value.code == "not_allowed"
