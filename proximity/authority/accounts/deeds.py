"""What needs four eyes among accounts: new credentials, and rights beyond one's own."""

from collections.abc import Mapping

from proximity.authority.accounts.enrolment import strip_credentials
from proximity.authority.accounts.four_eyes import Deed, Names, Request
from proximity.authority.accounts.model import Area, Role
from proximity.authority.accounts.officers import (
    find_account,
    give_role,
)
from proximity.authority.accounts.refusal import RefusalError
from proximity.authority.accounts.rules import writes
from proximity.authority.assembly import Authority


def _reset(authority: Authority, request: Request) -> str:
    with authority.engine.begin() as connection:
        if find_account(connection, request.subject) is None:
            raise RefusalError(
                "no_account", "There is no such account.", "Look at the list again."
            )
        return strip_credentials(connection, authority, request.subject)


def _grant(authority: Authority, request: Request) -> str:
    with authority.engine.begin() as connection:
        give_role(
            connection,
            request.subject,
            Role(request.details["role"]),
            request.details["unit"],
        )
    return ""


def _describe(request: Request, names: Names) -> Mapping[str, str]:
    return {
        "name": names.officers.get(request.subject, ""),
        "role": request.details.get("role", ""),
        "unit": names.units.get(request.unit.id, request.unit.id),
    }


RESET = Deed("reset", writes(Area.ACCOUNTS), _reset, _describe)
GRANT = Deed("grant", writes(Area.ACCOUNTS), _grant, _describe)
