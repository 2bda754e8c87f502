"""What needs four eyes among accounts: new credentials, rights beyond one's own, moves.

What is approved is looked at again when it is done: days may have passed.
"""

from collections.abc import Mapping

from sqlalchemy import Connection

from proximity.authority.accounts.enrolment import new_enrolment, strip_credentials
from proximity.authority.accounts.four_eyes import Deed, Names, Request
from proximity.authority.accounts.model import Area, Role
from proximity.authority.accounts.moving import check_reach, move_officer
from proximity.authority.accounts.officers import (
    Account,
    find_account,
    give_role,
)
from proximity.authority.accounts.refusal import RefusalError
from proximity.authority.accounts.rules import writes
from proximity.authority.assembly import Authority


def _reset(authority: Authority, request: Request) -> str:
    with authority.engine.begin() as connection:
        # Whoever gets the code gets at all that the account reaches by now.
        check_reach(connection, _account(connection, request), request.unit)
        return strip_credentials(connection, authority, request.subject)


def _grant(authority: Authority, request: Request) -> str:
    """Give a role; who is not set up yet gets a first code by the second officer.

    The first officer, who made the account, could else be its owner.
    """
    with authority.engine.begin() as connection:
        account = _account(connection, request)
        give_role(
            connection,
            request.subject,
            Role(request.details["role"]),
            request.details["unit"],
        )
        if account.enrolled_s is not None:
            return ""
        return new_enrolment(connection, authority, request.subject)


def _move(authority: Authority, request: Request) -> str:
    home, to = request.details["from"], request.details["unit"]
    with authority.engine.begin() as connection:
        check_reach(connection, _account(connection, request), request.unit)
        move_officer(connection, request.subject, home, to)
    return ""


def _account(connection: Connection, request: Request) -> Account:
    account = find_account(connection, request.subject)
    if account is None:
        raise RefusalError(
            "no_account", "There is no such account.", "Look at the list again."
        )
    return account


def _describe(request: Request, names: Names) -> Mapping[str, str]:
    return {
        "name": names.officers.get(request.subject, ""),
        "role": request.details.get("role", ""),
        "unit": names.units.get(request.unit.id, request.unit.id),
    }


def _describe_move(request: Request, names: Names) -> Mapping[str, str]:
    home, to = request.details["from"], request.details["unit"]
    return {
        "name": names.officers.get(request.subject, ""),
        "home": names.units.get(home, home),
        "to": names.units.get(to, to),
    }


RESET = Deed("reset", writes(Area.ACCOUNTS), _reset, _describe)
GRANT = Deed("grant", writes(Area.ACCOUNTS), _grant, _describe)
MOVE = Deed("move", writes(Area.ACCOUNTS), _move, _describe_move)
