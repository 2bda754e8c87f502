"""The pages of a demonstration: come in, change who one is, what phones were told."""

import json
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.engine import Connection

from proximity.authority.accounts.model import officers
from proximity.authority.accounts.sessions import begin_session, end_session
from proximity.authority.api_error import ApiError
from proximity.authority.assembly import Authority
from proximity.authority.console.registry import Door, Group, Kind, Page
from proximity.authority.console.view import Html, SignedIn, View
from proximity.authority.console.visit import Visit
from proximity.authority.database import reading
from proximity.authority.demo.door import ENTER, DemoDoor, list_parts
from proximity.authority.verification.outbox import OUTBOX_FILE

START = "/today"
PROOF = "demo"
_MESSAGES = 5
_TAIL_BYTES = 8_192


def pages(authority: Authority, door: DemoDoor | None) -> list[Page]:
    """Return the pages of a demonstration; none of any other authority.

    Parameters
    ----------
    authority : Authority
    door : DemoDoor | None
        Of the command that serves it; without one there is no way in but the usual.
    """
    if door is None or not authority.settings.demo:
        return []
    return [
        Page("demo-enter", ENTER, partial(_enter, door), door=Door.OPEN),
        Page("demo", "/demo", partial(_show, door), nav=Group.SELF),
        Page("demo-become", "/demo/become", _become, kind=Kind.ACT),
    ]


def _enter(door: DemoDoor, visit: Visit) -> View:
    if not door.opens_with(visit.query.text("key", 64)):
        raise ApiError(404, "not_found", "there is no such page")
    return _sign_in(visit, visit.query.text("as", 16))


def _become(visit: Visit) -> View:
    return _sign_in(visit, visit.form.text("officer", 16))


def _sign_in(visit: Visit, officer: str) -> View:
    authority = visit.authority
    with authority.engine.begin() as connection:
        if not _may_sign_in(connection, officer):
            raise ApiError(404, "not_found", "there is no such officer")
        if visit.session is not None:
            end_session(connection, visit.session.id, visit.now_s)
        visit.note(connection, "demo.enter", subject=officer)
        token = begin_session(
            connection, authority, officer, proof=PROOF, agent=visit.agent
        )
    return SignedIn(token, START)


def _may_sign_in(connection: Connection, officer: str) -> bool:
    statement = select(officers.c.id).where(
        officers.c.id == officer, officers.c.disabled_s.is_(None)
    )
    return connection.execute(statement).first() is not None


def _show(door: DemoDoor, visit: Visit) -> View:
    with reading(visit.authority.engine) as connection:
        cast = list_parts(connection)
    context = {
        "cast": cast,
        "receipt": door.receipt,
        "messages": _messages(visit.authority),
    }
    return Html("demo/demo.html", context)


def _messages(authority: Authority) -> list[dict[str, Any]]:
    """Return what was last sent to invented telephones, newest first."""
    try:
        data = (authority.directory / OUTBOX_FILE).read_bytes()[-_TAIL_BYTES:]
    except FileNotFoundError:
        return []
    lines = data.splitlines()[-_MESSAGES:]
    return [json.loads(line) for line in reversed(lines) if line.startswith(b"{")]
