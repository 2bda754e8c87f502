"""What officers do in the console, other than to persons: lines of the same audit."""

import re

from sqlalchemy import Connection, select

from proximity.authority.accounts.model import officers
from proximity.authority.assembly import Authority
from proximity.authority.audit.model import SERVICE, Action, Entry, Reason
from proximity.authority.audit.trail import append_entry
from proximity.authority.console.visit import Audit

_OTHER = re.compile(r"[^\w.:@+-]")
_MAX_CHARACTERS = 120


def deed_audit(authority: Authority) -> Audit:
    """Return what the console writes its deeds down with.

    A line has the deed and the ID of what it was done to, within the transaction of
    the deed.
    """

    def write(
        connection: Connection, officer: str, action: str, *, subject: str
    ) -> None:
        unit = select(officers.c.unit).where(officers.c.id == officer)
        entry = Entry(
            actor=officer or SERVICE,
            unit=connection.execute(unit).scalar() or SERVICE,
            action=Action.DEED,
            reason=Reason.OPERATION,
            fields=(_plain(action), _plain(subject)),
        )
        append_entry(authority, connection, entry)

    return write


def _plain(text: str) -> str:
    return _OTHER.sub("_", text)[:_MAX_CHARACTERS]
