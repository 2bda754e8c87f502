"""Deeds that one officer asks for and another decides on."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, insert, select, update

from proximity.authority.accounts.model import (
    Action,
    Area,
    Officer,
    Unit,
    approvals,
    organisations,
)
from proximity.authority.accounts.officers import load_officer
from proximity.authority.accounts.refusal import RefusalError
from proximity.authority.accounts.rules import allowed, writes
from proximity.authority.assembly import Authority
from proximity.units import DAY_S

WAITS_S = 3 * DAY_S
DECIDES = writes(Area.APPROVALS)
_LIST = 200


class State(StrEnum):
    """How far a request is; it only moves forward, unless its deed failed."""

    WAITING = "waiting"
    APPROVED = "approved"
    DONE = "done"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class Verdict(StrEnum):
    """What is said to a request."""

    APPROVE = "approve"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"


class Request(NamedTuple):
    """Something that waits for a second officer.

    Attributes
    ----------
    id, kind : str
    unit : Unit
        Whoever decides needs the right there.
    subject : str
        ID of the officer or thing that it concerns.
    details : mapping
        What the deed needs.
    asked_by : str
    asked_s, until_s : int
        Unix seconds; afterwards it counts as refused.
    state : State
    decided_by : str | None
    decided_s : int | None
    """

    id: str
    kind: str
    unit: Unit
    subject: str
    details: Mapping[str, str]
    asked_by: str
    asked_s: int
    until_s: int
    state: State
    decided_by: str | None
    decided_s: int | None


class Names(NamedTuple):
    """What people and units are called, by ID; looked up for a whole list at once."""

    officers: Mapping[str, str]
    units: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Deed:
    """A kind of deed that needs four eyes.

    Attributes
    ----------
    kind : str
        The messages `deed.<kind>.title`, `.text` (with the values of `describe`) and
        `.effect` say what it is and what approving it will do.
    asks : Action
        The right of whoever asks; looked at again when the deed is done.
    perform : callable (Authority, Request) -> str
        Does it, in transactions of its own; what it returns is shown to the approver
        once.
    describe : callable (Request, Names) -> mapping
        Values of the text.
    """

    kind: str
    asks: Action
    perform: Callable[[Authority, Request], str]
    describe: Callable[[Request, Names], Mapping[str, str]]


class Wish(NamedTuple):
    """What an officer asks for.

    Attributes
    ----------
    deed : Deed
    unit : Unit
    subject : str
    details : mapping
    """

    deed: Deed
    unit: Unit
    subject: str
    details: Mapping[str, str]


def ask_for(
    connection: Connection, authority: Authority, officer: Officer, wish: Wish
) -> str:
    """Write a request down; return its ID. Asked twice, it is one request.

    Raises
    ------
    PolicyError
        If the officer may not ask, or asks for what concerns themselves.
    """
    if not allowed(officer, wish.deed.asks, wish.unit) or wish.subject == officer.id:
        raise RefusalError(
            "not_yours",
            "This is not yours to ask for.",
            "Ask an administrator of the unit.",
        )
    details = json.dumps(dict(wish.details), sort_keys=True)
    c = approvals.c
    same = connection.execute(
        select(c.id).where(
            c.kind == wish.deed.kind,
            c.subject == wish.subject,
            c.details == details,
            c.state == State.WAITING,
            c.until_s > authority.now_s,
        )
    ).scalar()
    if same is not None:
        return str(same)
    request_id = authority.entropy(8).hex()
    connection.execute(
        insert(approvals).values(
            id=request_id,
            kind=wish.deed.kind,
            unit=wish.unit.id,
            subject=wish.subject,
            details=details,
            asked_by=officer.id,
            asked_s=authority.now_s,
            until_s=authority.now_s + WAITS_S,
            state=State.WAITING,
        )
    )
    return request_id


def decide(
    authority: Authority,
    officer: Officer,
    request_id: str,
    verdict: Verdict,
    *,
    deeds: Mapping[str, Deed],
) -> str:
    """Approve, refuse or withdraw a request; return what an approval shows.

    Raises
    ------
    PolicyError
        If it is over, or not this officer's to decide: never one's own, nor one about
        oneself.
    """
    with authority.engine.begin() as connection:
        request = find_request(connection, request_id)
        _check(request, officer, verdict, authority.now_s)
        if request is None:
            return ""
        deed = deeds[request.kind]
        if verdict is Verdict.APPROVE:
            asker = load_officer(connection, request.asked_by)
            if asker is None or not allowed(asker, deed.asks, request.unit):
                raise _not_yours("asker_gone", "Who asked for it may no longer do so.")
        state = {
            Verdict.APPROVE: State.APPROVED,
            Verdict.REFUSE: State.REFUSED,
            Verdict.WITHDRAW: State.WITHDRAWN,
        }[verdict]
        moved = connection.execute(
            update(approvals)
            .where(approvals.c.id == request.id, approvals.c.state == State.WAITING)
            .values(state=state, decided_by=officer.id, decided_s=authority.now_s)
        )
        if not moved.rowcount:
            raise _not_yours("decided", "Somebody else decided meanwhile.")
    return _carry_out(authority, request, deed) if verdict is Verdict.APPROVE else ""


def find_request(connection: Connection, request_id: str) -> Request | None:
    """Return a request by its ID; None if there is none."""
    row = connection.execute(_select().where(approvals.c.id == request_id)).first()
    return None if row is None else _request(row)


def list_requests(
    connection: Connection, reach: ColumnElement[bool], *, open_at_s: int | None
) -> list[Request]:
    """Return requests within a condition, newest first: open ones, or all."""
    statement = _select().where(reach)
    if open_at_s is not None:
        statement = statement.where(
            approvals.c.state == State.WAITING, approvals.c.until_s > open_at_s
        )
    rows = connection.execute(
        statement.order_by(approvals.c.asked_s.desc(), approvals.c.id).limit(_LIST)
    )
    return [_request(row) for row in rows]


def may_decide(officer: Officer, request: Request, now_s: int) -> bool:
    """Tell whether an officer can be the second pair of eyes of a request."""
    return (
        request.state is State.WAITING
        and request.until_s > now_s
        and officer.id not in (request.asked_by, request.subject)
        and allowed(officer, DECIDES, request.unit)
    )


def may_withdraw(officer: Officer, request: Request, now_s: int) -> bool:
    """Tell whether an officer can take a request back."""
    return (
        request.state is State.WAITING
        and request.until_s > now_s
        and officer.id == request.asked_by
    )


def _check(
    request: Request | None, officer: Officer, verdict: Verdict, now_s: int
) -> None:
    if request is None or request.state is not State.WAITING:
        raise _not_yours("decided", "There is no such request that waits.")
    if request.until_s <= now_s:
        raise _not_yours("request_over", "The request has waited too long and is over.")
    if verdict is Verdict.WITHDRAW:
        fits = may_withdraw(officer, request, now_s)
    else:
        fits = may_decide(officer, request, now_s)
    if not fits:
        raise _not_yours("not_yours_to_decide", "This is not yours to decide.")


def _carry_out(authority: Authority, request: Request, deed: Deed) -> str:
    try:
        shown = deed.perform(authority, request)
    except BaseException:
        # What failed waits again: nothing of it may seem to have been done.
        with authority.engine.begin() as connection:
            connection.execute(
                update(approvals)
                .where(approvals.c.id == request.id)
                .values(state=State.WAITING, decided_by=None, decided_s=None)
            )
        raise
    with authority.engine.begin() as connection:
        connection.execute(
            update(approvals)
            .where(approvals.c.id == request.id)
            .values(state=State.DONE)
        )
    return shown


def _select() -> Any:
    return select(approvals, organisations.c.path).join(
        organisations, organisations.c.id == approvals.c.unit
    )


def _request(row: Row[Any]) -> Request:
    return Request(
        id=row.id,
        kind=row.kind,
        unit=Unit(row.unit, row.path),
        subject=row.subject,
        details=json.loads(row.details),
        asked_by=row.asked_by,
        asked_s=row.asked_s,
        until_s=row.until_s,
        state=State(row.state),
        decided_by=row.decided_by,
        decided_s=row.decided_s,
    )


def _not_yours(code: str, message: str) -> RefusalError:
    return RefusalError(code, message, "Look at the list of requests once more.")
