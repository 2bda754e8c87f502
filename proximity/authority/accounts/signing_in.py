"""From a proof of who somebody is to a session.

Two factors are asked of everybody: a passkey that verified its person is both; else a
password and a code. Who has a password alone gets as far as setting the second up.
"""

from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from proximity.authority.accounts.attempts import Attempt
from proximity.authority.accounts.enrolment import mark_enrolled
from proximity.authority.accounts.model import officers
from proximity.authority.accounts.one_time_codes import accept_code
from proximity.authority.accounts.passkeys import Place, passkey_owner, passkeys_of
from proximity.authority.accounts.passwords import is_password
from proximity.authority.accounts.sessions import (
    PASSKEY,
    PASSWORD,
    TOTP,
    Session,
    begin_session,
    end_session,
    end_sessions,
)
from proximity.authority.api_error import ApiError
from proximity.authority.assembly import Authority
from proximity.errors import ProximityError


class Knock(NamedTuple):
    """What is typed at the door.

    Attributes
    ----------
    email, password : str
    code : str
        Of the authenticator app; "" before there is one.
    client : str
        Address of the network, only used hashed.
    agent : str
        What kind of browser it is.
    """

    email: str
    password: str
    code: str
    client: str
    agent: str

    def __repr__(self) -> str:
        """Tell nothing."""
        return "<Knock>"


class Entry(NamedTuple):
    """Somebody is in.

    Attributes
    ----------
    officer : str
    token : str
        Of the session.
    is_enrolling : bool
        All that is open is setting up the second factor.
    """

    officer: str
    token: str
    is_enrolling: bool

    def __repr__(self) -> str:
        """Tell who."""
        return f"<Entry of {self.officer}>"


def sign_in(authority: Authority, knock: Knock) -> Entry:
    """Begin a session for a password and a code.

    Raises
    ------
    ApiError
        One refusal for everything that does not fit; or 429 after too many.
    """
    attempt = Attempt(authority, knock.email, knock.client)
    with authority.engine.begin() as connection:
        attempt.check(connection)
        before = _account(connection, knock.email)
    # A hundred milliseconds of hashing, outside of any transaction.
    kept = before.password_hash if before else None
    right = is_password(knock.password, kept)
    with authority.engine.begin() as connection:
        # Somebody may have set a second factor up meanwhile, or another password.
        row = _account(connection, knock.email)
        right = right and row is not None and row.password_hash == kept
        proof = _proof(connection, authority, row, knock.code) if right and row else ""
        if row is not None and proof:
            token = begin_session(
                connection, authority, row.id, proof=proof, agent=knock.agent
            )
            return Entry(row.id, token, proof == PASSWORD)
        attempt.count(connection)
    raise _refused()


def sign_in_by_passkey(
    authority: Authority, place: Place, answer: str, *, client: str, agent: str
) -> Entry:
    """Begin a session for a passkey.

    Raises
    ------
    ApiError
        If it is not accepted, the account is disabled, or too many were tried.
    """
    attempt = Attempt(authority, f"browser:{place.browser.hex()}", client)
    with authority.engine.begin() as connection:
        attempt.check(connection)
    try:
        with authority.engine.begin() as connection:
            officer = passkey_owner(connection, authority, place, answer)
            statement = select(officers.c.id).where(
                officers.c.id == officer, officers.c.disabled_s.is_(None)
            )
            if connection.execute(statement).first() is None:
                raise _refused()
            token = begin_session(
                connection, authority, officer, proof=PASSKEY, agent=agent
            )
            return Entry(officer, token, is_enrolling=False)
    except ProximityError as error:
        with authority.engine.begin() as connection:
            attempt.count(connection)
        raise _refused() from error


def finish_enrolling(
    connection: Connection, authority: Authority, session: Session, proof: str
) -> str:
    """Replace the session of somebody who just got a second factor by a whole one.

    The token changes: one that somebody else saw before is worth nothing now. Nor is
    another session that knew the password alone: it could set a factor of its own.

    Raises
    ------
    ApiError
        If the session was ended meanwhile, by one that was faster.
    """
    if not end_session(connection, session.id, authority.now_s):
        raise _refused()
    end_sessions(connection, session.officer, authority.now_s)
    mark_enrolled(connection, session.officer, authority.now_s)
    return begin_session(
        connection, authority, session.officer, proof=proof, agent=session.agent
    )


def _account(connection: Connection, email: str) -> Any:
    c = officers.c
    return connection.execute(
        select(c.id, c.password_hash, c.totp_sealed, c.disabled_s).where(
            c.email == email.lower()
        )
    ).first()


def _proof(connection: Connection, authority: Authority, row: Any, code: str) -> str:
    """Return what was proved beside the password; "" if it is not enough."""
    if row.disabled_s is not None:
        return ""
    if row.totp_sealed is not None:
        return TOTP if accept_code(connection, authority, row.id, code) else ""
    return "" if passkeys_of(connection, row.id) else PASSWORD


def _refused() -> ApiError:
    return ApiError(400, "sign_in_refused", "this did not fit; nothing says which part")
