"""Two records of one person become one, and nothing is lost."""

import pytest

from proximity.authority.api_error import ApiError
from proximity.authority.cases.events import timeline
from proximity.authority.cases.merging import duplicates_of, merge_cases
from proximity.authority.cases.model import edges, shared_keys
from proximity.authority.cases.records import Scope, read_case

DAY = 20_600


def merge(connection, scope, *refs) -> str:
    return merge_cases(connection, scope, *refs, now_s=DAY * 86_400 + 50_000)


def code_of(work) -> str:
    with pytest.raises(ApiError) as raised:
        work()
    return raised.value.code


def test_the_fuller_record_stays_and_gets_what_it_lacked(connection, new_case, scope):
    poor = new_case(connection, "F1", assigned="a@example.org")
    full = new_case(connection, onset_day=DAY, test_day=DAY + 1, person=11)

    assert merge(connection, scope, poor, full) == full
    kept = read_case(connection, scope, full)
    assert (kept["assigned"], kept["onset_day"]) == ("a@example.org", DAY)
    gone = read_case(connection, scope, poor)
    assert (gone["status"], gone["merged_into"]) == ("merged", full)
    for ref in (poor, full):
        assert timeline(connection, ref)[-1].kind == "merged"


def test_edges_and_what_was_shared_go_with_it(
    *, connection, scope, desk, meeting, new_case
):
    desk.share_case(meeting)
    desk.share_contact(meeting)
    other = new_case(
        connection, "F1", person=12, test_day=DAY, assigned="a", isolated_day=DAY
    )
    kept_case = new_case(
        connection, onset_day=DAY, person=13, test_day=DAY, isolated_day=DAY + 9
    )
    assert merge(connection, scope, meeting.contact, other) == other
    assert merge(connection, scope, meeting.case, kept_case) == kept_case

    (edge,) = connection.execute(edges.select()).mappings()
    assert (edge["source"], edge["target"]) == (kept_case, other)
    (key,) = connection.execute(shared_keys.select()).mappings()
    assert key["ref"] == kept_case
    third = new_case(connection, "F1")
    meeting.case = kept_case
    # The tags still go with the salt of their token.
    assert desk.share_contact(meeting, third).verdict == "case-silent"
    told = [e for e in timeline(connection, kept_case) if e.kind == "edge"][-1]
    assert told.detail["claimed_before"] == 3


def test_what_a_merged_contact_claimed_is_still_its_own(
    *, connection, scope, desk, meeting, new_case
):
    desk.share_case(meeting)
    desk.share_contact(meeting)
    twin = new_case(connection, "F1", person=12)
    assert merge(connection, scope, meeting.contact, twin) == twin

    assert desk.share_contact(meeting, twin).verdict == "mutual"


def test_a_contact_is_asked_about_the_case_that_stays(
    *, connection, scope, desk, meeting, new_case
):
    desk.share_case(meeting)
    token = desk.issue(meeting.contact, source=meeting.case)
    kept = new_case(connection, person=11, onset_day=meeting.day, test_day=DAY)
    assert merge(connection, scope, meeting.case, kept) == kept

    opened = desk.open(token)
    assert (opened.case, len(opened.keys)) == (kept, 1)


def test_who_may_not_change_cases_merges_none(connection, scope, new_case):
    one, two = new_case(connection), new_case(connection, "F1")
    tracer = Scope("t", confirmed=frozenset())

    assert code_of(lambda: merge(connection, tracer, two, one)) == "not_allowed"


def test_of_two_edges_the_stronger_stays(connection, scope, meeting, new_case):
    twin = new_case(connection, "F1", person=12)
    for target, level in ((meeting.contact, 2), (twin, 1)):
        connection.execute(
            edges.insert().values(
                source=meeting.case,
                target=target,
                origin="bluetooth",
                level=level,
                value=1.0,
                minutes=1.0,
                found_s=1,
            )
        )
    merge(connection, scope, meeting.contact, twin)

    (edge,) = connection.execute(edges.select()).mappings()
    assert (edge["target"], edge["level"]) == (twin, 2)


def test_records_that_may_be_of_one_person_are_found(
    *, connection, scope, desk, meeting, new_case
):
    desk.share_case(meeting)
    again = new_case(connection, onset_day=meeting.day, person=11, test_day=DAY)
    other = new_case(connection, person=11)
    meeting.case, first = again, meeting.case
    desk.share_case(meeting)

    found = duplicates_of(connection, scope, again)
    assert {(each.ref, each.because) for each in found} == {
        (first, "keys"),
        (other, "person"),
    }
    elsewhere = Scope("b", frozenset({"x"}))
    assert code_of(lambda: duplicates_of(connection, elsewhere, again)) == "not_found"


def test_what_cannot_be_merged_is_refused(connection, scope, new_case):
    one, two, three = (new_case(connection) for _ in range(3))
    assert code_of(lambda: merge(connection, scope, one, one)) == "same_record"
    assert code_of(lambda: merge(connection, scope, one, "NONE")) == "not_found"
    gone = {one, two} - {merge(connection, scope, one, two)}

    work = lambda: merge(connection, scope, gone.pop(), three)  # noqa: E731 - once
    assert code_of(work) == "invalid_state"
