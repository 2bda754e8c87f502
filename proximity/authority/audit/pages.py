"""The audit in the console: what a superior sees of their officers."""

from sqlalchemy import select

from proximity.authority.accounts.model import (
    ROOT_UNIT,
    Area,
    officers,
    organisations,
)
from proximity.authority.accounts.officers import officer_names
from proximity.authority.accounts.organisations import unit_names
from proximity.authority.accounts.rules import reads
from proximity.authority.audit.model import CITIZEN, REASON_TEXTS, SERVICE
from proximity.authority.audit.readings import (
    PAGE,
    officer_codes,
    readings_of_officers,
)
from proximity.authority.audit.unusual import told_alarms
from proximity.authority.console.registry import Card, Group, Page
from proximity.authority.console.view import Html, View
from proximity.authority.console.visit import Visit
from proximity.authority.database import reading
from proximity.authority.settings import LANGUAGES
from proximity.units import DAY_S, day_of

_READ = reads(Area.AUDIT)
_NO_UNITS = {SERVICE: "audit.unit.service", CITIZEN: "audit.unit.citizen"}
_MAX_DIGITS = 16
# For how long an alarm stands above the lines.
_ALARM_DAYS = 7


def pages() -> list[Page]:
    """Return the page of the audit."""
    return [Page("audit", "/audit", _audit, _READ, nav=Group.OVERSIGHT)]


def cards() -> list[Card]:
    """Return the figure of the start page."""
    return [Card("unusual", _READ, _count_unusual, "/audit", is_work=True)]


def _audit(visit: Visit) -> View:
    units = _units(visit)
    who = visit.query.text("who", 254)
    before = visit.query.text("before", _MAX_DIGITS)
    lines = readings_of_officers(
        visit.authority,
        units,
        officer=_officer(visit, who) if who else None,
        before=int(before) if before.isdecimal() else None,
    )
    since_s = visit.now_s - _ALARM_DAYS * DAY_S
    alarms = told_alarms(visit.authority, units, since_s=since_s)
    with reading(visit.authority.engine) as connection:
        # An alarm names the account that it is about.
        people = {line.who for line in lines} | {each.actor for each in alarms}
        people |= {field for line in lines for field in line.fields}
        context = {
            "lines": lines,
            "alarms": alarms,
            "names": officer_names(connection, people),
            "units": unit_names(connection, units)
            | {each: visit.t(message) for each, message in _NO_UNITS.items()},
            "who": who,
            "older": lines[-1].seq if len(lines) == PAGE else None,
            "reasons": _reasons(visit.language),
        }
    return Html("audit/audit.html", context)


def _count_unusual(visit: Visit) -> int:
    today_s = day_of(visit.now_s) * DAY_S
    return len(told_alarms(visit.authority, _units(visit), since_s=today_s))


def _units(visit: Visit) -> set[str]:
    reach = visit.reach(_READ, organisations.c.id)
    with reading(visit.authority.engine) as connection:
        rows = connection.execute(select(organisations.c.id).where(reach))
        found = set(rows.scalars())
    # What the service does, and persons themselves, is of no unit.
    return found | set(_NO_UNITS if visit.may(_READ, ROOT_UNIT) else ())


def _officer(visit: Visit, who: str) -> str:
    """Return the account of a name, or of the code by which persons know it."""
    reach = visit.reach(_READ, officers.c.unit)
    with reading(visit.authority.engine) as connection:
        rows = connection.execute(select(officers.c.id, officers.c.name).where(reach))
        for officer, name in rows:
            if who in (officer, name, *officer_codes(visit.authority, officer)):
                return str(officer)
    # Nobody has a name without letters: nothing is found.
    return "-"


def _reasons(language: str) -> dict[str, str]:
    place = LANGUAGES.index(language)
    return {reason: texts[place] for reason, texts in REASON_TEXTS.items()}
