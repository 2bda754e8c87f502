"""How far an officer reaches among cases and persons, in terms of their rights."""

from typing import Any

from sqlalchemy import Connection, select

from proximity.authority.accounts.model import (
    ROOT_UNIT,
    Action,
    Area,
    Role,
    Unit,
    grants,
    officers,
    organisations,
)
from proximity.authority.accounts.organisations import (
    Organisation,
    list_organisations,
    unit_of_row,
)
from proximity.authority.accounts.rules import level_of, reads, writes
from proximity.authority.api_error import ApiError
from proximity.authority.audit.model import Reader, Reason
from proximity.authority.cases.model import cases, transfers
from proximity.authority.cases.records import Row, Scope
from proximity.authority.cases.rules import completeness
from proximity.authority.console.visit import Visit
from proximity.authority.database import reading
from proximity.units import iso_day

READ, WRITE = reads(Area.CASES), writes(Area.CONTACTS)
WRITE_CASES, PERSONAL = writes(Area.CASES), reads(Area.PERSONAL)
_MOST_WORKERS, _MOST_UNITS = 200, 250


def scope_of(visit: Visit) -> Scope:
    """Return which cases a visitor may see; one statement, none for the root."""
    if visit.may(READ, ROOT_UNIT):
        return Scope(visit.officer.id)
    return Scope(visit.officer.id, _units(visit, READ))


def writing_scope(visit: Visit) -> Scope:
    """Return where a visitor may change contacts, and where cases; two statements."""
    return Scope(visit.officer.id, _units(visit, WRITE), _units(visit, WRITE_CASES))


def reader_of(visit: Visit, reason: Reason, reference: str = "") -> Reader:
    """Return who reads persons in the name of a visitor."""
    units = _units(visit, PERSONAL)
    return Reader(visit.officer.id, visit.officer.unit.id, units, reason, reference)


def case_view(row: Row) -> dict[str, Any]:
    """Return a case as templates show it: days as ISO dates."""
    days = {
        name: "" if value is None else iso_day(value)
        for name, value in row.items()
        if name.endswith("_day")
    }
    return row | days | {"complete": completeness(row)}


def unit_of_case(visit: Visit) -> Unit | None:
    """Return the unit of the case of the address."""
    named = cases.c.ref == visit.parameters["case"]
    with reading(visit.authority.engine) as connection:
        return unit_of_row(connection, cases.c.unit, named)


def officers_for(connection: Connection, unit: Unit) -> dict[str, str]:
    """Return whom the work of a unit can be given to: names by ID, in their order.

    One statement. Who works for a level above works for the unit too.
    """
    roles = [role for role in Role if level_of(role, WRITE.area) >= WRITE.level]
    rows = connection.execute(
        select(officers.c.id, officers.c.name)
        .where(
            officers.c.id.in_(
                select(grants.c.officer).where(
                    grants.c.unit.in_(unit.path.strip("/").split("/")),
                    grants.c.role.in_(roles),
                )
            ),
            officers.c.disabled_s.is_(None),
        )
        .order_by(officers.c.name, officers.c.id)
        .limit(_MOST_WORKERS)
    )
    return {officer: name for officer, name in rows}  # noqa: C416 - rows of two


def units_to_choose(visit: Visit, action: Action) -> list[Organisation]:
    """Return the units of a list to choose from; [] if they are too many for one."""
    with reading(visit.authority.engine) as connection:
        reach = visit.reach(action, organisations.c.id)
        found = list_organisations(connection, reach, _MOST_UNITS + 1)
    return found if len(found) <= _MOST_UNITS else []


def shown_status(error: ApiError) -> int:
    """Return the status of a page that shows why something was refused."""
    # 403 and 404 say that there is no such page for this officer: here there is one.
    return 409 if error.status in (403, 404) else error.status


def unit_of_transfer(visit: Visit) -> Unit | None:
    """Return the unit to which the case of the address is, or was, offered."""
    named = transfers.c.id == visit.parameters["transfer"]
    with reading(visit.authority.engine) as connection:
        return unit_of_row(connection, transfers.c.to_unit, named)


def _units(visit: Visit, action: Action) -> frozenset[str]:
    with reading(visit.authority.engine) as connection:
        units = connection.execute(
            select(organisations.c.id).where(visit.reach(action, organisations.c.id))
        ).scalars()
        return frozenset(units)
