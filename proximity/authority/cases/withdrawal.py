"""A wrong publication is taken back: a laboratory may err."""

from typing import NamedTuple

from sqlalchemy import Connection, and_, exists, select, update

from proximity.authority.api_error import ApiError
from proximity.authority.assembly import Authority
from proximity.authority.cases.events import Event, note
from proximity.authority.cases.model import cases, edges, shared_keys
from proximity.authority.cases.records import Scope, read_case, write_case
from proximity.authority.cases.rules import Classification, Status
from proximity.authority.publish.recursive import withdraw_recursive
from proximity.authority.upload.model import AcceptedKey, Upload, exposures
from proximity.authority.upload.writer import store_uploads
from proximity.protocol.diagnosis_key import ReportType


class Withdrawn(NamedTuple):
    """What a withdrawal did.

    Attributes
    ----------
    keys : int
        Published or waiting keys of the case that are taken back.
    contacts : int
        Contacts that were met by nobody else, now dismissed.
    recursive_keys : int
        Of these contacts, keys that are taken back.
    left : int
        Keys that were published before they were shared, by nobody knows whom: only the
        device that uploaded them takes them back.
    """

    keys: int
    contacts: int
    recursive_keys: int
    left: int = 0


def withdraw_case(
    connection: Connection, scope: Scope, ref: str, *, authority: Authority
) -> Withdrawn:
    """Take back what was published for a case that was none, and what followed.

    The next export has the published keys once more, as revoked; devices then withdraw
    their notices. What only waited never goes out.

    Parameters
    ----------
    connection : Connection
        In a transaction.
    scope : Scope
    ref : str
    authority : Authority

    Raises
    ------
    ApiError
        404 as `read_case`; 409 if it is no case, or withdrawn or merged already, or one
        of its keys was changed before.
    """
    case, now_s = read_case(connection, scope, ref), authority.now_s
    if case["classification"] != Classification.F0:
        raise ApiError(409, "nothing_to_withdraw", "only a case is withdrawn")
    if case["status"] in (Status.WITHDRAWN, Status.MERGED):
        raise ApiError(409, "invalid_state", "it was withdrawn or merged before")
    keys, left = _revoke_keys(connection, ref, authority)
    contacts = _dismiss_contacts(connection, scope, ref, now_s)
    recursive = withdraw_recursive(connection, contacts) if contacts else 0
    ended = {"status": Status.WITHDRAWN.value, "ended_s": now_s, "due_day": None}
    write_case(connection, case, ended, now_s=now_s)
    done = Withdrawn(keys, len(contacts), recursive, left)
    note(connection, ref, Event("withdrawn", scope.actor, now_s, done._asdict()))
    return done


def _revoke_keys(
    connection: Connection, ref: str, authority: Authority
) -> tuple[int, int]:
    """Take back keys that are the person's; tell how many, and how many stay."""
    c = exposures.c
    found = connection.execute(
        select(
            *(c.key, c.start, c.period, c.onset_days, c.risk, shared_keys.c.proven)
        ).where(
            shared_keys.c.key == c.key,
            shared_keys.c.ref == ref,
            # What was withdrawn by its owner, or by an officer, is done.
            c.report_type != ReportType.REVOKED,
            c.revised_type.is_distinct_from(int(ReportType.REVOKED)),
        )
    ).all()
    rows = [row for row in found if row.proven]
    left = len(found) - len(rows)
    if not rows:
        return 0, left
    revoked = tuple(
        AcceptedKey(
            bytes(row.key),
            row.start,
            row.period,
            ReportType.REVOKED,
            row.onset_days,
            row.risk,
        )
        for row in rows
    )
    # An officer may change every key: the token names them all.
    named = frozenset((key.key, key.start, key.period) for key in revoked)
    now_s = authority.now_s
    upload = Upload(revoked, False, named, authority.entropy(32), now_s)
    region = authority.settings.region
    (answer,) = store_uploads(connection, [upload], region, now_s=now_s)
    if isinstance(answer, ApiError):
        raise ApiError(409, answer.code, str(answer))
    return len(revoked), left


def _dismiss_contacts(
    connection: Connection, scope: Scope, ref: str, now_s: int
) -> list[str]:
    """End the edges of a case; return the contacts that have no other."""
    e = edges.c
    ours = and_(e.source == ref, e.withdrawn_s.is_(None))
    targets = connection.execute(select(e.target).where(ours)).scalars().all()
    connection.execute(update(edges).where(ours).values(withdrawn_s=now_s))
    other = exists().where(e.target == cases.c.ref, e.withdrawn_s.is_(None))
    alone = (
        connection.execute(
            select(cases.c.ref).where(
                cases.c.ref.in_(targets),
                ~other,
                # A contact that fell ill itself stays a case.
                cases.c.classification != Classification.F0,
            )
        )
        .scalars()
        .all()
    )
    connection.execute(
        update(cases)
        .where(cases.c.ref.in_(alone))
        .values(
            status=Status.DISMISSED.value,
            ended_s=now_s,
            due_day=None,
            updated_s=now_s,
            version=cases.c.version + 1,
        )
    )
    for each in alone:
        note(connection, each, Event("withdrawn", scope.actor, now_s, {"source": ref}))
    return list(alone)
