"""Walks the whole audit and names the first line that is not as it was written."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, CursorResult, Select, select
from sqlalchemy.exc import SQLAlchemyError

from proximity.authority.assembly import Authority
from proximity.authority.audit.chain import ROOT, Line, line_hash, unpack_subjects
from proximity.authority.audit.heads import Head, heads_before, newest_head
from proximity.authority.audit.model import Action, audit, audit_subjects
from proximity.authority.audit.trail import (
    audit_key,
    masters_in_use,
    masters_of_prune,
)
from proximity.authority.database import reading, unusable
from proximity.authority.people.key_store import Tail
from proximity.authority.publish.published_store import PublishedStore
from proximity.authority.publish.signing_keys import published_keys
from proximity.errors import FormatError, TrustError
from proximity.units import day_of, iso_day

_ROWS = 5_000
_BEHIND_ALL = 2**63
# So long may no head have been published.
_LOOK_BACK_DAYS = 366
# A row that says it is of the stone age is looked up in bounded time.
_MAX_DAYS = 10 * 366
_LINES = select(*(audit.c[name] for name in Line._fields), audit.c.hash).order_by(
    audit.c.seq
)
_SUBJECTS = select(audit_subjects.c.seq, audit_subjects.c.person).order_by(
    audit_subjects.c.seq, audit_subjects.c.person
)


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
    """Where the walk is.

    `kept` are hashes that lie outside the database, `published` the digests of heads
    by their day.
    """

    last: Tail
    master: int = 1
    kept: dict[int, bytes] = field(default_factory=dict)
    published: dict[str, str] = field(default_factory=dict)
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
    walk = _Walk(after)
    heads: list[Head] = []
    bad: BadRow | None = None
    try:
        with reading(authority.engine) as connection:
            heads = _heads(authority, store, connection)
            walk.published = {iso_day(each.day): each.digest.hex() for each in heads}
            tails = [head.tail for head in heads] + ([kept] if kept else [])
            walk.kept = {tail.seq: tail.hash for tail in tails}
            _walk_rows(authority, connection, walk)
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
    today = day_of(authority.now_s)
    try:
        newest = newest_head(
            store,
            published_keys(authority.directory),
            first=first_day(connection, today),
            last=today,
        )
        return [newest, *heads_before(store, newest)] if newest else []
    except (FormatError, TrustError) as error:
        raise _BadRowError(
            0, "head", f"A published head is not good: {error}"
        ) from error


def first_day(connection: Connection, today: int) -> int:
    """Return the day from which on heads may have been published.

    The rows are not believed alone: who writes all of them anew could begin today, and
    no head of before would be looked for.
    """
    first_s = connection.execute(
        select(audit.c.at_s).order_by(audit.c.seq).limit(1)
    ).scalar()
    first = today if first_s is None else day_of(first_s)
    return max(min(first, today - _LOOK_BACK_DAYS), today - _MAX_DAYS)


def _walk_rows(authority: Authority, connection: Connection, walk: _Walk) -> None:
    # A whole walk has no lower bound: rows are put in front of the first as well.
    after = None if walk.last == START else walk.last.seq
    if after is None:
        _begin(connection, walk)
    else:
        walk.master = masters_in_use(connection, until=after).newest
    # Whatever ends the walk: a cursor of the server that stays open is told of.
    with (
        _streamed(connection, _LINES, after) as rows,
        _streamed(connection, _SUBJECTS, after) as persons,
    ):
        subjects = _Subjects(persons)
        for row in rows:
            _walk_row(authority, walk, row, subjects)
        subjects.of(_BEHIND_ALL)


def _begin(connection: Connection, walk: _Walk) -> None:
    """Begin behind the head to which the audit was pruned, if it was.

    A row of the chain has to say so, which the walk comes by.
    """
    c = audit.c
    row = connection.execute(
        select(c.reference, c.fields)
        .where(c.action == Action.PRUNE)
        .order_by(c.seq.desc())
        .limit(1)
    ).first()
    if row is None or not row.reference.isdecimal():
        return
    seq = int(row.reference)
    if seq in walk.kept:
        walk.last = Tail(seq, walk.kept[seq])
        walk.master = masters_of_prune(row.fields).newest


def _streamed(
    connection: Connection, statement: Select[Any], after: int | None
) -> CursorResult[Any]:
    """Return rows from the database block by block."""
    if after is not None:
        statement = statement.where(statement.selected_columns.seq > after)
    return connection.execution_options(yield_per=_ROWS).execute(statement)


class _Subjects:
    """Persons by row, in the order of rows."""

    def __init__(self, rows: CursorResult[Any]) -> None:
        self._rows = iter(rows)
        self._next = next(self._rows, None)

    def of(self, seq: int) -> list[int]:
        """Return the persons of a row; those of rows before it are of none."""
        named = []
        while self._next is not None and self._next.seq <= seq:
            if self._next.seq < seq:
                raise _unnamed(self._next.seq)
            named.append(self._next.person)
            self._next = next(self._rows, None)
        return named


def _walk_row(authority: Authority, walk: _Walk, row: Any, subjects: _Subjects) -> None:
    line, stored = _line(row), bytes(row.hash)
    _check_number(walk, line)
    if line_hash(_key_of(authority, walk, line), walk.last.hash, line) != stored:
        raise _changed(line.seq)
    _check_kept(walk, line, stored)
    if subjects.of(line.seq) != unpack_subjects(line.subjects):
        raise _unnamed(line.seq)
    walk.last = Tail(line.seq, stored)
    walk.rows += 1


def _key_of(authority: Authority, walk: _Walk, line: Line) -> bytes:
    """Return the key of a row; a rotation is the first row of the next one."""
    if line.action == Action.ROTATE:
        walk.master += 1
        if line.reference != str(walk.master):
            raise _changed(line.seq)
        if not authority.vault.has_master(walk.master):
            raise _BadRowError(
                line.seq,
                "changed",
                f"Row {line.seq} begins with a master key that is not there.",
            )
    return audit_key(authority, walk.master)


def _check_kept(walk: _Walk, line: Line, stored: bytes) -> None:
    """Compare a row with what lies outside the database: end, heads, their digests."""
    if walk.kept.get(line.seq, stored) != stored:
        raise _BadRowError(
            line.seq,
            "head",
            f"Row {line.seq} is not the one whose hash was kept elsewhere.",
        )
    if line.action == Action.HEAD and (
        walk.published.get(line.reference) != line.fields
    ):
        raise _BadRowError(
            line.seq,
            "head",
            f"The head of {line.reference}, which row {line.seq} names, is not "
            "published as it was.",
        )


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
    if line.seq < expected:
        raise _changed(line.seq)
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
