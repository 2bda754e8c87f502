"""By what the door of a demonstration opens."""

import hmac
from dataclasses import dataclass
from urllib.parse import urlencode

from sqlalchemy import Connection, select

from proximity.authority.accounts.model import grants, officers, organisations
from proximity.authority.assembly import Authority
from proximity.authority.console.registry import PREFIX
from proximity.authority.people.citizen import issue_receipt
from proximity.authority.people.model import persons

ENTER = "/demo/enter"


@dataclass(frozen=True, slots=True)
class DemoDoor:
    """The way in of one run of the demonstration.

    Attributes
    ----------
    key : str
        Drawn at its start; whoever shows it may be any officer.
    receipt : str
        With which one invented person may see their own record.
    """

    key: str
    receipt: str

    def __repr__(self) -> str:
        """Tell nothing."""
        return "<DemoDoor>"

    def opens_with(self, key: str) -> bool:
        """Tell whether a key is the one of this run."""
        return hmac.compare_digest(self.key.encode(), key.encode())

    def address(self, officer: str) -> str:
        """Return the path that signs in as an officer."""
        return f"{PREFIX}{ENTER}?{urlencode({'key': self.key, 'as': officer})}"


@dataclass(frozen=True, slots=True)
class Part:
    """An officer whom one may be.

    Attributes
    ----------
    officer, name, role, unit : str
        The unit by its name.
    """

    officer: str
    name: str
    role: str
    unit: str


def make_door(authority: Authority) -> DemoDoor:
    """Return a fresh door; the receipt is of somebody whose record was made last."""
    key = authority.entropy(16).hex()
    with authority.engine.begin() as connection:
        newest = select(persons.c.person).order_by(persons.c.made_s.desc()).limit(1)
        person = connection.execute(newest).scalar()
        receipt = issue_receipt(authority, connection, person) if person else ""
    return DemoDoor(key, receipt)


def list_parts(connection: Connection) -> list[Part]:
    """Return every officer who may sign in, the highest unit first."""
    c = organisations.c
    rows = connection.execute(
        select(officers.c.id, officers.c.name, grants.c.role, c.name)
        .join(grants, grants.c.officer == officers.c.id)
        .join(organisations, c.id == grants.c.unit)
        .where(officers.c.enrolled_s.is_not(None), officers.c.disabled_s.is_(None))
        .order_by(c.path, officers.c.made_s, grants.c.role.desc(), officers.c.name)
    )
    return [Part(*row) for row in rows]
