"""Officers: made, found, given rights, disabled; never deleted, audits name them."""

import re
import unicodedata
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from proximity.authority.accounts.model import (
    Grant,
    Officer,
    Role,
    Unit,
    grants,
    officers,
    organisations,
)
from proximity.authority.accounts.refusal import RefusalError
from proximity.authority.accounts.sessions import end_sessions
from proximity.authority.plain_text import mixes_scripts

_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,189}")
MOST_LISTED = 200


class Account(NamedTuple):
    """What lists show of an officer.

    Attributes
    ----------
    id, email, name, unit : str
    enrolled_s, disabled_s : int | None
        Unix seconds.
    made_s : int
    """

    id: str
    email: str
    name: str
    unit: str
    enrolled_s: int | None
    disabled_s: int | None
    made_s: int

    def __repr__(self) -> str:
        """Tell the ID alone."""
        return f"<Account {self.id}>"


_ACCOUNT = (
    officers.c.id,
    officers.c.email,
    officers.c.name,
    officers.c.unit,
    officers.c.enrolled_s,
    officers.c.disabled_s,
    officers.c.made_s,
)


class NewOfficer(NamedTuple):
    """Somebody who is to get an account.

    Attributes
    ----------
    id : str
        Random, 16 hexadecimal digits.
    email, name : str
    unit : str
        ID of where they work.
    password_hash : str | None
        None until they set themselves up.
    """

    id: str
    email: str
    name: str
    unit: str
    password_hash: str | None = None

    def __repr__(self) -> str:
        """Tell the ID alone."""
        return f"<NewOfficer {self.id}>"


def check_email(email: str) -> None:
    """Refuse an address that is none.

    Raises
    ------
    PolicyError
        The message does not repeat it.
    """
    if not _EMAIL.fullmatch(email):
        raise RefusalError(
            "email", "The address is not one of e-mail.", "Give name@domain."
        )


def fold(text: str) -> str:
    """Return a text as it is searched: without marks and capitals."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(c for c in apart if not unicodedata.combining(c))
    # A letter of its own, not one with a mark.
    return bare.replace("đ", "d")[:400]


def add_officer(connection: Connection, new: NewOfficer, now_s: int) -> None:
    """Store an officer without any right.

    Raises
    ------
    PolicyError
        If the address is none or taken, or the name is missing.
    """
    check_email(new.email)
    if not 1 <= len(new.name) <= 120:
        raise RefusalError(
            "officer_name", "The name has not 1 to 120 characters.", "Shorten it."
        )
    if mixes_scripts(new.name) or mixes_scripts(new.email):
        raise RefusalError(
            "two_scripts",
            "A word has letters of two scripts that look alike.",
            "Type the name anew, and the address.",
        )
    email = new.email.lower()
    if connection.execute(select(officers.c.id).where(officers.c.email == email)).all():
        raise RefusalError(
            "email_taken", "Somebody has this address.", "Each address is used once."
        )
    connection.execute(
        insert(officers).values(
            **(new._asdict() | {"email": email}),
            folded=fold(f"{new.name} {email}"),
            made_s=now_s,
        )
    )


def load_officer(connection: Connection, officer_id: str) -> Officer | None:
    """Return an officer with their rights; None if there is none, or disabled."""
    home = organisations.alias()
    row = connection.execute(
        select(officers, home.c.path.label("home"))
        .join(home, home.c.id == officers.c.unit)
        .where(officers.c.id == officer_id, officers.c.disabled_s.is_(None))
    ).first()
    if row is None:
        return None
    return Officer(
        id=row.id,
        name=row.name,
        email=row.email,
        unit=Unit(row.unit, row.home),
        grants=tuple(grants_of(connection, officer_id)),
    )


def grants_of(connection: Connection, officer_id: str) -> list[Grant]:
    """Return the rights of an officer."""
    rows = connection.execute(
        select(grants.c.role, grants.c.unit, organisations.c.path)
        .join(organisations, organisations.c.id == grants.c.unit)
        .where(grants.c.officer == officer_id)
        .order_by(organisations.c.path, grants.c.role)
    )
    return [Grant(Role(role), Unit(unit, path)) for role, unit, path in rows]


def find_account(connection: Connection, officer_id: str) -> Account | None:
    """Return what lists show of one officer."""
    row = connection.execute(select(*_ACCOUNT).where(officers.c.id == officer_id))
    found = row.first()
    return None if found is None else Account(*found)


def search_accounts(
    connection: Connection, reach: ColumnElement[bool], text: str = ""
) -> list[Account]:
    """Return officers within a condition who have every word in name or address."""
    statement = select(*_ACCOUNT).where(reach)
    for word in fold(text).split():
        statement = statement.where(officers.c.folded.contains(word, autoescape=True))
    rows = connection.execute(statement.order_by(officers.c.name).limit(MOST_LISTED))
    return [Account(*row) for row in rows]


def give_role(connection: Connection, officer_id: str, role: Role, unit: str) -> None:
    """Give a role in a unit; once more is the same."""
    take_role(connection, officer_id, role, unit)
    connection.execute(insert(grants).values(officer=officer_id, role=role, unit=unit))


def take_role(connection: Connection, officer_id: str, role: Role, unit: str) -> None:
    """Take a role away."""
    connection.execute(
        delete(grants).where(
            grants.c.officer == officer_id,
            grants.c.role == role,
            grants.c.unit == unit,
        )
    )


def lock_account(
    connection: Connection, officer_id: str, unit: str, now_s: int
) -> None:
    """Lock an account and end its sessions.

    Parameters
    ----------
    connection : Connection
    officer_id : str
    unit : str
        The highest unit of whoever does it: only who has a say there unlocks it.
    now_s : int
    """
    connection.execute(
        update(officers)
        .where(officers.c.id == officer_id)
        .values(disabled_s=now_s, disabled_in=unit)
    )
    end_sessions(connection, officer_id, now_s)


def unlock_account(connection: Connection, officer_id: str) -> None:
    """Open a locked account again, with the roles that it had."""
    connection.execute(
        update(officers)
        .where(officers.c.id == officer_id)
        .values(disabled_s=None, disabled_in=None)
    )


def locked_in(connection: Connection, officer_id: str) -> Unit | None:
    """Return the unit in which an account was locked; None if it is not."""
    row = connection.execute(
        select(organisations.c.id, organisations.c.path)
        .join(officers, officers.c.disabled_in == organisations.c.id)
        .where(officers.c.id == officer_id)
    ).first()
    return None if row is None else Unit(row.id, row.path)


def is_alone(connection: Connection) -> bool:
    """Tell whether nobody could be the second pair of eyes yet.

    Once two people had set themselves up this is false for ever: nobody gets it back by
    disabling others.
    """
    statement = select(func.count()).where(officers.c.enrolled_s.is_not(None))
    return connection.execute(statement).scalar_one() < 2


def officer_names(connection: Connection, ids: set[str]) -> dict[str, str]:
    """Return names by ID, for lists."""
    rows = connection.execute(
        select(officers.c.id, officers.c.name).where(officers.c.id.in_(ids))
    )
    return {officer_id: name for officer_id, name in rows}  # noqa: C416 - rows of two
