"""Undo of changes and of offers."""

import pytest
from sqlalchemy import insert

from proximity.authority.accounts.model import organisations
from proximity.authority.api_error import ApiError
from proximity.authority.cases.events import Event, timeline
from proximity.authority.cases.model import transfers
from proximity.authority.cases.records import (
    Changed,
    Scope,
    change_case,
    read_case,
)
from proximity.authority.cases.undo import (
    open_offer,
    take_back_offer,
    undo_change,
    undoable,
)

ME, OTHER = Scope("me"), Scope("other")
# Later than anything that the cases were made at.
NOW_S = 20_700 * 86_400


@pytest.fixture
def case(connection, new_case) -> str:
    return new_case(connection, "F1", onset_day=20_590)


@pytest.fixture
def change(connection, case, policy):
    def make(now_s: int = NOW_S, scope: Scope = ME, **fields) -> None:
        wanted = Changed(fields)
        change_case(connection, scope, case, wanted, policy=policy, now_s=now_s)

    return make


def test_a_case_is_as_it_was_before_the_change(connection, case, change):
    before = read_case(connection, ME, case)
    change(status="followed", onset_day=None, call_result="reached")
    undo_change(connection, ME, case, version=2, now_s=NOW_S + 60)
    after = read_case(connection, ME, case)

    changed = {name for name, value in after.items() if before[name] != value}
    assert changed == {"updated_s", "version"}
    last = timeline(connection, case)[-1]
    assert (last.kind, last.detail["onset_day"]) == ("undone", [None, 20_590])


def test_a_case_that_had_ended_has_ended_again(connection, case, change):
    change(status="lost")
    change(status="followed", now_s=NOW_S + 60)
    undo_change(connection, ME, case, version=None, now_s=NOW_S + 120)

    row = read_case(connection, ME, case)
    assert (row["status"], row["ended_s"], row["due_day"]) == (
        "lost",
        NOW_S + 120,
        None,
    )


def test_only_who_made_the_last_change_takes_it_back_and_once(connection, case, change):
    change(call_result="refused")
    with pytest.raises(ApiError, match="something else"):
        undo_change(connection, OTHER, case, version=None, now_s=NOW_S)
    undo_change(connection, ME, case, version=None, now_s=NOW_S)
    with pytest.raises(ApiError, match="something else"):
        undo_change(connection, ME, case, version=None, now_s=NOW_S)


def test_nothing_is_undone_once_something_came_after_it(connection, case, change):
    change(call_result="refused")
    with pytest.raises(ApiError, match="something else"):
        undo_change(connection, ME, case, version=1, now_s=NOW_S)
    change(call_result="reached", scope=OTHER)

    row, events = read_case(connection, ME, case), timeline(connection, case)
    assert undoable(row, events, "me") is None
    assert undoable(row, events, "other") == events[-1]
    assert undoable(row | {"call_result": None}, events, "other") is None
    assert undoable(row, [], "me") is None


def test_an_offer_is_taken_back_before_it_is_answered(connection, case):
    connection.execute(insert(organisations).values(_unit()))
    connection.execute(insert(transfers).values(_offer(case)))
    take_back_offer(connection, ME, case, now_s=NOW_S)

    row = connection.execute(transfers.select()).mappings().one()
    assert (row["state"], row["sealed"]) == ("declined", None)
    assert timeline(connection, case)[-1].kind == "taken-back"
    with pytest.raises(ApiError, match="not on offer"):
        take_back_offer(connection, ME, case, now_s=NOW_S)


def test_an_offer_is_open_until_something_became_of_it():
    offered = Event("offered", "me", 1, {"to": "02635"})
    changed = Event("changed", "me", 2)

    assert open_offer([offered, changed]) is offered
    assert open_offer([offered, Event("declined", "you", 3)]) is None
    assert open_offer([changed]) is None


def _unit() -> dict[str, str]:
    return {"id": "02635", "kind": "commune", "name": "x", "path": "root/02635/"}


def _offer(ref: str) -> dict[str, object]:
    return {
        "id": "0" * 32,
        "ref": ref,
        "from_unit": "02653",
        "to_unit": "02635",
        "state": "offered",
        "sealed": b"x",
        "offered_s": NOW_S,
        "offered_by": "me",
    }
