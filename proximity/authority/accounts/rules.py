"""Who may do what, where: the one place that decides.

Every page and API of the console asks `allowed`; nothing else compares roles. A new
area is a member of `Area` and a column of `_RIGHTS`.
"""

from collections.abc import Iterable, Mapping

from sqlalchemy import ColumnElement, false, func, or_, select

from proximity.authority.accounts.model import (
    ROOT,
    Action,
    Area,
    Grant,
    Level,
    Officer,
    Role,
    Unit,
    organisations,
)
from proximity.authority.accounts.refusal import RefusalError

_R, _W = Level.READ, Level.WRITE

# Administrators run the service and see no person; nobody has every right.
_RIGHTS: Mapping[Role, Mapping[Area, Level]] = {
    Role.ADMINISTRATOR: {
        Area.ACCOUNTS: _W,
        Area.APPROVALS: _W,
        Area.KEYS: _W,
        Area.VENUES: _R,
        Area.PUBLICATION: _R,
        Area.STATISTICS: _R,
        Area.RETENTION: _R,
    },
    Role.SUPERVISOR: {
        Area.APPROVALS: _W,
        Area.PUBLICATION: _W,
        Area.CODES: _R,
        Area.CASES: _R,
        Area.CONTACTS: _R,
        Area.PERSONAL: _R,
        Area.VENUES: _R,
        Area.ACCOUNTS: _R,
        Area.KEYS: _R,
        Area.AUDIT: _R,
        Area.RETENTION: _R,
        Area.STATISTICS: _R,
    },
    Role.EPIDEMIOLOGIST: {
        Area.CODES: _W,
        Area.CASES: _W,
        Area.CONTACTS: _W,
        Area.PERSONAL: _W,
        Area.VENUES: _R,
        Area.PUBLICATION: _R,
        Area.STATISTICS: _R,
    },
    Role.TRACER: {
        Area.CONTACTS: _W,
        Area.PERSONAL: _W,
        Area.CASES: _R,
        Area.STATISTICS: _R,
    },
    Role.AUDITOR: {
        Area.AUDIT: _R,
        Area.ACCOUNTS: _R,
        Area.APPROVALS: _R,
        Area.KEYS: _R,
        Area.PUBLICATION: _R,
        Area.RETENTION: _R,
        Area.STATISTICS: _R,
    },
    Role.STATISTICIAN: {Area.STATISTICS: _R, Area.PUBLICATION: _R},
    Role.VENUE_MANAGER: {Area.VENUES: _W},
}


def reads(area: Area) -> Action:
    """Return the action of reading in an area."""
    return Action(area, Level.READ)


def writes(area: Area) -> Action:
    """Return the action of writing in an area; who may write may read."""
    return Action(area, Level.WRITE)


def level_of(role: Role, area: Area) -> Level:
    """Return how far a role goes in an area."""
    return _RIGHTS[role].get(area, Level.NONE)


def allowed(officer: Officer, action: Action, unit: Unit | None) -> bool:
    """Tell whether an officer may do something in a unit.

    Parameters
    ----------
    officer : Officer
    action : Action
    unit : Unit | None
        Where the thing that is acted on belongs to; None asks whether there is any
        unit at all in which the officer may.

    Returns
    -------
    bool
        True if a role that goes so far is held in that unit or in one above it.
    """
    return any(
        level_of(grant.role, action.area) >= action.level
        and (unit is None or unit.path.startswith(grant.unit.path))
        for grant in officer.grants
    )


def units_in_reach(
    officer: Officer, action: Action, column: ColumnElement[str]
) -> ColumnElement[bool]:
    """Return the condition of SQL that a row belongs where the officer may act.

    Parameters
    ----------
    officer : Officer
    action : Action
    column : ColumnElement
        Holds the ID of the row's unit; a row without one is in reach of the root.
    """
    paths = {
        grant.unit.path
        for grant in officer.grants
        if level_of(grant.role, action.area) >= action.level
    }
    if f"{ROOT}/" in paths:
        return or_(column.is_(None), column.is_not(None))
    if not paths:
        return false()
    # Not LIKE, to which on SQLite "a/" and "A/" are one: two units would be.
    column_path = organisations.c.path
    below = or_(*(func.substr(column_path, 1, len(p)) == p for p in sorted(paths)))
    return column.in_(select(organisations.c.id).where(below))


def highest_unit(officer: Officer, action: Action) -> Unit | None:
    """Return the highest unit in which an officer may do something; None if nowhere."""
    units = [
        grant.unit
        for grant in officer.grants
        if level_of(grant.role, action.area) >= action.level
    ]
    return min(units, key=lambda unit: len(unit.path), default=None)


def needs_second_officer(giver: Officer, role: Role, unit: Unit) -> bool:
    """Tell whether giving a role takes four eyes.

    It does when the role holds more than its giver has in that unit, and when it makes
    somebody a second pair of eyes: else one person could be both.
    """
    decides = level_of(role, Area.APPROVALS) is Level.WRITE
    return decides or any(
        not allowed(giver, Action(area, level), unit)
        for area, level in _RIGHTS[role].items()
    )


def check_grant(giver: Officer, receiver_id: str, grant: Grant) -> None:
    """Refuse a right that an officer may not give.

    Raises
    ------
    PolicyError
        If it is for themselves, or in a unit whose accounts they do not keep.
    """
    if giver.id == receiver_id:
        raise RefusalError(
            "own_rights",
            "Nobody changes their own rights.",
            "Another administrator of this unit can.",
        )
    if not allowed(giver, writes(Area.ACCOUNTS), grant.unit):
        raise RefusalError(
            "not_your_unit",
            "This unit's accounts are not yours to keep.",
            "An administrator of that unit, or of one above it, can.",
        )


def common_unit(units: Iterable[Unit]) -> Unit:
    """Return the lowest unit that stands above all of these, or is one of them.

    Whoever takes an account over would have its rights everywhere: so whoever resets
    one has to keep the accounts of all those units.
    """
    paths = [unit.path.rstrip("/").split("/") for unit in units]
    shared: list[str] = []
    for step in zip(*paths, strict=False):
        if len(set(step)) > 1:
            break
        shared.append(step[0])
    ids = shared or [ROOT]
    return Unit(ids[-1], "/".join(ids) + "/")


def rights_table() -> Iterable[tuple[Role, dict[Area, Level]]]:
    """Yield every role with its level in every area, for people to read."""
    for role in Role:
        yield role, {area: level_of(role, area) for area in Area}
