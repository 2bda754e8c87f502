"""Pages on which others' sessions are ended, and on which the roles are explained."""

from sqlalchemy import select

from proximity.authority.accounts.model import (
    Area,
    Unit,
    officers,
    organisations,
    sessions,
)
from proximity.authority.accounts.organisations import unit_names
from proximity.authority.accounts.rules import reads, rights_table, writes
from proximity.authority.accounts.sessions import end_session, live
from proximity.authority.console.registry import Group, Kind, Page
from proximity.authority.console.view import Html, Redirect, View
from proximity.authority.console.visit import Visit
from proximity.authority.database import reading

_READ, _WRITE = reads(Area.ACCOUNTS), writes(Area.ACCOUNTS)
_SESSIONS = 500


def pages() -> list[Page]:
    """Return the pages of sessions and roles."""
    return [
        Page("sessions", "/sessions", _sessions, _READ, nav=Group.OVERSIGHT),
        Page(
            "session-end",
            "/sessions/{session}/end",
            _end,
            _WRITE,
            Kind.ACT,
            _unit_of_session,
        ),
        Page("roles", "/roles", _roles, _READ, nav=Group.PEOPLE),
    ]


def _unit_of_session(visit: Visit) -> Unit | None:
    with reading(visit.authority.engine) as connection:
        row = connection.execute(
            select(organisations.c.id, organisations.c.path)
            .join(officers, officers.c.unit == organisations.c.id)
            .join(sessions, sessions.c.officer == officers.c.id)
            .where(sessions.c.id == visit.parameters["session"])
        ).first()
    return None if row is None else Unit(row.id, row.path)


def _sessions(visit: Visit) -> View:
    with reading(visit.authority.engine) as connection:
        rows = connection.execute(
            select(sessions, officers.c.name, officers.c.unit)
            .join(officers, officers.c.id == sessions.c.officer)
            .where(live(visit.now_s), visit.reach(_READ, officers.c.unit))
            .order_by(sessions.c.seen_s.desc())
            .limit(_SESSIONS)
        ).all()
        units = unit_names(connection, {row.unit for row in rows})
    here = visit.session.id if visit.session else ""
    context = {"rows": rows, "units": units, "here": here}
    return Html("accounts/sessions.html", context)


def _end(visit: Visit) -> View:
    with visit.authority.engine.begin() as connection:
        session = visit.parameters["session"]
        owner = select(sessions.c.officer).where(sessions.c.id == session)
        subject = connection.execute(owner).scalar_one()
        visit.note(connection, "session.end", subject=subject)
        end_session(connection, session, visit.now_s)
    return Redirect("/sessions", done="sessions.ended")


def _roles(_visit: Visit) -> View:
    context = {"table": list(rights_table()), "areas": list(Area)}
    return Html("accounts/roles.html", context)
