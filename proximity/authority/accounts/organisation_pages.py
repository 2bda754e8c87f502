"""The page on which the tree of units is kept."""

import csv

from sqlalchemy import select

from proximity.authority.accounts.model import Area, Unit, UnitKind, organisations
from proximity.authority.accounts.organisations import (
    add_organisation,
    find_organisation,
    list_organisations,
    rename_organisation,
)
from proximity.authority.accounts.refusal import RefusalError
from proximity.authority.accounts.rules import reads, writes
from proximity.authority.console.registry import Group, Kind, Page
from proximity.authority.console.view import Html, Redirect, View
from proximity.authority.console.visit import Visit
from proximity.authority.database import reading

_READ, _WRITE = reads(Area.ACCOUNTS), writes(Area.ACCOUNTS)
# Letters of Vietnamese take nine bytes in a form, and bodies have their bound.
_MAX_LIST = 12_000
_COLUMNS = 4


def pages() -> list[Page]:
    """Return the pages of units."""
    return [
        Page("units", "/units", _list, _READ, nav=Group.PEOPLE),
        Page("unit-add", "/units", _add, _WRITE, Kind.ACT),
        Page("units-import", "/units/import", _import, _WRITE, Kind.ACT),
        Page("unit-name", "/units/{unit}/name", _rename, _WRITE, Kind.ACT, _unit_of),
    ]


def _unit_of(visit: Visit) -> Unit | None:
    with reading(visit.authority.engine) as connection:
        row = connection.execute(
            select(organisations.c.id, organisations.c.path).where(
                organisations.c.id == visit.parameters["unit"]
            )
        ).first()
    return None if row is None else Unit(row.id, row.path)


def _list(visit: Visit) -> View:
    return _view(visit)


def _view(visit: Visit, error: str = "", line: int = 0) -> Html:
    with reading(visit.authority.engine) as connection:
        units = list_organisations(connection, visit.reach(_READ, organisations.c.id))
    context = {
        "page_name": "units",
        "error": error,
        "line": line,
        "units": units,
        "kinds": [each for each in UnitKind if each is not UnitKind.AUTHORITY],
        "keepable": {each.id for each in units if visit.may(_WRITE, each.unit)},
        "top": min((each.depth for each in units), default=0),
    }
    return Html("accounts/units.html", context, 400 if error else 200)


def _add(visit: Visit) -> View:
    form = visit.form
    row = [form.text(name, 200) for name in ("code", "kind", "name", "parent")]
    return _add_all(visit, [row], "units.added")


def _import(visit: Visit) -> View:
    text = visit.form.text("list", _MAX_LIST, lines=True)
    separator = "\t" if "\t" in text else ";" if ";" in text else ","
    rows = [row for row in csv.reader(text.splitlines(), delimiter=separator) if row]
    return _add_all(visit, rows, "units.added")


def _add_all(visit: Visit, rows: list[list[str]], done: str) -> View:
    """Add units, all or none."""
    line = 0
    try:
        with visit.authority.engine.begin() as connection:
            for row in rows:
                line += 1
                if len(row) != _COLUMNS:
                    raise RefusalError("unit_columns", "Four columns.", "See above.")
                code, kind, name, parent = (cell.strip() for cell in row)
                above = find_organisation(connection, parent)
                if above is None or not visit.may(_WRITE, above.unit):
                    raise RefusalError("no_unit_above", "Not there.", "Add it first.")
                visit.note(connection, "unit.add", subject=code)
                add_organisation(connection, code, kind, name, parent=parent)
    except RefusalError as error:
        return _view(visit, visit.t(f"error.{error.code}"), line)
    return Redirect("/units", done)


def _rename(visit: Visit) -> View:
    unit = visit.parameters["unit"]
    try:
        with visit.authority.engine.begin() as connection:
            visit.note(connection, "unit.name", subject=unit)
            rename_organisation(connection, unit, visit.form.text("name", 200))
    except RefusalError as error:
        return _view(visit, visit.t(f"error.{error.code}"))
    return Redirect("/units", "units.renamed")
