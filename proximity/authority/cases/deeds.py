"""What needs four eyes among cases: taking a publication back cannot be undone."""

from collections.abc import Mapping

from sqlalchemy import Connection

from proximity.authority.accounts.four_eyes import Deed, Names, Request, Wish, ask_for
from proximity.authority.accounts.officers import load_officer
from proximity.authority.accounts.organisations import find_organisation
from proximity.authority.accounts.refusal import RefusalError
from proximity.authority.api_error import ApiError
from proximity.authority.assembly import Authority
from proximity.authority.cases.reach import WRITE_CASES
from proximity.authority.cases.records import Scope, read_case
from proximity.authority.cases.withdrawal import withdraw_case


def _withdraw(authority: Authority, request: Request) -> str:
    # Who asked acts; the approval is their second pair of eyes. The case may have gone
    # to another unit meanwhile: then it is no longer theirs.
    scope = Scope(request.asked_by, frozenset({request.unit.id}))
    try:
        with authority.engine.begin() as connection:
            withdraw_case(connection, scope, request.subject, authority=authority)
    except ApiError as error:
        raise RefusalError(error.code, str(error), "Look at the case again.") from error
    return ""


def _describe(request: Request, names: Names) -> Mapping[str, str]:
    return {
        "ref": request.subject,
        "unit": names.units.get(request.unit.id, request.unit.id),
    }


def check_withdrawable(connection: Connection, scope: Scope, ref: str) -> str:
    """Return the unit of a case that may be asked to be withdrawn.

    Raises
    ------
    ApiError
        404 as `read_case`; 409 if it is no case, or withdrawn or merged already.
    """
    case = read_case(connection, scope, ref)
    if case["classification"] != "F0":
        raise ApiError(409, "nothing_to_withdraw", "only a case is withdrawn")
    if case["status"] in ("withdrawn", "merged"):
        raise ApiError(409, "invalid_state", "it was withdrawn or merged before")
    return str(case["unit"])


def ask_to_withdraw(
    connection: Connection,
    scope: Scope,
    ref: str,
    officer_id: str,
    *,
    authority: Authority,
) -> str:
    """Ask in the name of an officer that a case is withdrawn; return the request's ID.

    Parameters
    ----------
    connection : Connection
        In a transaction.
    scope : Scope
    ref : str
    officer_id : str
        Who asks; they never decide.
    authority : Authority

    Raises
    ------
    ApiError
        As `check_withdrawable`; 403 if the officer may not ask for this.
    """
    unit_id = check_withdrawable(connection, scope, ref)
    organisation = find_organisation(connection, unit_id)
    officer = load_officer(connection, officer_id)
    if organisation is None or officer is None:
        raise ApiError(403, "not_yours", "no such officer, or unit of the case")
    wish = Wish(WITHDRAW, organisation.unit, ref, {})
    try:
        return ask_for(connection, authority, officer, wish)
    except RefusalError as error:
        raise ApiError(403, error.code, str(error)) from error


WITHDRAW = Deed("case-withdraw", WRITE_CASES, _withdraw, _describe)
