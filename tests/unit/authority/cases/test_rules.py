"""Windows, states, completeness and merging, without a database."""

import pytest

from proximity.authority.cases.policy import TracingPolicy
from proximity.authority.cases.rules import (
    ENDED,
    InfectiousWindow,
    Status,
    case_window,
    completeness,
    contact_window,
    may_move,
    merged_fields,
    within,
)

POLICY = TracingPolicy(before_onset_days=3, after_onset_days=10, latent_days=2)


def test_a_case_is_infectious_from_before_onset_until_isolated():
    window = case_window(POLICY, onset_day=100, test_day=104, isolated_day=105)

    assert window == InfectiousWindow(97, 105)


def test_the_test_stands_in_where_nobody_felt_ill():
    window = case_window(POLICY, onset_day=None, test_day=104, isolated_day=None)

    assert window == InfectiousWindow(101, 114)


def test_nothing_known_gives_no_window():
    assert case_window(POLICY, onset_day=None, test_day=None, isolated_day=9) is None


def test_a_contact_isolated_before_being_infectious_has_no_contacts_to_warn():
    assert contact_window(POLICY, first_exposed_day=100, isolated_day=101) is None
    assert contact_window(POLICY, first_exposed_day=100, isolated_day=103) == (102, 103)


@pytest.mark.parametrize(
    ("first", "last", "held"),
    [(1, 4, False), (1, 5, True), (9, 20, True), (10, 11, False)],
)
def test_a_contact_counts_if_any_day_is_within(first, last, held):
    assert within(InfectiousWindow(5, 9), first, last) is held


def test_what_was_merged_or_withdrawn_does_not_come_back():
    for ended in (Status.MERGED, Status.WITHDRAWN):
        assert not any(may_move(ended, after) for after in set(Status) - {ended})
    assert {Status.MERGED, Status.WITHDRAWN} < ENDED


def test_a_lost_person_may_turn_up():
    assert may_move(Status.LOST, Status.REACHED)
    assert not may_move(Status.OPEN, Status.COMPLETED)


def test_a_fuller_case_scores_higher():
    empty = {"unit": "02653"}
    fuller = empty | {"onset_day": 0, "person": "p"}

    assert completeness({}) == 0
    assert completeness(empty) < completeness(fuller) < 100


def test_a_merge_fills_gaps_and_takes_the_earlier_onset():
    kept = {"classification": "F1", "onset_day": 105, "person": None, "unit": "a"}
    other = {"classification": "F0", "onset_day": 103, "person": "p", "unit": "b"}

    assert merged_fields(kept, other) == {
        "onset_day": 103,
        "person": "p",
        "classification": "F0",
    }


def test_a_merge_with_less_changes_nothing():
    kept = {"classification": "F0", "onset_day": 103, "person": "p"}

    assert merged_fields(kept, {"classification": "F2", "onset_day": 104}) == {}
