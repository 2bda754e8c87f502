"""Walks the whole audit and names the first line that is not as it was written."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.exc import SQLAlchemyError

from proximity.authority.assembly import Authority
from proximity.authority.audit.chain import ROOT, Line, line_hash, unpack_subjects
from proximity.authority.audit.heads import Head, heads_before, newest_head
from proximity.authority.audit.model import Action, audit, audit_subjects
from proximity.authority.audit.trail import audit_key
from proximity.authority.database import reading, unusable
from proximity.authority.people.key_store import Tail
from proximity.authority.publish.published_store import PublishedStore
from proximity.authority.publish.signing_keys import published_keys
from proximity.errors import FormatError, TrustError
from proximity.units import day_of

_ROWS = 5_000
_COLUMNS = tuple(audit.c[name] for name in Line._fields)


@dataclass(frozen=True, slots=True)
class BadRow:
    """The first row that is wrong.

    Attributes
    ----------
    seq : int
        Its number; of a missing row the number that it had.
    what : str
        "changed", "missing", "subjects", "head".
    message : str
        For people.
    """

    seq: int
    what: str
    message: str


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What a verification found.

    Attributes
    ----------
    rows : int
        That were walked.
    heads : int
        Published ones that were compared.
    newest_head : int | None
        UTC day number of the newest.
    restored : int
        Gaps that a restored backup explains.
    first_bad : BadRow | None
    """

    rows: int
    heads: int
    newest_head: int | None
    restored: int
    first_bad: BadRow | None


class _BadRowError(Exception):
    """Ends the walk."""

    def __init__(self, seq: int, what: str, message: str) -> None:
        super().__init__(message)
        self.bad = BadRow(seq, what, message)


@dataclass(slots=True)
class _Walk:
    """Where the walk is; `kept` are hashes that lie outside the database."""

    key: bytes
    kept: dict[int, bytes]
    last: Tail
    rows: int = 0
    restored: int = 0


START = Tail(0, ROOT)


def verify_audit(
    authority: Authority, store: PublishedStore, *, after: Tail = START
) -> AuditReport:
    """Compare every row with its chain, its subjects and the published heads.

    Parameters
    ----------
    authority : Authority
    store : PublishedStore
        Where the heads are published.
    after : Tail
        A row that was verified before; those up to it are not walked again.

    Returns
    -------
    AuditReport

    Raises
    ------
    StoreError, NetworkError
        If the database or the published store cannot be used.
    """
    kept = authority.vault.key_store.tail()
    walk = _Walk(audit_key(authority), {}, after)
    heads: list[Head] = []
    bad: BadRow | None = None
    try:
        with reading(authority.engine) as connection:
            heads = _heads(authority, store, connection)
            tails = [head.tail for head in heads] + ([kept] if kept else [])
            walk.kept = {tail.seq: tail.hash for tail in tails}
            _walk_rows(connection, walk)
        _check_end(walk)
    except _BadRowError as error:
        bad = error.bad
    except SQLAlchemyError as error:
        raise unusable(error) from error
    return AuditReport(
        rows=walk.rows,
        heads=len(heads),
        newest_head=heads[0].day if heads else None,
        restored=walk.restored,
        first_bad=bad,
    )


def _heads(
    authority: Authority, store: PublishedStore, connection: Connection
) -> list[Head]:
    first_s = connection.execute(
        select(audit.c.at_s).order_by(audit.c.seq).limit(1)
    ).scalar()
    if first_s is None:
        first_s = authority.now_s
    try:
        newest = newest_head(
            store,
            published_keys(authority.directory),
            first=day_of(first_s),
            last=day_of(authority.now_s),
        )
        return [newest, *heads_before(store, newest)] if newest else []
    except (FormatError, TrustError) as error:
        raise _BadRowError(
            0, "head", f"A published head is not good: {error}"
        ) from error


def _walk_rows(connection: Connection, walk: _Walk) -> None:
    subjects = _subjects(connection, walk.last.seq)
    pending = next(subjects, None)
    rows = connection.execution_options(yield_per=_ROWS).execute(
        select(*_COLUMNS, audit.c.hash)
        .where(audit.c.seq > walk.last.seq)
        .order_by(audit.c.seq)
    )
    for row in rows:
        line, stored = _line(row), bytes(row.hash)
        _check_number(walk, line)
        if line_hash(walk.key, walk.last.hash, line) != stored:
            raise _changed(line.seq)
        if walk.kept.get(line.seq, stored) != stored:
            raise _BadRowError(
                line.seq,
                "head",
                f"Row {line.seq} is not the one whose hash was kept elsewhere.",
            )
        named = []
        while pending is not None and pending[0] <= line.seq:
            if pending[0] < line.seq:
                raise _unnamed(pending[0])
            named.append(pending[1])
            pending = next(subjects, None)
        if named != unpack_subjects(line.subjects):
            raise _unnamed(line.seq)
        walk.last = Tail(line.seq, stored)
        walk.rows += 1
    if pending is not None:
        raise _unnamed(pending[0])


def _subjects(connection: Connection, after: int) -> Iterator[tuple[int, int]]:
    c = audit_subjects.c
    rows = connection.execution_options(yield_per=_ROWS).execute(
        select(c.seq, c.person).where(c.seq > after).order_by(c.seq, c.person)
    )
    return ((row.seq, row.person) for row in rows)


def _line(row: Any) -> Line:
    line = Line(*row[:-1])
    # A row that was changed by hand may hold a value of any type.
    if not isinstance(line.subjects, bytes | memoryview):
        raise _changed(line.seq)
    return line._replace(subjects=bytes(line.subjects))


def _check_number(walk: _Walk, line: Line) -> None:
    expected = walk.last.seq + 1
    if line.seq == expected:
        return
    if line.action == Action.RESTORE and line.seq > expected:
        walk.restored += 1
        return
    raise _BadRowError(expected, "missing", f"Row {expected} is missing.")


def _check_end(walk: _Walk) -> None:
    """Compare the end with what lies outside the database."""
    beyond = max(walk.kept, default=0)
    if beyond > walk.last.seq:
        first = walk.last.seq + 1
        raise _BadRowError(
            first, "missing", f"Rows {first} to {beyond} at the end are missing."
        )


def _changed(seq: int) -> _BadRowError:
    return _BadRowError(seq, "changed", f"Row {seq} was changed, or one before it.")


def _unnamed(seq: int) -> _BadRowError:
    return _BadRowError(
        seq, "subjects", f"The list of persons of row {seq} was changed."
    )
