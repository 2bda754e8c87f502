"""Codes that an officer issues."""

import hmac
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from proximity.authority.api_error import ApiError, quota_exceeded, unparsable
from proximity.authority.assembly import Authority
from proximity.authority.database import reading, serialise
from proximity.authority.keyring import CODE, PHONE
from proximity.authority.verification.counts import (
    count_failure,
    of_unit,
    tallied,
    tally,
)
from proximity.authority.verification.messenger import compose
from proximity.authority.verification.model import codes
from proximity.authority.verification.rules import (
    LONG_LIFE_S,
    MESSAGES_PER_DAY,
    SHORT_LIFE_S,
    check_days,
    check_phone,
    code_hmac,
    draw_long_code,
    draw_short_code,
    officer_type,
    phone_hmac,
)
from proximity.units import DAY_S

_TRIES = 6
ISSUING = "codes_issued"
Days = tuple[int | None, int | None]


@dataclass(frozen=True, slots=True)
class CodeOrder:
    """What a code is to stand for, as it was asked.

    Attributes
    ----------
    test_type : str
    symptom_date, test_date : str | None
        YYYY-MM-DD.
    offset_min : float
    phone : str | None
        Where to send a long code to.
    handle : str | None
        UUID by which the issuer names the code.
    issuer : str
        The issuer's own name for whoever asked.
    unit : str | None
        Whose officer issued it, if it was in the console.
    nonce : bytes | None
        Binds a code that a person asked for.
    """

    test_type: str
    symptom_date: str | None = None
    test_date: str | None = None
    offset_min: float = 0
    phone: str | None = None
    handle: str | None = None
    issuer: str = ""
    unit: str | None = None
    nonce: bytes | None = None

    def __repr__(self) -> str:
        """Tell the type."""
        return f"<CodeOrder {self.test_type}>"


@dataclass(frozen=True, slots=True)
class IssuedCode:
    """A code, shown once.

    Attributes
    ----------
    handle, code : str
    until_s, long_until_s : int
        Unix seconds.
    message : str | None
        The text for the telephone, with the long code.
    """

    handle: str
    code: str
    until_s: int
    long_until_s: int
    message: str | None

    def __repr__(self) -> str:
        """Tell nothing of the code."""
        return f"<IssuedCode until {self.until_s}>"


def issue_code(authority: Authority, order: CodeOrder) -> IssuedCode:
    """Issue a code on an officer's word.

    Raises
    ------
    ApiError
        If type, dates, telephone or handle are not acceptable, or a quota is used up.
    """
    officer_type(order.test_type)
    now_s = authority.now_s
    days = check_days(
        order.symptom_date,
        order.test_date,
        now_s=now_s,
        offset_min=order.offset_min,
    )
    phone = check_phone(order.phone) if order.phone else None
    with authority.engine.begin() as connection:
        # Else those who issue at the same time would not be counted yet.
        serialise(connection, ISSUING)
        issued = tallied(connection, ISSUING, now_s)
        # What people ask for has a limit of its own: it must not stop officers.
        issued -= tallied(connection, "user_reports_issued", now_s)
        if issued >= authority.settings.codes_per_day:
            raise quota_exceeded()
        if phone is not None:
            named = phone_hmac(authority.keyring.current(PHONE).data, phone)
            _count_message(connection, named, now_s)
        return store_code(connection, authority, order, days)


def code_status(authority: Authority, handle: str) -> dict[str, int | bool]:
    """Return whether a code was claimed, and until when it can be.

    Raises
    ------
    ApiError
        If there is no such code.
    """
    with reading(authority.engine) as connection:
        return _status(connection, handle)


def expire_code(authority: Authority, handle: str) -> dict[str, int | bool]:
    """End a code that nobody has claimed.

    Raises
    ------
    ApiError
        If there is no such code, or it was claimed.
    """
    past_s = authority.now_s - 1
    with authority.engine.begin() as connection:
        # Nobody may claim it between the look and the change.
        connection.execute(
            select(codes.c.uuid)
            .where(codes.c.uuid == _normal(handle))
            .with_for_update()
        )
        status = _status(connection, handle)
        if status["claimed"]:
            raise ApiError(400, "code_invalid", "the code was claimed already")
        connection.execute(
            update(codes)
            .where(codes.c.uuid == _normal(handle), codes.c.claimed_s.is_(None))
            .values(short_until_s=past_s, long_until_s=past_s)
        )
        return _status(connection, handle)


