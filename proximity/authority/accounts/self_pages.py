"""What an officer sees of their own account: ways of signing in, sessions, rights."""

from sqlalchemy import select, update

from proximity.authority.accounts.attempts import Attempt
from proximity.authority.accounts.model import officers
from proximity.authority.accounts.organisations import unit_names
from proximity.authority.accounts.passkeys import passkeys_of, remove_passkey
from proximity.authority.accounts.passwords import hash_password, is_password
from proximity.authority.accounts.refusal import RefusalError
from proximity.authority.accounts.sessions import (
    end_session,
    end_sessions,
    live_sessions,
)
from proximity.authority.accounts.sign_in_pages import check_fresh, session_of
from proximity.authority.api_error import ApiError
from proximity.authority.console.registry import Group, Kind, Page
from proximity.authority.console.view import Html, Redirect, View
from proximity.authority.console.visit import Visit
from proximity.authority.database import reading


def pages() -> list[Page]:
    """Return the pages of one's own account; they need no right."""
    act = Kind.ACT
    return [
        Page("me", "/me", _me, nav=Group.SELF),
        Page("me-password", "/me/password", _change_password, kind=act),
        Page("me-passkey-off", "/me/passkeys/{passkey}/remove", _remove, kind=act),
        Page("me-session-end", "/me/sessions/{own}/end", _end_session, kind=act),
        Page("me-sessions-end", "/me/sessions/end", _end_others, kind=act),
    ]


def _me(visit: Visit) -> View:
    return _view(visit)


def _view(visit: Visit, error: str = "") -> Html:
    officer = visit.officer
    with reading(visit.authority.engine) as connection:
        row = connection.execute(
            select(officers.c.totp_sealed, officers.c.password_hash).where(
                officers.c.id == officer.id
            )
        ).one()
        units = {grant.unit.id for grant in officer.grants} | {officer.unit.id}
        context = {
            "page_name": "me",
            "error": error,
            "has_code": row.totp_sealed is not None,
            "has_password": row.password_hash is not None,
            "passkeys": passkeys_of(connection, officer.id),
            "sessions": live_sessions(connection, officer.id, visit.now_s),
            "here": session_of(visit).id,
            "units": unit_names(connection, units),
        }
    return Html("accounts/me.html", context, 400 if error else 200)


def _change_password(visit: Visit) -> View:
    officer, authority = visit.officer, visit.authority
    new, again = visit.form.secret("new"), visit.form.secret("again")
    attempt = Attempt(authority, officer.email, visit.client)
    try:
        if new != again:
            raise RefusalError("passwords_differ", "They differ.", "Type both again.")
        new_hash = hash_password(new)
        with authority.engine.begin() as connection:
            attempt.check(connection)
            old = connection.execute(
                select(officers.c.password_hash).where(officers.c.id == officer.id)
            ).scalar()
        if not is_password(visit.form.secret("old"), old):
            with authority.engine.begin() as connection:
                attempt.count(connection)
            raise RefusalError("old_password", "Not the old one.", "Type it again.")
    except (ApiError, RefusalError) as error:
        return _view(visit, visit.t(f"error.{error.code}"))
    with authority.engine.begin() as connection:
        visit.note(connection, "account.password-set", subject=officer.id)
        connection.execute(
            update(officers)
            .where(officers.c.id == officer.id)
            .values(password_hash=new_hash)
        )
        # Whoever knew the old one is out.
        end_sessions(connection, officer.id, visit.now_s, but=session_of(visit).id)
    return Redirect("/me", done="me.password-changed")


def _remove(visit: Visit) -> View:
    check_fresh(visit)
    officer = visit.officer.id
    with visit.authority.engine.begin() as connection:
        sealed = connection.execute(
            select(officers.c.totp_sealed).where(officers.c.id == officer)
        ).scalar()
        if sealed is None and len(passkeys_of(connection, officer)) < 2:
            raise RefusalError("last_factor", "It is the last.", "Add another first.")
        visit.note(connection, "account.passkey-off", subject=officer)
        remove_passkey(connection, officer, visit.parameters["passkey"])
    return Redirect("/me", done="me.passkey-removed")


def _end_session(visit: Visit) -> View:
    wanted, officer = visit.parameters["own"], visit.officer.id
    with visit.authority.engine.begin() as connection:
        own = {each.id for each in live_sessions(connection, officer, visit.now_s)}
        if wanted not in own:
            raise ApiError(404, "not_found", "there is no such session")
        visit.note(connection, "session.end", subject=officer)
        end_session(connection, wanted, visit.now_s)
    return Redirect("/me", done="sessions.ended")


def _end_others(visit: Visit) -> View:
    with visit.authority.engine.begin() as connection:
        visit.note(connection, "session.end", subject=visit.officer.id)
        end_sessions(
            connection, visit.officer.id, visit.now_s, but=session_of(visit).id
        )
    return Redirect("/me", done="sessions.ended")
