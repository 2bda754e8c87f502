"""An officer goes to work in another unit, and their roles go with them."""

from collections.abc import Sequence

from sqlalchemy import Connection, update

from proximity.authority.accounts.model import Grant, Officer, Unit, officers
from proximity.authority.accounts.officers import (
    Account,
    find_account,
    give_role,
    grants_of,
    take_role,
)
from proximity.authority.accounts.organisations import find_organisation
from proximity.authority.accounts.refusal import RefusalError
from proximity.authority.accounts.rules import common_unit, needs_second_officer


def move_officer(connection: Connection, officer_id: str, home: str, to: str) -> None:
    """Let somebody work in another unit.

    Roles that they held in the old unit are held in the new one; others stay. Lines
    of the audit stay with the unit in which they were written.

    Parameters
    ----------
    connection : Connection
        Of a writing transaction.
    officer_id : str
    home, to : str
        IDs of the old unit and of the new one.

    Raises
    ------
    PolicyError
        If they do not work there any more, or there is no such unit.
    """
    account = find_account(connection, officer_id)
    if account is None or account.unit != home:
        raise RefusalError(
            "moved_meanwhile", "They do not work there.", "Look at the account again."
        )
    if find_organisation(connection, to) is None:
        raise RefusalError("no_unit", "There is no such unit.", "Choose another.")
    for grant in grants_of(connection, officer_id):
        if grant.unit.id == home:
            take_role(connection, officer_id, grant.role, home)
            give_role(connection, officer_id, grant.role, to)
    connection.execute(
        update(officers).where(officers.c.id == officer_id).values(unit=to)
    )


def move_needs_second_officer(
    mover: Officer, held: Sequence[Grant], home: Unit, to: Unit
) -> bool:
    """Tell whether a move takes four eyes: it does if giving the roles there would."""
    return any(
        needs_second_officer(mover, grant.role, to)
        for grant in held
        if grant.unit.id == home.id
    )


def check_reach(connection: Connection, account: Account, within: Unit) -> None:
    """Refuse what was asked for when an account reached less far than it does now.

    Raises
    ------
    PolicyError
        If it is of another unit by now, or has rights outside of the one given.
    """
    home = find_organisation(connection, account.unit)
    held = [grant.unit for grant in grants_of(connection, account.id)]
    reach = common_unit([*held, *([home.unit] if home else [])])
    if not reach.path.startswith(within.path):
        raise RefusalError(
            "beyond_request",
            "Their rights reach further than when this was asked for.",
            "Ask again.",
        )
