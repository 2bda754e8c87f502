"""The worker's part: once a day the end of the audit is signed and published."""

from collections.abc import Callable, Sequence

from sqlalchemy import select

from proximity.authority.assembly import Authority
from proximity.authority.audit.heads import encode_head, head_name, newest_head
from proximity.authority.audit.model import audit
from proximity.authority.audit.trail import newest_line, note_tail
from proximity.authority.audit.verify import START, verify_audit
from proximity.authority.database import reading
from proximity.authority.people.key_store import Tail
from proximity.authority.publish.published_store import PublishedStore
from proximity.authority.publish.signing_keys import published_keys
from proximity.errors import DamagedRecordError
from proximity.protocol.signature import Signer
from proximity.units import day_of


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
    if store.get(name) is not None:
        return False
    with reading(authority.engine) as connection:
        tail = newest_line(connection)
        first_s = connection.execute(
            select(audit.c.at_s).order_by(audit.c.seq).limit(1)
        ).scalar()
    if first_s is None:
        return False
    keys = published_keys(authority.directory)
    before = newest_head(store, keys, first=day_of(first_s), last=today - 1)
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
    note_tail(authority)
    return True


def _is_there(authority: Authority, tail: Tail) -> bool:
    statement = select(audit.c.hash).where(audit.c.seq == tail.seq)
    with reading(authority.engine) as connection:
        found = connection.execute(statement).scalar()
    return tail == START or (found is not None and bytes(found) == tail.hash)
