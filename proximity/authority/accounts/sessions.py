"""Sessions: begun with a fresh token, over after a while, ended on somebody's word."""

import hashlib
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, select, update

from proximity.authority.accounts.model import officers, sessions
from proximity.authority.assembly import Authority
from proximity.units import DAY_S

IDLE_S = 30 * 60
ABSOLUTE_S = 10 * 3_600
# How long somebody who has only a password has to get a second factor.
ENROLLING_S = 20 * 60
_TOUCH_S = 60
_KEPT_S = 30 * DAY_S
PASSWORD, TOTP, PASSKEY = "password", "totp", "passkey"


class Session(NamedTuple):
    """A browser in which somebody is signed in.

    Attributes
    ----------
    id : str
        What lists of sessions show; it opens nothing.
    officer : str
    proof : str
        "password" (then all that is open is setting up), "totp" or "passkey".
    agent : str
    made_s, seen_s : int
        Unix seconds.
    """

    id: str
    officer: str
    proof: str
    agent: str
    made_s: int
    seen_s: int

    @property
    def is_enrolling(self) -> bool:
        """Tell whether a second factor is still missing."""
        return self.proof == PASSWORD


def begin_session(
    connection: Connection,
    authority: Authority,
    officer: str,
    *,
    proof: str,
    agent: str,
) -> str:
    """Return the token of a new session; only its digest is kept.

    The token is always drawn here: one that a browser brings along is never taken over.
    """
    token = authority.entropy(32).hex()
    now_s = authority.now_s
    connection.execute(
        insert(sessions).values(
            id=authority.entropy(8).hex(),
            digest=token_digest(token),
            officer=officer,
            proof=proof,
            agent=agent[:60],
            made_s=now_s,
            seen_s=now_s,
        )
    )
    return token


def find_session(connection: Connection, token: str, now_s: int) -> Session | None:
    """Return the session of a token; None if it is none, over or ended."""
    row = connection.execute(
        select(*_COLUMNS)
        .join(officers, officers.c.id == sessions.c.officer)
        .where(
            sessions.c.digest == token_digest(token),
            live(now_s),
            officers.c.disabled_s.is_(None),
        )
    ).first()
    return None if row is None else Session(*row)


def touch_session(authority: Authority, session: Session) -> None:
    """Remember that a session is in use; at most once a minute."""
    now_s = authority.now_s
    if now_s - session.seen_s >= _TOUCH_S:
        with authority.engine.begin() as connection:
            connection.execute(
                update(sessions)
                .where(sessions.c.id == session.id, sessions.c.ended_s.is_(None))
                .values(seen_s=now_s)
            )


def end_session(connection: Connection, session_id: str, now_s: int) -> bool:
    """End one session, and tell whether it was open; its browser has to sign in."""
    ended = connection.execute(
        update(sessions)
        .where(sessions.c.id == session_id, sessions.c.ended_s.is_(None))
        .values(ended_s=now_s)
    )
    return bool(ended.rowcount)


def end_sessions(
    connection: Connection, officer: str, now_s: int, *, but: str = ""
) -> None:
    """End all sessions of an officer, except perhaps the one that asks."""
    connection.execute(
        update(sessions)
        .where(
            sessions.c.officer == officer,
            sessions.c.id != but,
            sessions.c.ended_s.is_(None),
        )
        .values(ended_s=now_s)
    )


def live_sessions(connection: Connection, officer: str, now_s: int) -> list[Session]:
    """Return the sessions of an officer that are not over, the last used first."""
    rows = connection.execute(
        select(*_COLUMNS)
        .where(sessions.c.officer == officer, live(now_s))
        .order_by(sessions.c.seen_s.desc())
    )
    return [Session(*row) for row in rows]


def forget_sessions(connection: Connection, now_s: int) -> None:
    """Delete sessions that ended a month ago."""
    connection.execute(delete(sessions).where(sessions.c.made_s < now_s - _KEPT_S))


def live(now_s: int) -> ColumnElement[bool]:
    """Return the condition of SQL that a session is not over."""
    c = sessions.c
    enrolling = and_(c.proof == PASSWORD, c.made_s <= now_s - ENROLLING_S)
    return and_(
        c.ended_s.is_(None),
        c.seen_s > now_s - IDLE_S,
        c.made_s > now_s - ABSOLUTE_S,
        ~enrolling,
    )


def token_digest(token: str) -> bytes:
    """Return what is stored of a token; 256 random bits need no salt."""
    return hashlib.sha256(token.encode()).digest()


_COLUMNS = (
    sessions.c.id,
    sessions.c.officer,
    sessions.c.proof,
    sessions.c.agent,
    sessions.c.made_s,
    sessions.c.seen_s,
)
