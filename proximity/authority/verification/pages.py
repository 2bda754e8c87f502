"""Pages on which officers issue codes and see what became of them."""

import contextlib
import uuid

from sqlalchemy import func, select

from proximity.authority.accounts.model import ROOT_UNIT, Area, Unit, organisations
from proximity.authority.accounts.organisations import (
    find_organisation,
    unit_names,
    unit_of_row,
)
from proximity.authority.accounts.rules import level_of, reads, writes
from proximity.authority.api_error import ApiError
from proximity.authority.console.registry import Card, Group, Kind, Page
from proximity.authority.console.site import refusal_text
from proximity.authority.console.view import Html, Redirect, View
from proximity.authority.console.visit import Visit
from proximity.authority.database import reading
from proximity.authority.unit_lists import UnitList, first_keys
from proximity.authority.verification.issuing import (
    CodeOrder,
    IssuedCode,
    expire_code,
    issue_code,
)
from proximity.authority.verification.model import TestType, codes
from proximity.authority.verification.rules import MAX_DAYS_BACK
from proximity.errors import NetworkError
from proximity.units import DAY_S, day_of, iso_day

_READ, _WRITE = reads(Area.CODES), writes(Area.CODES)
_LIST = 100
_NEWEST = UnitList(codes, codes.c.unit, codes.c.uuid, (codes.c.issued_s, codes.c.uuid))
_TYPES = (TestType.CONFIRMED, TestType.LIKELY, TestType.NEGATIVE)


def pages() -> list[Page]:
    """Return the pages of codes."""
    return [
        Page("code-new", "/codes/new", _new, _WRITE, nav=Group.WORK),
        Page("code-issue", "/codes", _issue, _WRITE, Kind.ACT),
        Page("codes", "/codes", _list, _READ, nav=Group.WORK),
        Page("code", "/codes/{code}", _show, _READ, unit_of=unit_of_code),
        Page(
            "code-status",
            "/codes/{code}/status",
            _status,
            _READ,
            Kind.FRAGMENT,
            unit_of_code,
        ),
        Page(
            "code-expire",
            "/codes/{code}/expire",
            _expire,
            _WRITE,
            Kind.ACT,
            unit_of_code,
        ),
    ]


def cards() -> list[Card]:
    """Return the figures of today's codes."""
    return [
        Card("codes-issued", _READ, _issued_today, "/codes"),
        Card("codes-claimed", _READ, _claimed_today, "/codes"),
    ]


def unit_of_code(visit: Visit) -> Unit | None:
    """Return the unit whose officer issued the code of the address."""
    named = codes.c.uuid == visit.parameters["code"]
    with reading(visit.authority.engine) as connection:
        return unit_of_row(connection, codes.c.unit, named)


def _new(visit: Visit) -> View:
    return _new_view(visit)


def _new_view(visit: Visit, error: str = "", status: int = 200) -> Html:
    units = {
        grant.unit.id
        for grant in visit.officer.grants
        if level_of(grant.role, Area.CODES) >= _WRITE.level
    }
    offset_s = 60 * visit.authority.settings.utc_offset_min
    today = day_of(visit.now_s + offset_s)
    with reading(visit.authority.engine) as connection:
        names = unit_names(connection, units)
    context = {
        "page_name": "code-new",
        "error": error,
        "types": _TYPES,
        "units": sorted(names.items(), key=lambda each: each[1]),
        "home": visit.officer.unit.id,
        "today": iso_day(today),
        "first": iso_day(today - MAX_DAYS_BACK),
        # Sent twice, a form issues one code.
        "handle": str(uuid.UUID(bytes=visit.authority.entropy(16), version=4)),
        "typed": visit.form,
        "per_day": visit.authority.settings.codes_per_day,
    }
    return Html("verification/code_new.html", context, status)


