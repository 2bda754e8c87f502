"""Who read what of whom: for the superior of an officer, and for the person."""

import base64
import hmac
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Row, Select, select
from sqlalchemy.exc import SQLAlchemyError

from proximity.authority.assembly import Authority
from proximity.authority.audit.chain import unpack_subjects
from proximity.authority.audit.model import (
    CITIZEN,
    SERVICE,
    Action,
    Reason,
    audit,
    audit_subjects,
)
from proximity.authority.database import reading, unusable
from proximity.authority.unit_lists import UnitList, first_keys

PAGE = 50
_CODE_CHARACTERS = 6
_NEWEST = UnitList(audit, audit.c.unit, audit.c.seq, (audit.c.seq,))


@dataclass(frozen=True, slots=True)
class Reading:
    """One line of the audit, as it is shown.

    Attributes
    ----------
    seq : int
    at_s : int
        Unix seconds.
    who : str
        A name of an account; to the person concerned, a code of it.
    unit : str
    action : Action
    reason : Reason
    reference : str
    fields : tuple of str
        Names, no values.
    persons : tuple of int
        To the person concerned, themselves alone.
    """

    seq: int
    at_s: int
    who: str
    unit: str
    action: Action
    reason: Reason
    reference: str
    fields: tuple[str, ...]
    persons: tuple[int, ...]


def readings_of_officers(
    authority: Authority,
    units: Collection[str],
    *,
    officer: str | None = None,
    before: int | None = None,
    limit: int = PAGE,
) -> list[Reading]:
    """Return what officers of some units did, newest first: what a superior sees.

    Parameters
    ----------
    authority : Authority
    units : collection of str
        Those that the superior answers for.
    officer : str | None
        One account alone.
    before : int | None
        Number of a line; older ones follow, for the next page.
    limit : int

    Returns
    -------
    list of Reading

    Raises
    ------
    StoreError
        If the database cannot be used.
    """
    if officer is not None:
        # A sum is in no index: the one of the account is to be used.
        mine = (audit.c.unit + "").in_(sorted(units))
        statement = select(audit).where(audit.c.actor == officer, mine)
        return [_reading(row) for row in _page(authority, statement, before, limit)]
    begin = ("", {}) if before is None else ("one.seq < :before", {"before": before})
    try:
        with reading(authority.engine) as connection:
            newest = first_keys(connection, _NEWEST, units, begin=begin, limit=limit)
            shown = select(audit).where(audit.c.seq.in_(newest))
            rows = connection.execute(shown.order_by(audit.c.seq.desc())).all()
    except SQLAlchemyError as error:
        raise unusable(error) from error
    return [_reading(row) for row in rows]


def readings_of_person(
    authority: Authority,
    person: int,
    *,
    before: int | None = None,
    limit: int = PAGE,
) -> list[Reading]:
    """Return who read or changed the record of a person, newest first.

    Officers appear by a code, so that a person can ask about one without being told
    whom to visit; `officer_code` tells a superior who it is.

    Raises
    ------
    StoreError
        If the database cannot be used.
    """
    mine = audit_subjects.c.person == person
    statement = select(audit).join(
        audit_subjects, (audit_subjects.c.seq == audit.c.seq) & mine
    )
    found = []
    for row in _page(authority, statement, before, limit):
        shown = _reading(row)
        who = officer_code(authority, row.actor)
        found.append(_for_person(shown, who, person))
    return found


def officer_code(authority: Authority, name: str) -> str:
    """Return the six letters by which citizens see an account."""
    return officer_codes(authority, name)[0]


def officer_codes(authority: Authority, name: str) -> list[str]:
    """Return the codes of an account, that of today first.

    A rotation of the master key changes them; a person may have noted an older one.
    """
    if name in (SERVICE, CITIZEN):
        return [name]
    macs = (
        hmac.digest(key, name.encode(), "sha256")
        for key in authority.vault.all_derived("officer code")
    )
    return [base64.b32encode(mac).decode()[:_CODE_CHARACTERS] for mac in macs]


def _page(
    authority: Authority, statement: Select[Any], before: int | None, limit: int
) -> list[Row[Any]]:
    if before is not None:
        statement = statement.where(audit.c.seq < before)
    try:
        with reading(authority.engine) as connection:
            ordered = statement.order_by(audit.c.seq.desc()).limit(limit)
            return list(connection.execute(ordered).all())
    except SQLAlchemyError as error:
        raise unusable(error) from error


def _reading(row: Row[Any]) -> Reading:
    return Reading(
        seq=row.seq,
        at_s=row.at_s,
        who=row.actor,
        unit=row.unit,
        action=Action(row.action),
        reason=Reason(row.reason),
        reference=row.reference,
        fields=tuple(row.fields.split(",")) if row.fields else (),
        persons=tuple(unpack_subjects(bytes(row.subjects))),
    )


def _for_person(shown: Reading, who: str, person: int) -> Reading:
    return replace(shown, who=who, reference="", persons=(person,))
