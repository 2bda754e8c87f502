"""How an officer comes by their first credentials, or by new ones after a reset."""

import hashlib
import hmac

from sqlalchemy import Connection, delete, insert, select, update

from proximity.authority.accounts.attempts import Attempt
from proximity.authority.accounts.model import enrolments, officers
from proximity.authority.accounts.passkeys import remove_passkeys
from proximity.authority.accounts.passwords import check_password, hash_password
from proximity.authority.accounts.sessions import end_sessions
from proximity.authority.api_error import ApiError
from proximity.authority.assembly import Authority
from proximity.authority.verification.rules import draw_long_code
from proximity.units import DAY_S

CODE_LIFE_S = 3 * DAY_S


def new_enrolment(connection: Connection, authority: Authority, officer: str) -> str:
    """Return a code by which an officer sets themselves up, once; an older one ends.

    Returns
    -------
    str
        Four groups of four letters and digits, to be handed over in person or by
        telephone. Only a digest of its 82 random bits is kept.
    """
    code = draw_long_code(authority.entropy)
    end_enrolment(connection, officer)
    connection.execute(
        insert(enrolments).values(
            officer=officer,
            digest=_digest(code),
            until_s=authority.now_s + CODE_LIFE_S,
        )
    )
    return "-".join(code[at : at + 4] for at in range(0, len(code), 4))


def redeem_enrolment(
    authority: Authority, email: str, code: str, password: str, *, client: str
) -> str:
    """Exchange a code for the first password; return the ID of the officer.

    Raises
    ------
    ApiError
        If address and code do not belong together, the code is over, or too many were
        tried.
    PolicyError
        If the password breaks the rules; the code stays.
    """
    check_password(password)
    attempt = Attempt(authority, email, client)
    with authority.engine.begin() as connection:
        attempt.check(connection)
        row = connection.execute(
            select(officers.c.id, enrolments.c.digest)
            .join(enrolments, enrolments.c.officer == officers.c.id)
            .where(
                officers.c.email == email.lower(),
                officers.c.disabled_s.is_(None),
                enrolments.c.until_s > authority.now_s,
            )
        ).first()
        typed = _digest("".join(code.split()).replace("-", "").lower())
        fits = row is not None and hmac.compare_digest(row.digest, typed)
        if not fits:
            attempt.count(connection)
    if row is None or not fits:
        raise _wrong()
    # A hundred milliseconds of hashing, outside of any transaction.
    password_hash = hash_password(password)
    with authority.engine.begin() as connection:
        spent = connection.execute(
            delete(enrolments).where(
                enrolments.c.officer == row.id, enrolments.c.digest == typed
            )
        )
        if not spent.rowcount:
            raise _wrong()
        connection.execute(
            update(officers)
            .where(officers.c.id == row.id)
            .values(password_hash=password_hash)
        )
    return str(row.id)


def strip_credentials(
    connection: Connection, authority: Authority, officer: str
) -> str:
    """Take password, passkeys and sessions away; return the code for new ones."""
    connection.execute(
        update(officers)
        .where(officers.c.id == officer)
        .values(password_hash=None, totp_sealed=None, totp_step=None)
    )
    remove_passkeys(connection, officer)
    end_sessions(connection, officer, authority.now_s)
    return new_enrolment(connection, authority, officer)


def end_enrolment(connection: Connection, officer: str) -> None:
    """Let no code open an account any more."""
    connection.execute(delete(enrolments).where(enrolments.c.officer == officer))


def mark_enrolled(connection: Connection, officer: str, now_s: int) -> None:
    """Remember when an officer first had two factors; their code is over then.

    Whoever was shown one that nobody used would have a way into an account in use.
    """
    end_enrolment(connection, officer)
    connection.execute(
        update(officers)
        .where(officers.c.id == officer, officers.c.enrolled_s.is_(None))
        .values(enrolled_s=now_s)
    )


def _wrong() -> ApiError:
    return ApiError(400, "wrong_enrolment", "address and code do not fit")


def _digest(code: str) -> bytes:
    return hashlib.sha256(b"enrolment:" + code.encode()).digest()