def store_code(
    connection: Connection, authority: Authority, order: CodeOrder, days: Days
) -> IssuedCode:
    """Draw a code and store it; an order with a telephone has a link too.

    Parameters
    ----------
    connection : Connection
        In a transaction that writes.
    authority : Authority
    order : CodeOrder
    days : (int | None, int | None)
        From `check_days`.

    Raises
    ------
    ApiError
        If the handle is taken.
    """
    now_s = authority.now_s
    secret = authority.keyring.current(CODE).data
    sends = bool(order.phone)
    row = {
        "uuid": _free_handle(connection, order.handle),
        "test_type": order.test_type,
        "symptom_day": days[0],
        "test_day": days[1],
        "issued_s": now_s,
        "short_until_s": now_s + SHORT_LIFE_S,
        "long_until_s": now_s + (LONG_LIFE_S if sends else SHORT_LIFE_S),
        "failures": 0,
        "nonce_hmac": order.nonce
        and hmac.digest(secret, b"nonce:" + order.nonce, "sha256"),
        "issuer": order.issuer,
        "unit": order.unit,
    }
    short, long = _store(connection, row, secret, authority, sends=sends)
    tally(connection, ISSUING, now_s)
    if order.unit is not None:
        tally(connection, of_unit(ISSUING, order.unit), now_s)
    message = None
    if long is not None:
        link = authority.settings.code_link + long
        message = compose(authority.settings.language, link)
    return IssuedCode(
        handle=str(row["uuid"]),
        code=short,
        until_s=now_s + SHORT_LIFE_S,
        long_until_s=now_s + (LONG_LIFE_S if sends else SHORT_LIFE_S),
        message=message,
    )


def withdraw_code(authority: Authority, handle: str) -> None:
    """Forget a code whose message was not sent; its handle is free again."""
    with authority.engine.begin() as connection:
        connection.execute(
            delete(codes).where(codes.c.uuid == handle, codes.c.claimed_s.is_(None))
        )
        tally(connection, "sms_errors", authority.now_s)


def _store(
    connection: Connection,
    row: Mapping[str, object],
    secret: bytes,
    authority: Authority,
    *,
    sends: bool,
) -> tuple[str, str | None]:
    """Store a code under fresh HMACs; two codes that live must never be the same."""
    others = [each.data for each in authority.keyring.believed(CODE)]
    for _ in range(_TRIES):
        short = draw_short_code(authority.entropy)
        # Under the secret of yesterday the same digits have another HMAC.
        named = [code_hmac(each, short) for each in others if each != secret]
        taken = select(codes.c.uuid).where(codes.c.short_hmac.in_(named))
        if connection.execute(taken).first():
            continue
        long = draw_long_code(authority.entropy) if sends else None
        hmacs = {
            "short_hmac": code_hmac(secret, short),
            "long_hmac": code_hmac(secret, long) if long else None,
        }
        try:
            with connection.begin_nested():
                connection.execute(insert(codes).values({**row, **hmacs}))
        except IntegrityError:
            continue
        return short, long
    raise ApiError(500, "internal_server_error", "no code is free")


def _free_handle(connection: Connection, handle: str | None) -> str:
    if handle is None:
        return str(uuid.uuid4())
    handle = _normal(handle)
    if not handle:
        raise unparsable("uuid is not one")
    if connection.execute(select(codes.c.uuid).where(codes.c.uuid == handle)).first():
        raise ApiError(409, "uuid_already_exists", "a code has this uuid")
    return handle


def _count_message(connection: Connection, named: bytes, now_s: int) -> None:
    scope = "phone:" + named[:16].hex()
    if count_failure(connection, scope, now_s // DAY_S * DAY_S) > MESSAGES_PER_DAY:
        raise quota_exceeded()


def _status(connection: Connection, handle: str) -> dict[str, int | bool]:
    row = connection.execute(
        select(codes.c.claimed_s, codes.c.short_until_s, codes.c.long_until_s).where(
            codes.c.uuid == _normal(handle)
        )
    ).first()
    if row is None:
        raise ApiError(404, "code_not_found", "there is no such code")
    return {
        "claimed": row.claimed_s is not None,
        "expiresAtTimestamp": row.short_until_s,
        "longExpiresAtTimestamp": row.long_until_s,
    }


def _normal(handle: str) -> str:
    """Return a handle as it is stored, however its letters were written."""
    try:
        return str(uuid.UUID(handle))
    except ValueError:
        return ""
