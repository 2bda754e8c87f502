"""The door: signing in, the first visit, setting up a second factor, signing out."""

from proximity.authority.accounts.enrolment import redeem_enrolment
from proximity.authority.accounts.one_time_codes import (
    fitting_step,
    new_secret,
    secret_qr,
    secret_uri,
    set_secret,
)
from proximity.authority.accounts.passkeys import (
    Place,
    add_passkey,
    creation_options,
    passkeys_of,
    request_options,
)
from proximity.authority.accounts.refusal import RefusalError
from proximity.authority.accounts.sessions import (
    PASSKEY,
    TOTP,
    Session,
    begin_session,
    end_session,
    end_sessions,
)
from proximity.authority.accounts.signing_in import (
    Entry,
    Knock,
    finish_enrolling,
    sign_in,
    sign_in_by_passkey,
)
from proximity.authority.api_error import ApiError
from proximity.authority.console.registry import Door, Kind, Page
from proximity.authority.console.view import (
    Html,
    Json,
    Redirect,
    SignedIn,
    SignedOut,
    View,
)
from proximity.authority.console.visit import Visit
from proximity.authority.database import reading
from proximity.errors import ProximityError

START, SET_UP = "/today", "/set-up"
# Who changes how they sign in has signed in just now: a session left open gives nobody
# a key of their own.
FRESH_S = 10 * 60
_BASE32 = set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
_MAX_ANSWER = 32_768


def pages() -> list[Page]:
    """Return the pages of the door."""
    act, way_in, half_in = Kind.ACT, Door.OPEN, Door.ENROLLING
    return [
        Page("sign-in", "/sign-in", _door, door=way_in),
        Page("sign-in-go", "/sign-in", _sign_in, kind=act, door=way_in),
        Page(
            "sign-in-options",
            "/sign-in/passkey-options",
            _request_options,
            kind=act,
            door=way_in,
        ),
        Page("sign-in-passkey", "/sign-in/passkey", _by_passkey, kind=act, door=way_in),
        Page("welcome", "/welcome", _welcome, door=way_in),
        Page("welcome-go", "/welcome", _redeem, kind=act, door=way_in),
        Page("set-up", SET_UP, _set_up, door=half_in),
        Page("set-up-code", "/set-up/code", _add_code, kind=act, door=half_in),
        Page(
            "set-up-options",
            "/set-up/passkey-options",
            _creation_options,
            kind=act,
            door=half_in,
        ),
        Page("set-up-passkey", "/set-up/passkey", _add_passkey, kind=act, door=half_in),
        Page("sign-out", "/sign-out", _sign_out, kind=act, door=half_in),
    ]


def session_of(visit: Visit) -> Session:
    """Return the session of a visit; the door made sure that there is one."""
    if visit.session is None:
        raise ApiError(403, "not_allowed", "nobody is signed in")
    return visit.session


def check_fresh(visit: Visit) -> None:
    """Refuse to change ways of signing in in a session that is not new.

    Raises
    ------
    RefusalError
        If it began too long ago.
    """
    if visit.now_s - session_of(visit).made_s > FRESH_S:
        raise RefusalError(
            "not_fresh", "The session is not fresh.", "Sign in again, then do it."
        )


def _door(_visit: Visit) -> View:
    return _door_view()


def _door_view(error: str = "", status: int = 200) -> Html:
    context = {"page_name": "sign-in", "error": error}
    return Html("accounts/sign_in.html", context, status)


def _sign_in(visit: Visit) -> View:
    knock = Knock(
        email=visit.form.text("email", 254),
        password=visit.form.secret("password"),
        code=visit.form.text("code", 16),
        client=visit.client,
        agent=visit.agent,
    )
    try:
        entry = sign_in(visit.authority, knock)
    except ApiError as error:
        return _door_view(visit.t(f"error.{error.code}"), error.status)
    return _enter(visit, entry)


def _request_options(visit: Visit) -> View:
    with visit.authority.engine.begin() as connection:
        return Json(request_options(connection, visit.authority, place_of(visit)))


def _by_passkey(visit: Visit) -> View:
    try:
        entry = sign_in_by_passkey(
            visit.authority,
            place_of(visit),
            visit.form.text("answer", _MAX_ANSWER),
            client=visit.client,
            agent=visit.agent,
        )
    except ApiError as error:
        return Json({"error": visit.t(f"error.{error.code}")}, error.status)
    return _enter(visit, entry, as_json=True)


