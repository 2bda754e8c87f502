"""Undo: an officer takes back their own last change, while nothing came after it."""

from typing import Any

from sqlalchemy import Connection, select, update

from proximity.authority.api_error import ApiError
from proximity.authority.cases.events import Event, note, timeline
from proximity.authority.cases.model import transfers
from proximity.authority.cases.records import Row, Scope, read_case, write_case
from proximity.authority.cases.rules import ENDED, Status
from proximity.authority.cases.transfers import DECLINED, OFFERED


def undoable(case: Row, events: list[Event], actor: str) -> Event | None:
    """Return the change that an officer can take back; None if there is none.

    Parameters
    ----------
    case : dict
        Row of the case.
    events : list of Event
        Its timeline, oldest first.
    actor : str
        The officer; nobody takes back what another one entered.
    """
    last = events[-1] if events else None
    if last is None or last.kind != "changed" or last.actor != actor:
        return None
    unchanged = all(case[name] == after for name, (_, after) in last.detail.items())
    return last if unchanged else None


def undo_change(
    connection: Connection, scope: Scope, ref: str, *, version: int | None, now_s: int
) -> None:
    """Give the fields of the last change the values that they had before.

    Parameters
    ----------
    connection : Connection
        In a transaction.
    scope : Scope
        Its actor made the change.
    ref : str
    version : int or None
        Of the case that the officer saw.
    now_s : int
        Unix seconds.

    Raises
    ------
    ApiError
        404 as `read_case`; 409 if something happened since, or somebody else did it.
    """
    case = read_case(connection, scope, ref)
    last = undoable(case, timeline(connection, ref), scope.actor)
    if last is None or version not in (None, case["version"]):
        raise ApiError(409, "conflict", "something else happened to the case since")
    values: dict[str, Any] = {name: before for name, (before, _) in last.detail.items()}
    told = {name: [after, before] for name, (before, after) in last.detail.items()}
    if "status" in values:
        values["ended_s"] = now_s if Status(values["status"]) in ENDED else None
    if case["reached_s"] == last.at_s:
        values["reached_s"] = None
    write_case(connection, case, values, now_s=now_s)
    note(connection, ref, Event("undone", scope.actor, now_s, told))


def open_offer(events: list[Event]) -> Event | None:
    """Return the transfer that is on offer; None if there is none."""
    kinds = {"offered", "transferred", "declined", "taken-back"}
    told = [event for event in events if event.kind in kinds]
    return told[-1] if told and told[-1].kind == "offered" else None


def take_back_offer(
    connection: Connection, scope: Scope, ref: str, *, now_s: int
) -> None:
    """End the offer of a case to another unit before that unit answers.

    Raises
    ------
    ApiError
        404 as `read_case`; 409 if there is no offer any more.
    """
    read_case(connection, scope, ref)
    offered = transfers.c.ref == ref, transfers.c.state == OFFERED
    row = connection.execute(select(transfers).where(*offered).with_for_update())
    found = row.mappings().first()
    if found is None:
        raise ApiError(409, "invalid_state", "the case is not on offer")
    connection.execute(
        update(transfers)
        .where(transfers.c.id == found["id"])
        .values(state=DECLINED, sealed=None, decided_s=now_s)
    )
    units = {"from": found["from_unit"], "to": found["to_unit"]}
    note(connection, ref, Event("taken-back", scope.actor, now_s, units))
