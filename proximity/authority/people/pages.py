"""The console's page of retention: what is forgotten when, and by which rule."""

from proximity.authority.accounts.model import Area, organisations
from proximity.authority.accounts.organisations import list_organisations
from proximity.authority.accounts.rules import reads
from proximity.authority.console.registry import Group, Page
from proximity.authority.console.view import Html, View
from proximity.authority.console.visit import Visit
from proximity.authority.database import reading
from proximity.authority.people.citizen_pages import citizen_pages
from proximity.authority.people.retention import retention_calendar, retention_rules
from proximity.authority.settings import MAX_KEEP_DAYS
from proximity.units import day_of, iso_day

_READ = reads(Area.RETENTION)


def pages() -> list[Page]:
    """Return the page of retention, and those of persons themselves."""
    page = Page("retention", "/retention", _retention, _READ, nav=Group.OVERSIGHT)
    return [page, *citizen_pages()]


def _retention(visit: Visit) -> View:
    reach = visit.reach(_READ, organisations.c.id)
    with reading(visit.authority.engine) as connection:
        units = list_organisations(connection, reach)
    chosen = visit.query.text("unit", 32)
    # Of the units in reach alone: what is not theirs narrows to nothing.
    above = next((each.path for each in units if each.id == chosen), chosen)
    within = [each.id for each in units if each.path.startswith(above)]
    context = {
        "rules": retention_rules(visit.authority),
        "longest": MAX_KEEP_DAYS,
        "audit_days": visit.authority.settings.keep_audit_days,
        "rows": [
            (iso_day(row.day), row.day <= day_of(visit.now_s), row)
            for row in retention_calendar(visit.authority, within)
        ],
        "units": units,
        "chosen": chosen,
        "top": min((each.depth for each in units), default=0),
    }
    return Html("people/retention.html", context)
