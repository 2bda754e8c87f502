"""The worker's part: once a day the end of the audit is signed and published."""

from collections.abc import Callable, Sequence

from sqlalchemy import Connection, select

from proximity.authority.assembly import Authority
from proximity.authority.audit.heads import (
    Head,
    encode_head,
    head_name,
    newest_head,
    parse_head,
)
from proximity.authority.audit.model import SERVICE, Action, Entry, Reason, audit
from proximity.authority.audit.trail import newest_line, record_entry
from proximity.authority.audit.verify import START, first_day, verify_audit
from proximity.authority.database import reading
from proximity.authority.people.key_store import Tail
from proximity.authority.publish.published_store import PublishedStore
from proximity.authority.publish.signing_keys import published_keys
from proximity.errors import DamagedRecordError
from proximity.protocol.signature import Signer
from proximity.units import DAY_S, day_of, iso_day


def countersign(
    authority: Authority, store: PublishedStore, signers: Callable[[], Sequence[Signer]]
) -> bool:
    """Publish the head of today, if there is none yet and the end fits what was kept.

    Parameters
    ----------
    authority : Authority
    store : PublishedStore
    signers : callable -> sequence of Signer
        Gives all that sign now; asked only if there is something to sign.

    Returns
    -------
    bool
        Whether a head was published.

    Raises
    ------
    DamagedRecordError
        If the audit is not as it was written: nothing is signed.
    FormatError, TrustError
        If the newest published head is not good.
    StoreError, NetworkError
        If a store cannot be used.
    """
    today = day_of(authority.now_s)
    name = head_name(today)
    with reading(authority.engine) as connection:
        tail = newest_line(connection)
        first = first_day(connection, today)
        is_told = _is_told(connection, today)
    if is_told or tail == START:
        return False
    keys = published_keys(authority.directory)
    there = store.get(name)
    if there is not None:
        # The process died before its line; or somebody else put a file there.
        _tell(authority, parse_head(there, keys))
        return False
    before = newest_head(store, keys, first=first, last=today - 1)
    after = before.tail if before else START
    if not _is_there(authority, after):
        # Lost with what a restored backup did not have, or cut off: look at it all.
        after = START
    bad = verify_audit(authority, store, after=after).first_bad
    if bad is not None:
        raise DamagedRecordError(
            f"The audit is not signed: {bad.message}",
            "Run `proximity authority verify-audit --data DIR`.",
        )
    region = authority.settings.region
    data = encode_head(region, today, tail, before=before, signers=signers())
    store.put(name, data)
    _tell(authority, parse_head(data, keys))
    return True


def _tell(authority: Authority, head: Head) -> None:
    """Name a published head in the audit: who takes it away has to change the chain."""
    entry = Entry(
        actor=SERVICE,
        unit=SERVICE,
        action=Action.HEAD,
        reason=Reason.OPERATION,
        reference=iso_day(head.day),
        fields=(head.digest.hex(),),
    )
    record_entry(authority, entry)


def _is_told(connection: Connection, day: int) -> bool:
    statement = select(audit.c.seq).where(
        audit.c.action == Action.HEAD,
        audit.c.at_s >= day * DAY_S,
        audit.c.reference == iso_day(day),
    )
    return connection.execute(statement.limit(1)).first() is not None


def _is_there(authority: Authority, tail: Tail) -> bool:
    statement = select(audit.c.hash).where(audit.c.seq == tail.seq)
    with reading(authority.engine) as connection:
        found = connection.execute(statement).scalar()
    return tail == START or (found is not None and bytes(found) == tail.hash)
