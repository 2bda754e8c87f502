"""A case goes to another unit: offered in a sealed package, accepted or declined."""

import json
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, insert, select, update

from proximity.authority.accounts.organisations import find_organisation
from proximity.authority.api_error import ApiError
from proximity.authority.assembly import Authority
from proximity.authority.audit.model import Reader, Reason
from proximity.authority.cases.events import Event, note, timeline
from proximity.authority.cases.model import cases, edges, transfers
from proximity.authority.cases.records import Row, Scope, read_case, write_case
from proximity.authority.cases.rules import ENDED, Status
from proximity.authority.people.records import move_person
from proximity.authority.unit_lists import UnitList, first_keys

OFFERED, _ACCEPTED, DECLINED = "offered", "accepted", "declined"
MAX_OFFERS = 100
_OLDEST = UnitList(
    transfers,
    transfers.c.to_unit,
    transfers.c.id,
    (transfers.c.offered_s, transfers.c.id),
    descending=False,
)
# Nobody outside asks for these, and the other unit gets its own.
_NOT_IN_PACKAGE = frozenset({"assigned", "merged_into", "version"})


def offer_transfer(
    connection: Connection,
    scope: Scope,
    ref: str,
    to_unit: str,
    *,
    authority: Authority,
) -> str:
    """Offer a case to another unit; return the number of the offer.

    The case stays where it is until the other unit accepts it. What that unit may look
    at before is one package, sealed for it and for this offer alone.

    Raises
    ------
    ApiError
        404 as `read_case`; 400 if there is no such unit, 409 if the case is there
        already, has ended, or is on offer.
    """
    case, now_s = read_case(connection, scope, ref), authority.now_s
    if find_organisation(connection, to_unit) is None:
        raise ApiError(400, "no_such_unit", "there is no such unit")
    if to_unit == case["unit"] or Status(case["status"]) in ENDED:
        raise ApiError(409, "invalid_state", "the case is there, or has ended")
    waiting = transfers.c.ref == ref, transfers.c.state == OFFERED
    if connection.execute(select(transfers.c.id).where(*waiting)).first():
        raise ApiError(409, "already_offered", "the case is on offer")
    number = authority.entropy(16).hex()
    package = _package(connection, case)
    sealed = authority.keyring.seal(package, _label(number, to_unit))
    connection.execute(
        insert(transfers).values(
            id=number,
            ref=ref,
            from_unit=case["unit"],
            to_unit=to_unit,
            state=OFFERED,
            sealed=sealed,
            offered_s=now_s,
            offered_by=scope.actor,
        )
    )
    note(connection, ref, Event("offered", scope.actor, now_s, {"to": to_unit}))
    return number


def list_offers(connection: Connection, scope: Scope) -> list[Row]:
    """Return what is offered to the units of a scope: the first 100, oldest first.

    With the classification of each, which decides on who may accept it.
    """
    c = transfers.c
    oldest = first_keys(
        connection,
        _OLDEST,
        scope.units,
        any_of=({c.state: OFFERED},),
        limit=MAX_OFFERS,
    )
    columns = [each for each in c if each.name != "sealed"]
    rows = connection.execute(
        select(*columns, cases.c.classification)
        .join(cases, cases.c.ref == c.ref)
        .where(c.id.in_(oldest))
        .order_by(c.offered_s, c.id)
    ).mappings()
    return [dict(row) for row in rows]


def count_offers(connection: Connection, scope: Scope) -> int:
    """Return how many `list_offers` would have."""
    statement = select(func.count()).select_from(transfers).where(_to(scope))
    return connection.execute(statement).scalar_one()


def _to(scope: Scope) -> ColumnElement[bool]:
    waits = transfers.c.state == OFFERED
    if scope.units is None:
        return waits
    return and_(waits, transfers.c.to_unit.in_(sorted(scope.units)))


def read_offer(
    connection: Connection, scope: Scope, number: str, *, authority: Authority
) -> dict[str, Any]:
    """Open the package of an offer to a unit of this scope.

    Raises
    ------
    ApiError
        404 if there is no such offer to this officer.
    StoreError
        If the package was changed, or sealed for another unit or offer.
    """
    row = _offer(connection, scope, number)
    label = _label(number, row["to_unit"])
    package: dict[str, Any] = json.loads(
        authority.keyring.unseal(bytes(row["sealed"]), label)
    )
    return package


def decide_offer(
    connection: Connection,
    scope: Scope,
    number: str,
    *,
    accept: bool,
    authority: Authority,
    reader: Reader | None = None,
) -> str:
    """Accept or decline an offer; return the reference of the case.

    Parameters
    ----------
    connection : Connection
        In a transaction; the caller settles persons when it is committed.
    scope : Scope
        Of the unit that was offered the case.
    number : str
    accept : bool
    authority : Authority
    reader : Reader or None
        Who moves the sealed record of the person; needed if there is one.

    Raises
    ------
    ApiError
        404 if there is no such offer to this officer; 409 if the case was changed
        meanwhile so that it cannot go, or its person needs an officer to move them.
    """
    row, now_s = _offer(connection, scope, number), authority.now_s
    ref = str(row["ref"])
    kind = "declined"
    if accept:
        # The scope is that of the unit it goes to: the case is not yet within it.
        case = read_case(connection, Scope(scope.actor), ref)
        if case["unit"] != row["from_unit"] or Status(case["status"]) in ENDED:
            raise ApiError(409, "invalid_state", "the case has moved or ended")
        if not scope.may_change(case["classification"], row["to_unit"]):
            raise ApiError(403, "not_allowed", "cases are not among your rights")
        if case["person"] is not None:
            if reader is None:
                raise ApiError(409, "needs_officer", "an officer moves the person")
            # The unit that offered it has given it out of its hands.
            reach = reader.units | {row["from_unit"]}
            mover = replace(reader, units=reach, reason=Reason.TRANSFER)
            person = case["person"]
            move_person(authority, connection, mover, person, unit=row["to_unit"])
        moved = {"unit": row["to_unit"], "assigned": None}
        write_case(connection, case, moved, now_s=now_s)
        kind = "transferred"
    connection.execute(
        update(transfers)
        .where(transfers.c.id == number)
        .values(state=_ACCEPTED if accept else DECLINED, sealed=None, decided_s=now_s)
    )
    units = {"from": row["from_unit"], "to": row["to_unit"]}
    note(connection, ref, Event(kind, scope.actor, now_s, units))
    return ref


def _offer(connection: Connection, scope: Scope, number: str) -> Row:
    row = (
        connection.execute(
            select(transfers)
            .where(transfers.c.id == number, transfers.c.state == OFFERED)
            .with_for_update()
        )
        .mappings()
        .first()
    )
    if row is None or not scope.allows(row["to_unit"]):
        raise ApiError(404, "not_found", "there is no such offer")
    return dict(row)


def _package(connection: Connection, case: Row) -> bytes:
    rows = connection.execute(
        select(edges).where(
            (edges.c.source == case["ref"]) | (edges.c.target == case["ref"])
        )
    ).mappings()
    told = [
        {"kind": e.kind, "at": e.at_s, "detail": dict(e.detail)}
        for e in timeline(connection, case["ref"])
    ]
    document = {
        "schema": "proximity/case-transfer/v1",
        "case": {n: v for n, v in case.items() if n not in _NOT_IN_PACKAGE},
        "timeline": told,
        "edges": [dict(row) for row in rows],
    }
    return json.dumps(document, separators=(",", ":")).encode()


def _label(number: str, unit: str) -> str:
    return f"transfer/{number}/{unit}"
