"""Codes that an officer issues, or a person asks for."""

import hmac
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from proximity.authority.api_error import ApiError, quota_exceeded, unparsable
from proximity.authority.assembly import Authority
from proximity.authority.database import reading
from proximity.authority.keyring import CODE
from proximity.authority.verification.counts import (
    count_failure,
    of_unit,
    tallied,
    tally,
)
from proximity.authority.verification.messenger import compose
from proximity.authority.verification.model import TestType, codes, phones
from proximity.authority.verification.rules import (
    LONG_LIFE_S,
    MESSAGES_PER_DAY,
    PHONE_REST_S,
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
    return _issue(authority, order)


def report_code(authority: Authority, order: CodeOrder) -> IssuedCode | None:
    """Make a code for a person who asked; None if that telephone has to wait.

    Raises
    ------
    ApiError
        If the authority does not allow it, or as `issue_code`.
    """
    if not authority.settings.allow_user_report:
        raise ApiError(400, "invalid_test_type", "user reports are not allowed here")
    if not order.phone:
        raise ApiError(400, "missing_phone", "a telephone number is needed")
    phone = check_phone(order.phone)
    now_s = authority.now_s
    secrets = [each.data for each in authority.keyring.believed(CODE)]
    named = [phone_hmac(secret, phone) for secret in secrets]
    with reading(authority.engine) as connection:
        resting = connection.execute(
            select(phones.c.until_s).where(
                phones.c.phone_hmac.in_(named), phones.c.until_s > now_s
            )
        ).first()
    return None if resting else _issue(authority, order)


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
        status = _status(connection, handle)
        if status["claimed"]:
            raise ApiError(400, "code_invalid", "the code was claimed already")
        connection.execute(
            update(codes)
            .where(codes.c.uuid == handle, codes.c.claimed_s.is_(None))
            .values(short_until_s=past_s, long_until_s=past_s)
        )
        return _status(connection, handle)


def _issue(authority: Authority, order: CodeOrder) -> IssuedCode:
    now_s = authority.now_s
    symptom_day, test_day = check_days(
        order.symptom_date,
        order.test_date,
        now_s=now_s,
        offset_min=order.offset_min,
    )
    phone = check_phone(order.phone) if order.phone else None
    secret = authority.keyring.current(CODE).data
    long_until_s = now_s + (LONG_LIFE_S if phone else SHORT_LIFE_S)
    with authority.engine.begin() as connection:
        if (
            tallied(connection, "codes_issued", now_s)
            >= authority.settings.codes_per_day
        ):
            raise quota_exceeded()
        handle = _free_handle(connection, order.handle)
        if phone is not None:
            _count_message(connection, phone_hmac(secret, phone), order, now_s)
        row = {
            "uuid": handle,
            "test_type": order.test_type,
            "symptom_day": symptom_day,
            "test_day": test_day,
            "issued_s": now_s,
            "short_until_s": now_s + SHORT_LIFE_S,
            "long_until_s": long_until_s,
            "failures": 0,
            "nonce_hmac": order.nonce
            and hmac.digest(secret, b"nonce:" + order.nonce, "sha256"),
            "issuer": order.issuer,
            "unit": order.unit,
        }
        short, long = _store(
            connection, row, secret, authority, sends=phone is not None
        )
        tally(connection, "codes_issued", now_s)
        if order.unit is not None:
            tally(connection, of_unit("codes_issued", order.unit), now_s)
        if order.test_type == TestType.USER_REPORT:
            tally(connection, "user_reports_issued", now_s)
    message = None
    if long is not None:
        link = authority.settings.code_link + long
        message = compose(authority.settings.language, link)
    return IssuedCode(
        handle=handle,
        code=short,
        until_s=now_s + SHORT_LIFE_S,
        long_until_s=long_until_s,
        message=message,
    )


def _store(
    connection: Connection,
    row: Mapping[str, object],
    secret: bytes,
    authority: Authority,
    *,
    sends: bool,
) -> tuple[str, str | None]:
    """Store a code under fresh HMACs; two codes that live must never be the same."""
    for _ in range(_TRIES):
        short = draw_short_code(authority.entropy)
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
    try:
        handle = str(uuid.UUID(handle))
    except ValueError as error:
        raise unparsable("uuid is not one") from error
    if connection.execute(select(codes.c.uuid).where(codes.c.uuid == handle)).first():
        raise ApiError(409, "uuid_already_exists", "a code has this uuid")
    return handle


def _count_message(
    connection: Connection, named: bytes, order: CodeOrder, now_s: int
) -> None:
    day_s = now_s // DAY_S * DAY_S
    scope = "phone:" + named[:16].hex()
    if count_failure(connection, scope, day_s) > MESSAGES_PER_DAY:
        raise quota_exceeded()
    if order.test_type == TestType.USER_REPORT:
        connection.execute(
            insert(phones).values(phone_hmac=named, until_s=now_s + PHONE_REST_S)
        )


def _status(connection: Connection, handle: str) -> dict[str, int | bool]:
    row = connection.execute(
        select(codes.c.claimed_s, codes.c.short_until_s, codes.c.long_until_s).where(
            codes.c.uuid == handle
        )
    ).first()
    if row is None:
        raise ApiError(404, "code_not_found", "there is no such code")
    return {
        "claimed": row.claimed_s is not None,
        "expiresAtTimestamp": row.short_until_s,
        "longExpiresAtTimestamp": row.long_until_s,
    }
