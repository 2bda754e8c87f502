"""Lists of cases: a page at a time, in bounded time among millions."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, false, select, true, tuple_

from proximity.authority.cases.model import cases
from proximity.authority.cases.records import REF_CHARACTERS, Row, Scope
from proximity.authority.unit_lists import UnitList, count_up_to, first_keys

MAX_PAGE = 200
MAX_DUE = 100
_COUNTED = 1_000
_BLOCK = 1_000
_LATEST = UnitList(
    cases,
    cases.c.unit,
    cases.c.ref,
    (cases.c.updated_s, cases.c.ref),
    # The index of states has the classification, that of classifications no state.
    beside=frozenset({cases.c.classification}),
)
_LONGEST_DUE = UnitList(
    cases,
    cases.c.unit,
    cases.c.ref,
    (cases.c.due_day, cases.c.unit, cases.c.ref),
    descending=False,
)


class CaseQuery(NamedTuple):
    """Which cases to list; what is None does not narrow.

    Attributes
    ----------
    onset_from, onset_to : int or None
        UTC day numbers of the first and last onset.
    text : str or None
        First characters of a reference.
    persons : tuple of int or None
        Records that a search of names found.
    after : (int, str) or None
        `updated_s` and `ref` of the last one of the page before.
    """

    unit: str | None = None
    classification: str | None = None
    status: str | None = None
    assigned: str | None = None
    onset_from: int | None = None
    onset_to: int | None = None
    text: str | None = None
    persons: tuple[int, ...] | None = None
    after: tuple[int, str] | None = None
    limit: int = 50


class CasePage(NamedTuple):
    """One page of cases, the latest changed first, and whether there are more."""

    rows: list[Row]
    more: bool


def find_cases(connection: Connection, scope: Scope, query: CaseQuery) -> CasePage:
    """Return a page of the cases within a scope; at most three statements."""
    limit = max(1, min(query.limit, MAX_PAGE))
    units = scope.units
    if query.unit is not None:
        units = frozenset({query.unit}) if scope.allows(query.unit) else frozenset()
    if query.persons is not None or query.text or _has_onset(query):
        found = _picked(connection, units, query, limit + 1)
    else:
        keys = first_keys(
            connection,
            _LATEST,
            units,
            any_of=(_equal(query),),
            begin=_begin(query),
            limit=limit + 1,
        )
        found = _rows(connection, keys)
    return CasePage(found[:limit], len(found) > limit)


def every_case(connection: Connection, scope: Scope, query: CaseQuery) -> Iterator[Row]:
    """Yield all cases that a query finds, the latest changed first.

    Long work: one statement, whose rows come as they are read.
    """
    wanted = [_within(scope.units), *_narrowed(query)]
    c = cases.c
    if query.unit is not None:
        wanted.append(c.unit == query.unit)
    rows = connection.execution_options(yield_per=_BLOCK).execute(
        select(cases).where(*wanted).order_by(c.updated_s.desc(), c.ref.desc())
    )
    for row in rows.mappings():
        yield dict(row)


def worklist(
    connection: Connection, scope: Scope, *, assigned: str | None, today: int
) -> list[Row]:
    """Return what is due until today, the longest due first: own work and nobody's.

    Parameters
    ----------
    connection : Connection
    scope : Scope
    assigned : str or None
        Whose work; None: everybody's.
    today : int
        UTC day number.
    """
    c = cases.c
    if assigned is None:
        due = select(cases).where(_within(scope.units), c.due_day <= today)
        ordered = due.order_by(c.due_day, c.unit, c.ref).limit(MAX_DUE)
        return [dict(row) for row in connection.execute(ordered).mappings()]
    keys = first_keys(
        connection,
        _LONGEST_DUE,
        scope.units,
        any_of=({c.assigned: assigned}, {c.assigned: None}),
        begin=("one.due_day <= :today", {"today": today}),
        limit=MAX_DUE,
    )
    return _rows(connection, keys)


def count_due(
    connection: Connection, scope: Scope, *, assigned: str, today: int
) -> int:
    """Return how many `worklist` would have without its bound; at most 1,000."""
    c = cases.c
    return count_up_to(
        connection,
        _LONGEST_DUE,
        scope.units,
        any_of=({c.assigned: assigned}, {c.assigned: None}),
        begin=("one.due_day <= :today", {"today": today}),
        most=_COUNTED,
    )


def _equal(query: CaseQuery) -> Mapping[Any, object]:
    c = cases.c
    given = {
        c.classification: query.classification,
        c.status: query.status,
        c.assigned: query.assigned,
    }
    return {column: value for column, value in given.items() if value is not None}


def _begin(query: CaseQuery) -> tuple[str, Mapping[str, object]]:
    if query.after is None:
        return "", {}
    values = {"after_s": query.after[0], "after_ref": query.after[1]}
    return "(one.updated_s, one.ref) < (:after_s, :after_ref)", values


def _narrowed(query: CaseQuery) -> list[ColumnElement[bool]]:
    c = cases.c
    wanted = [column == value for column, value in _equal(query).items()]
    if query.onset_from is not None:
        wanted.append(c.onset_day >= query.onset_from)
    if query.onset_to is not None:
        wanted.append(c.onset_day <= query.onset_to)
    if query.persons is not None:
        wanted.append(c.person.in_(query.persons))
    if query.text:
        wanted.append(_begins_with(query.text.upper()))
    if query.after is not None:
        wanted.append(tuple_(c.updated_s, c.ref) < query.after)
    return wanted


def _picked(
    connection: Connection, units: frozenset[str] | None, query: CaseQuery, limit: int
) -> list[Row]:
    """Return the first of the few rows that persons, a reference or onsets name."""
    c = cases.c
    statement = select(cases).where(and_(_within(units), *_narrowed(query)))
    # Sums are in no index: that of persons, references or onsets is to be used.
    ordered = statement.order_by((c.updated_s + 0).desc(), c.ref.desc())
    return [dict(row) for row in connection.execute(ordered.limit(limit)).mappings()]


def _has_onset(query: CaseQuery) -> bool:
    return query.onset_from is not None or query.onset_to is not None


def _within(units: frozenset[str] | None) -> ColumnElement[bool]:
    return true() if units is None else (cases.c.unit + "").in_(sorted(units))


def _begins_with(text: str) -> ColumnElement[bool]:
    if not (text.isascii() and text.isalnum()):
        return false()
    # All have one length, and in every language digits come before capitals.
    first, last = text.ljust(REF_CHARACTERS, "0"), text.ljust(REF_CHARACTERS, "Z")
    return cases.c.ref.between(first, last)


def _rows(connection: Connection, keys: list[str]) -> list[Row]:
    rows = connection.execute(select(cases).where(cases.c.ref.in_(keys))).mappings()
    found = {row["ref"]: dict(row) for row in rows}
    return [found[key] for key in keys]
