"""The tree of organisations: province, district, commune, and bodies beside them."""

import re
from typing import Any, NamedTuple

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Row,
    func,
    insert,
    select,
    update,
)

from proximity.authority.accounts.model import (
    ROOT,
    Unit,
    UnitKind,
    organisations,
)
from proximity.authority.accounts.refusal import RefusalError
from proximity.authority.audit.model import CITIZEN, SERVICE
from proximity.authority.plain_text import mixes_scripts

_ID = re.compile(r"[A-Za-z0-9.-]{1,32}")
_MAX_PATH = 255
# Where lines of the audit are of no unit: whoever had one of these would read them.
_RESERVED = (SERVICE, CITIZEN)
# What may stand below what: administration below administration, bodies anywhere.
_ABOVE = {
    UnitKind.PROVINCE: {UnitKind.AUTHORITY},
    UnitKind.DISTRICT: {UnitKind.AUTHORITY, UnitKind.PROVINCE},
    # Since July 2025 communes of Viet Nam stand below provinces.
    UnitKind.COMMUNE: {UnitKind.AUTHORITY, UnitKind.PROVINCE, UnitKind.DISTRICT},
    UnitKind.SECTOR: set(UnitKind) - {UnitKind.VENUE_MANAGER},
    UnitKind.VENUE_MANAGER: set(UnitKind) - {UnitKind.VENUE_MANAGER},
}


class Organisation(NamedTuple):
    """A unit with what people call it.

    Attributes
    ----------
    id, name, path : str
    kind : UnitKind
    parent : str | None
    """

    id: str
    kind: UnitKind
    name: str
    parent: str | None
    path: str

    @property
    def unit(self) -> Unit:
        """Return its place in the tree."""
        return Unit(self.id, self.path)

    @property
    def depth(self) -> int:
        """Return how many units stand above."""
        return self.path.count("/") - 1


def add_root(connection: Connection, name: str) -> None:
    """Give the root its name; it is there from the first schema on."""
    connection.execute(
        update(organisations).where(organisations.c.id == ROOT).values(name=name[:200])
    )


def add_organisation(
    connection: Connection, unit_id: str, kind: str, name: str, *, parent: str
) -> Unit:
    """Add a unit below another.

    Parameters
    ----------
    connection : Connection
    unit_id : str
        The code of the official list, for example "02641".
    kind : str
    name : str
    parent : str
        ID of the unit above.

    Raises
    ------
    PolicyError
        If the ID is taken or malformed, or the tree does not allow it.
    """
    above = find_organisation(connection, parent)
    if above is None:
        raise RefusalError(
            "no_unit_above", "There is no such unit above.", "Add that one first."
        )
    if not _ID.fullmatch(unit_id):
        raise RefusalError(
            "unit_code",
            "The code of a unit is 1 to 32 letters, digits, dots and hyphens.",
            "Use the code of the official list.",
        )
    if kind not in set(UnitKind) or above.kind not in _ABOVE.get(UnitKind(kind), set()):
        raise RefusalError(
            "unit_kind",
            "A unit of this kind cannot stand there.",
            "Communes stand below districts or provinces, districts below provinces.",
        )
    _check_name(name)
    if unit_id.lower() in _RESERVED or _is_taken(connection, unit_id):
        raise RefusalError(
            "unit_taken", "A unit has this code already.", "Each code is used once."
        )
    path = f"{above.path}{unit_id}/"
    if len(path) > _MAX_PATH:
        raise RefusalError(
            "unit_deep", "The tree is too deep here.", "Put the unit higher."
        )
    connection.execute(
        insert(organisations).values(
            id=unit_id, kind=kind, name=name, parent=parent, path=path
        )
    )
    return Unit(unit_id, path)


def rename_organisation(connection: Connection, unit_id: str, name: str) -> None:
    """Give a unit another name.

    Raises
    ------
    PolicyError
        If it is empty, too long, or pretends to be another.
    """
    _check_name(name)
    connection.execute(
        update(organisations).where(organisations.c.id == unit_id).values(name=name)
    )


def find_organisation(connection: Connection, unit_id: str) -> Organisation | None:
    """Return a unit by its ID; None if there is none."""
    row = connection.execute(
        select(organisations).where(organisations.c.id == unit_id)
    ).first()
    return None if row is None else _organisation(row)


def list_organisations(
    connection: Connection, reach: ColumnElement[bool], limit: int = 20_000
) -> list[Organisation]:
    """Return the units within a condition, each after the one above it."""
    rows = connection.execute(
        select(organisations).where(reach).order_by(organisations.c.path).limit(limit)
    )
    return [_organisation(row) for row in rows]


def unit_names(connection: Connection, ids: set[str]) -> dict[str, str]:
    """Return the names of units by their ID."""
    rows = connection.execute(
        select(organisations.c.id, organisations.c.name).where(
            organisations.c.id.in_(ids)
        )
    )
    return {unit_id: name for unit_id, name in rows}  # noqa: C416 - rows of two


def _is_taken(connection: Connection, unit_id: str) -> bool:
    """Tell whether a unit has this code, or one that differs in capitals alone."""
    same = func.lower(organisations.c.id) == unit_id.lower()
    return (
        connection.execute(select(organisations.c.id).where(same)).first() is not None
    )


def _check_name(name: str) -> None:
    if not 1 <= len(name) <= 200:
        raise RefusalError(
            "unit_name", "The name has not 1 to 200 characters.", "Shorten it."
        )
    if mixes_scripts(name):
        raise RefusalError(
            "two_scripts",
            "A word has letters of two scripts that look alike.",
            "Type the name anew.",
        )


def unit_of_row(
    connection: Connection, column: Column[str], condition: ColumnElement[bool]
) -> Unit | None:
    """Return the unit that a row of another table names; None without such a row.

    Parameters
    ----------
    connection : Connection
    column : Column
        Of the row's table; holds the ID of a unit.
    condition : ColumnElement
        Which row.
    """
    row = connection.execute(
        select(organisations.c.id, organisations.c.path)
        .join_from(organisations, column.table, column == organisations.c.id)
        .where(condition)
    ).first()
    return None if row is None else Unit(row.id, row.path)


def _organisation(row: Row[Any]) -> Organisation:
    return Organisation(row.id, UnitKind(row.kind), row.name, row.parent, row.path)
