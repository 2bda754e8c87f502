"""Two records of one person become one: the more complete stays, nothing is lost."""

from typing import NamedTuple

from sqlalchemy import Connection, Table, delete, or_, select, union, update

from proximity.authority.api_error import ApiError
from proximity.authority.cases.events import Event, note
from proximity.authority.cases.model import (
    cases,
    edges,
    heard_tags,
    recursive_keys,
    share_tokens,
    shared_keys,
)
from proximity.authority.cases.records import Row, Scope, read_case, write_case
from proximity.authority.cases.rules import Status, completeness, merged_fields

_FINAL = (Status.MERGED.value, Status.WITHDRAWN.value)


class Duplicate(NamedTuple):
    """A record that may be of the same person.

    Attributes
    ----------
    ref : str
    because : str
        "person": the same sealed record; "keys": the same device shared for both.
    completeness : int
        Percent.
    """

    ref: str
    because: str
    completeness: int


def duplicates_of(connection: Connection, scope: Scope, ref: str) -> list[Duplicate]:
    """Return records that may be of the same person as a case, the fullest first.

    Raises
    ------
    ApiError
        404 as `read_case`.
    """
    case = read_case(connection, scope, ref)
    own_keys = select(shared_keys.c.key).where(shared_keys.c.ref == ref)
    same_keys = select(shared_keys.c.ref).where(shared_keys.c.key.in_(own_keys))
    # Who has no record is the same as nobody.
    own = case["person"] or 0
    same_person = select(cases.c.ref).where(cases.c.person == own)
    few = cases.c.ref.in_(union(same_keys, same_person))
    found_rows = connection.execute(
        select(cases).where(few, cases.c.ref != ref, cases.c.status.not_in(_FINAL))
    ).mappings()
    rows = [row for row in found_rows if scope.allows(row["unit"])]
    found = [
        Duplicate(
            row["ref"],
            "person" if case["person"] and row["person"] == case["person"] else "keys",
            completeness(dict(row)),
        )
        for row in rows
    ]
    return sorted(found, key=lambda each: (-each.completeness, each.ref))


def merge_cases(
    connection: Connection, scope: Scope, ref: str, other: str, *, now_s: int
) -> str:
    """Join two records; return the reference of the one that stays.

    The more complete one stays, of two alike the older. It gets what it lacked, the
    edges and what was shared; the other says where it went.

    Raises
    ------
    ApiError
        404 as `read_case`; 409 if they are one record, or one of them is gone already.
    """
    if ref == other:
        raise ApiError(409, "same_record", "a record is not merged with itself")
    both = [read_case(connection, scope, each) for each in (ref, other)]
    if not all(scope.may_change(case["classification"], case["unit"]) for case in both):
        raise ApiError(403, "not_allowed", "cases are not among your rights")
    if any(case["status"] in _FINAL for case in both):
        raise ApiError(409, "invalid_state", "one of them was merged or withdrawn")
    kept, gone = sorted(
        both, key=lambda c: (-completeness(c), c["created_s"], c["ref"])
    )
    write_case(connection, kept, merged_fields(kept, gone), now_s=now_s)
    ended: Row = {"status": Status.MERGED.value, "merged_into": kept["ref"]}
    ended |= {"ended_s": now_s, "due_day": None}
    write_case(connection, gone, ended, now_s=now_s)
    _move_edges(connection, gone["ref"], kept["ref"])
    _move_shared(connection, gone["ref"], kept["ref"])
    for case, partner in ((kept, gone), (gone, kept)):
        event = Event("merged", scope.actor, now_s, {"with": partner["ref"]})
        note(connection, case["ref"], event)
    return str(kept["ref"])


def _move_edges(connection: Connection, gone: str, kept: str) -> None:
    rows = [
        dict(row)
        for row in connection.execute(
            select(edges).where(
                or_(edges.c.source.in_((gone, kept)), edges.c.target.in_((gone, kept)))
            )
        ).mappings()
    ]
    best: dict[tuple[str, str, str], Row] = {}
    for row in rows:
        ends = [kept if row[end] == gone else row[end] for end in ("source", "target")]
        if ends[0] == ends[1]:
            continue
        name = (ends[0], ends[1], row["origin"])
        known = best.get(name)
        if known is None or _weight(row) > _weight(known):
            best[name] = row | {"source": ends[0], "target": ends[1]}
    connection.execute(
        delete(edges).where(
            or_(edges.c.source.in_((gone, kept)), edges.c.target.in_((gone, kept)))
        )
    )
    if best:
        connection.execute(edges.insert(), list(best.values()))


def _weight(row: Row) -> tuple[bool, int, float]:
    return row["withdrawn_s"] is None, row["level"], row["value"]


def _move_shared(connection: Connection, gone: str, kept: str) -> None:
    """Hand over what was shared, unless the kept one has shared itself."""
    own = connection.execute(
        select(shared_keys.c.key).where(shared_keys.c.ref == kept).limit(1)
    ).first()
    tables: tuple[Table, ...] = (recursive_keys,)
    if own is None:
        # Tags go with the salt of their token.
        tables = (recursive_keys, shared_keys, heard_tags, share_tokens)
    for table in tables:
        connection.execute(update(table).where(table.c.ref == gone).values(ref=kept))
    # What others were asked about it, and what it claimed of others, goes along.
    for column in (share_tokens.c.source, heard_tags.c.claimed_by):
        moved = update(column.table).where(column == gone).values({column.name: kept})
        connection.execute(moved)
