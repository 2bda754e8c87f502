"""Codes that a person asks for, without an officer, where the authority allows it.

Whoever asks learns nothing of the telephone: not whether it asked before, and so not
whether somebody reported an infection with it.
"""

from sqlalchemy import Connection, delete, select

from proximity.authority.api_error import ApiError, quota_exceeded
from proximity.authority.assembly import Authority
from proximity.authority.database import serialise, upsert
from proximity.authority.keyring import CODE, PHONE
from proximity.authority.verification.counts import (
    count_failure,
    hour_of,
    tallied,
    tally,
)
from proximity.authority.verification.issuing import (
    ISSUING,
    CodeOrder,
    IssuedCode,
    store_code,
    withdraw_code,
)
from proximity.authority.verification.model import phones
from proximity.authority.verification.rules import (
    PHONE_REST_S,
    check_days,
    check_phone,
    client_scope,
    phone_hmac,
)
from proximity.errors import NetworkError
from proximity.units import day_of


def report_code(
    authority: Authority, order: CodeOrder, address: str
) -> IssuedCode | None:
    """Make a code for a person who asked; None if that telephone has to wait.

    Every refusal is decided before the telephone is looked up, and both outcomes write
    and commit as much: neither the answer nor its time tells which it was.

    Parameters
    ----------
    authority : Authority
    order : CodeOrder
    address : str
        Of the client; it is hashed before it is used.

    Raises
    ------
    ApiError
        If the authority does not allow it, a date or the telephone is not acceptable,
        or too many were asked for.
    """
    if not authority.settings.allow_user_report:
        raise ApiError(400, "invalid_test_type", "user reports are not allowed here")
    if not order.phone:
        raise ApiError(400, "missing_phone", "a telephone number is needed")
    phone = check_phone(order.phone)
    now_s = authority.now_s
    days = check_days(
        order.symptom_date, order.test_date, now_s=now_s, offset_min=order.offset_min
    )
    secrets = authority.keyring.believed(PHONE)
    named = phone_hmac(authority.keyring.current(PHONE).data, phone)
    others = [phone_hmac(secret.data, phone) for secret in secrets]
    with authority.engine.begin() as connection:
        # Else those who ask at the same time would not be counted yet.
        serialise(connection, ISSUING)
        _check_limits(connection, authority, address)
        resting = connection.execute(
            select(phones.c.until_s).where(
                phones.c.phone_hmac.in_(others), phones.c.until_s > now_s
            )
        ).first()
        tally(connection, "user_reports_issued", now_s, 0 if resting else 1)
        if resting:
            tally(connection, ISSUING, now_s, 0)
            return None
        statement = upsert(connection, phones).values(
            phone_hmac=named, until_s=now_s + PHONE_REST_S
        )
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=[phones.c.phone_hmac],
                set_={"until_s": statement.excluded.until_s},
            )
        )
        return store_code(connection, authority, order, days)


def send_report_code(authority: Authority, issued: IssuedCode, phone: str) -> None:
    """Send a person's code; if that fails, the telephone may ask again at once."""
    try:
        authority.messenger.send(phone, issued.message or "")
    except NetworkError:
        withdraw_code(authority, issued.handle)
        named = [
            phone_hmac(secret.data, check_phone(phone))
            for secret in authority.keyring.believed(PHONE)
        ]
        with authority.engine.begin() as connection:
            connection.execute(delete(phones).where(phones.c.phone_hmac.in_(named)))


def _check_limits(connection: Connection, authority: Authority, address: str) -> None:
    now_s, settings = authority.now_s, authority.settings
    if (
        tallied(connection, "user_reports_issued", now_s)
        >= settings.user_reports_per_day
    ):
        raise quota_exceeded()
    secret = authority.keyring.current(CODE).data
    scope = "asks:" + client_scope(secret, address, day_of(now_s))
    if count_failure(connection, scope, hour_of(now_s)) > settings.client_tries:
        raise quota_exceeded()
