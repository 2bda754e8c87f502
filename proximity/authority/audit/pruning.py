"""Rows of the audit whose time is over go; what is left still proves itself.

A published head stands for all rows up to its own, so it takes their place as the
beginning of the chain. The row that says so is in the chain: without its key nobody
makes the beginning any shorter.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from sqlalchemy import Connection, delete, select, text

from proximity.authority.assembly import Authority
from proximity.authority.audit.heads import Head, heads_before, newest_head
from proximity.authority.audit.model import (
    SERVICE,
    Action,
    Entry,
    Reason,
    audit,
    audit_subjects,
)
from proximity.authority.audit.trail import (
    Masters,
    append_entry,
    masters_in_use,
    note_tail,
)
from proximity.authority.database import reading
from proximity.authority.publish.published_store import PublishedStore
from proximity.authority.publish.signing_keys import published_keys
from proximity.units import day_of, iso_day

_TABLES = (audit_subjects, audit)
_REFUSAL = "BEGIN SELECT RAISE(ABORT, 'rows of the audit never change'); END"


class _First(NamedTuple):
    """The first row that is there."""

    seq: int
    at_s: int


def prune_audit(authority: Authority, store: PublishedStore) -> int:
    """Delete rows up to the oldest head whose time is over; return how many.

    One day in each run: a worker that was away for a month takes thirty.

    Parameters
    ----------
    authority : Authority
        Held by `only_worker`; its audit was verified just now.
    store : PublishedStore

    Raises
    ------
    FormatError, TrustError
        If a published head is not good.
    StoreError, NetworkError
        If a store cannot be used.
    """
    today = day_of(authority.now_s)
    last = today - authority.settings.keep_audit_days
    with reading(authority.engine) as connection:
        row = connection.execute(
            select(audit.c.seq, audit.c.at_s).order_by(audit.c.seq).limit(1)
        ).first()
        if row is None or day_of(row.at_s) > last:
            return 0
        keys = published_keys(authority.directory)
        newest = newest_head(store, keys, first=last, last=today)
        heads = heads_before(store, newest) if newest else []
        head = _oldest_due(connection, heads, _First(*row), last)
        masters = masters_in_use(connection, until=head.tail.seq) if head else None
    if head is None or masters is None:
        return 0
    with authority.engine.begin() as connection:
        append_entry(authority, connection, _entry(head, masters))
        with _unguarded(connection):
            gone = [
                connection.execute(delete(table).where(table.c.seq <= head.tail.seq))
                for table in _TABLES
            ]
    note_tail(authority)
    return gone[-1].rowcount


def _oldest_due(
    connection: Connection, heads: list[Head], first: _First, last: int
) -> Head | None:
    """Return the head to begin with; its row has to be there, as it was published."""
    for head in reversed(heads):
        statement = select(audit.c.hash).where(audit.c.seq == head.tail.seq)
        if head.day <= last and head.tail.seq >= first.seq:
            found = connection.execute(statement).scalar()
            if found is not None and bytes(found) == head.tail.hash:
                return head
    return None


def _entry(head: Head, masters: Masters) -> Entry:
    """Say where the audit begins, and which master keys were in use there."""
    return Entry(
        actor=SERVICE,
        unit=SERVICE,
        action=Action.PRUNE,
        reason=Reason.RETENTION,
        reference=str(head.tail.seq),
        fields=(iso_day(head.day), *map(str, masters)),
    )


@contextmanager
def _unguarded(connection: Connection) -> Iterator[None]:
    """Let this transaction, and no other, delete rows of the audit."""
    is_postgresql = connection.dialect.name == "postgresql"
    for table in _TABLES:
        connection.execute(
            text(
                f"ALTER TABLE {table} DISABLE TRIGGER {table}_never_changes"
                if is_postgresql
                else f"DROP TRIGGER {table}_no_delete"
            )
        )
    yield
    for table in _TABLES:
        connection.execute(
            text(
                f"ALTER TABLE {table} ENABLE TRIGGER {table}_never_changes"
                if is_postgresql
                else f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} "
                + _REFUSAL
            )
        )