def _issue(visit: Visit) -> View:
    form, authority = visit.form, visit.authority
    phone = form.text("phone", 32)
    try:
        with authority.engine.begin() as connection:
            found = find_organisation(connection, form.text("unit", 32))
            if found is None or not visit.may(_WRITE, found.unit):
                raise ApiError(400, "not_your_unit", "the unit is not yours")
            visit.note(connection, "code.issue", subject=form.text("handle", 36))
        issued = issue_code(
            authority,
            CodeOrder(
                test_type=form.text("type", 16),
                symptom_date=form.text("symptom", 10) or None,
                test_date=form.text("test", 10) or None,
                offset_min=authority.settings.utc_offset_min,
                phone=phone or None,
                handle=form.text("handle", 36),
                issuer=visit.officer.id,
                unit=found.id,
            ),
        )
    except ApiError as error:
        return _new_view(visit, refusal_text(visit, error.code), error.status)
    return _issued_view(visit, issued, _send(visit, phone, issued))


def _send(visit: Visit, phone: str, issued: IssuedCode) -> str:
    """Return whether the message went: "" if none was wanted."""
    if issued.message is None:
        return ""
    with contextlib.suppress(NetworkError):
        visit.authority.messenger.send(phone, issued.message)
        return "sent"
    return "failed"


def _issued_view(visit: Visit, issued: IssuedCode, sending: str) -> Html:
    with reading(visit.authority.engine) as connection:
        row = connection.execute(
            select(codes).where(codes.c.uuid == issued.handle)
        ).one()
        names = unit_names(connection, {row.unit})
    context = {
        "page_name": "code",
        "row": row,
        "unit": names.get(row.unit, ""),
        "short": issued.code,
        "spoken": f"{issued.code[:4]} {issued.code[4:]}",
        "sending": sending,
        "now_s": visit.now_s,
        "undo": True,
    }
    return Html("verification/code.html", context)


def _show(visit: Visit) -> View:
    with reading(visit.authority.engine) as connection:
        row = connection.execute(
            select(codes).where(codes.c.uuid == visit.parameters["code"])
        ).one()
        names = unit_names(connection, {row.unit})
    context = {
        "page_name": "code",
        "row": row,
        "unit": names.get(row.unit, ""),
        "short": "",
        "spoken": "",
        "sending": "",
        "now_s": visit.now_s,
        "undo": row.claimed_s is None and row.long_until_s > visit.now_s,
    }
    return Html("verification/code.html", context)


def _status(visit: Visit) -> View:
    with reading(visit.authority.engine) as connection:
        row = connection.execute(
            select(codes).where(codes.c.uuid == visit.parameters["code"])
        ).one()
    context = {"row": row, "now_s": visit.now_s}
    return Html("verification/code_status.html", context)


def _expire(visit: Visit) -> View:
    handle = visit.parameters["code"]
    with visit.authority.engine.begin() as connection:
        visit.note(connection, "code.expire", subject=handle)
    expire_code(visit.authority, handle)
    return Redirect(f"/codes/{handle}", "codes.expired")


def _list(visit: Visit) -> View:
    units = None
    with reading(visit.authority.engine) as connection:
        if not visit.may(_READ, ROOT_UNIT):
            reach = visit.reach(_READ, organisations.c.id)
            ids = connection.execute(select(organisations.c.id).where(reach))
            units = set(ids.scalars())
        newest = first_keys(connection, _NEWEST, units, limit=_LIST)
        rows = connection.execute(
            select(codes)
            .where(codes.c.uuid.in_(newest))
            .order_by(codes.c.issued_s.desc(), codes.c.uuid.desc())
        ).all()
        names = unit_names(connection, {row.unit for row in rows})
    context = {"rows": rows, "units": names, "now_s": visit.now_s}
    return Html("verification/codes.html", context)


def _issued_today(visit: Visit) -> int:
    return _count_today(visit, claimed=False)


def _claimed_today(visit: Visit) -> int:
    return _count_today(visit, claimed=True)


def _count_today(visit: Visit, *, claimed: bool) -> int:
    offset_s = 60 * visit.authority.settings.utc_offset_min
    midnight_s = (visit.now_s + offset_s) // DAY_S * DAY_S - offset_s
    statement = select(func.count()).where(
        codes.c.issued_s >= midnight_s, visit.reach(_READ, codes.c.unit)
    )
    if claimed:
        statement = statement.where(codes.c.claimed_s.is_not(None))
    with reading(visit.authority.engine) as connection:
        return connection.execute(statement).scalar_one()