def _enter(visit: Visit, entry: Entry, *, as_json: bool = False) -> View:
    with visit.authority.engine.begin() as connection:
        if visit.session is not None:
            end_session(connection, visit.session.id, visit.now_s)
        visit.audit(connection, entry.officer, "session.begin", subject=entry.officer)
    return SignedIn(entry.token, SET_UP if entry.is_enrolling else START, as_json)


def _welcome(_visit: Visit) -> View:
    return _welcome_view()


def _welcome_view(error: str = "") -> Html:
    context = {"page_name": "welcome", "error": error}
    return Html("accounts/welcome.html", context, 400 if error else 200)


def _redeem(visit: Visit) -> View:
    first, again = visit.form.secret("password"), visit.form.secret("again")
    try:
        if first != again:
            raise RefusalError("passwords_differ", "They differ.", "Type both again.")
        officer = redeem_enrolment(
            visit.authority,
            visit.form.text("email", 254),
            visit.form.text("enrolment", 40),
            first,
            client=visit.client,
        )
    except (ApiError, RefusalError) as error:
        text = visit.t(f"error.{error.code}")
        return Html(
            "accounts/welcome.html", {"page_name": "welcome", "error": text}, 400
        )
    with visit.authority.engine.begin() as connection:
        visit.audit(connection, officer, "account.enrol", subject=officer)
        token = begin_session(
            connection, visit.authority, officer, proof="password", agent=visit.agent
        )
    return SignedIn(token, SET_UP)


def _set_up(visit: Visit) -> View:
    return _set_up_view(visit)


def _set_up_view(visit: Visit, error: str = "", secret: str = "") -> Html:
    secret = secret or new_secret(visit.authority)
    uri = secret_uri(secret, visit.officer.email, visit.authority)
    with reading(visit.authority.engine) as connection:
        count = len(passkeys_of(connection, visit.officer.id))
    context = {
        "page_name": "set-up",
        "error": error,
        "secret": secret,
        "qr": secret_qr(uri),
        "is_first": session_of(visit).is_enrolling,
        "passkeys": count,
    }
    return Html("accounts/set_up.html", context, 400 if error else 200)


def _add_code(visit: Visit) -> View:
    check_fresh(visit)
    session, authority = session_of(visit), visit.authority
    secret = visit.form.text("secret", 64)
    if len(secret) != 32 or not set(secret) <= _BASE32:
        raise ApiError(400, "bad_form", "the secret is not one of this page")
    step = fitting_step(secret, visit.form.text("code", 16), authority.clock())
    if step is None:
        return _set_up_view(visit, visit.t("error.wrong_code"), secret)
    with authority.engine.begin() as connection:
        visit.note(connection, "account.code-set", subject=visit.officer.id)
        set_secret(connection, authority, visit.officer.id, secret=secret, step=step)
        if not session.is_enrolling:
            end_sessions(connection, visit.officer.id, visit.now_s, but=session.id)
            return Redirect("/me", done="me.code-changed")
        token = finish_enrolling(connection, authority, session, TOTP)
    return SignedIn(token, START)


def _creation_options(visit: Visit) -> View:
    check_fresh(visit)
    with visit.authority.engine.begin() as connection:
        options = creation_options(
            connection, visit.authority, visit.officer, place_of(visit)
        )
    return Json(options)


def _add_passkey(visit: Visit) -> View:
    check_fresh(visit)
    session, authority = session_of(visit), visit.authority
    label = visit.form.text("label", 60) or visit.agent
    try:
        with authority.engine.begin() as connection:
            visit.note(connection, "account.passkey-add", subject=visit.officer.id)
            add_passkey(
                connection,
                authority,
                visit.officer.id,
                place_of(visit),
                answer=visit.form.text("answer", _MAX_ANSWER),
                label=label,
            )
            if not session.is_enrolling:
                return Json({"to": "/console/me?done=me.passkey-added"})
            token = finish_enrolling(connection, authority, session, PASSKEY)
    except ProximityError:
        return Json({"error": visit.t("error.passkey")}, 400)
    return SignedIn(token, START, as_json=True)


def _sign_out(visit: Visit) -> View:
    session = session_of(visit)
    with visit.authority.engine.begin() as connection:
        visit.note(connection, "session.end", subject=visit.officer.id)
        end_session(connection, session.id, visit.now_s)
    return SignedOut()


def place_of(visit: Visit) -> Place:
    """Return where passkeys of a visit belong."""
    return Place(visit.origin, visit.browser)
