"""From F0 to F1 to F2: who was met while infectious, ranked and explained."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, insert, or_, select

from proximity.authority.api_error import ApiError
from proximity.authority.assembly import Authority
from proximity.authority.cases.events import Event, note
from proximity.authority.cases.judge import LANGUAGES, explain_edge, load_texts
from proximity.authority.cases.model import cases, edges
from proximity.authority.cases.policy import TracingPolicy, load_policy
from proximity.authority.cases.records import Row, Scope, create_case, read_case
from proximity.authority.cases.rules import (
    Classification,
    InfectiousWindow,
    Origin,
    contact_window,
    within,
)
from proximity.authority.local_form import day_of_year, days, decimal, local_day
from proximity.scoring.rule import Level
from proximity.units import iso_day

# A page shows no more of either generation: those that rank first.
MAX_EDGES = 100
_NEXT = {Classification.F0: Classification.F1, Classification.F1: Classification.F2}


@dataclass(frozen=True, slots=True)
class Met:
    """A contact as one edge shows it.

    Attributes
    ----------
    case : dict
        Row of the contact.
    edge : dict
        Row of the edge; `reasons` is parsed.
    counted : bool
        Within the infectious window of the one it was met by, and not refuted.
    contacts : tuple of Met
        Whom it met in turn.
    """

    case: Row = field(repr=False)
    edge: Row = field(repr=False)
    counted: bool
    contacts: tuple["Met", ...] = ()

    def why(self, language: str) -> list[str]:
        """Return the sentences that explain the edge."""
        reasons = self.edge["reasons"]
        if reasons and "verdict" in reasons:
            sentences = explain_edge(reasons, language)
        else:
            ends = {
                name: _told(self.edge[name], language)
                for name in ("first_day", "last_day")
            }
            sentences = [load_texts(language)["named"].format(**ends)]
        if not self.counted:
            sentences.append(load_texts(language)["not_counted"])
        return sentences

    def brief(self, language: str) -> str:
        """Return in a few words how they met, for where there is little room."""
        edge, texts = self.edge, load_texts(language)["brief"]
        first, last = (
            "" if edge[name] is None else iso_day(edge[name])
            for name in ("first_day", "last_day")
        )
        how = "named" if edge["origin"] == Origin.INTERVIEW else "minutes"
        met = texts[how].format(minutes=decimal(edge["minutes"], language))
        when = days(first, last, language, write=day_of_year)
        return f"{met} · {when}" if when else met

    def as_json(self) -> dict[str, Any]:
        """Return JSON values, the sentences in every language."""
        edge, case = self.edge, self.case
        return {
            "ref": case["ref"],
            "classification": case["classification"],
            "status": case["status"],
            "origin": edge["origin"],
            "verdict": edge["verdict"],
            "level": Level(edge["level"]).name.lower(),
            "value": round(edge["value"], 1),
            "minutes": round(edge["minutes"], 1),
            "counted": self.counted,
            "why": {language: self.why(language) for language in LANGUAGES},
            "contacts": [each.as_json() for each in self.contacts],
        }


@dataclass(frozen=True, slots=True)
class Chain:
    """A case with two generations of contacts, and those it may come from.

    Attributes
    ----------
    case : dict
    sources : tuple of dict
        Rows of the cases by which it was met.
    contacts : tuple of Met
        The likeliest first.
    elsewhere : int
        Contacts of other units, of which nothing else is told.
    """

    case: Row = field(repr=False)
    sources: tuple[Row, ...]
    contacts: tuple[Met, ...]
    elsewhere: int

    def as_json(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "ref": self.case["ref"],
            "sources": [row["ref"] for row in self.sources],
            "contacts": [each.as_json() for each in self.contacts],
            "elsewhere": self.elsewhere,
        }


def chain_of(
    connection: Connection, scope: Scope, ref: str, policy: TracingPolicy
) -> Chain:
    """Return the contacts of a case and theirs; six statements, whatever there is.

    Raises
    ------
    ApiError
        404 as `read_case`.
    """
    case = read_case(connection, scope, ref)
    first = _edges_from(connection, [ref])
    second = _edges_from(connection, [edge["target"] for edge in first])
    above = [
        edge["source"]
        for edge in connection.execute(
            select(edges)
            .where(edges.c.target == ref, edges.c.withdrawn_s.is_(None))
            .order_by(edges.c.source)
            .limit(MAX_EDGES)
        ).mappings()
    ]
    wanted = {edge["target"] for edge in (*first, *second)} | set(above)
    rows = _cases(connection, scope, wanted)
    of_contact: dict[str, list[Row]] = {}
    for edge in second:
        of_contact.setdefault(edge["source"], []).append(edge)

    def below(row: Row, edge: Row) -> tuple[Met, ...]:
        window = _window_of(row, edge, policy)
        return _ranked(of_contact.get(row["ref"], []), rows, window, lambda *_: ())

    contacts = _ranked(first, rows, _own_window(connection, case, policy), below)
    known = {edge["target"] for edge in (*first, *second)}
    return Chain(
        case,
        tuple(rows[source] for source in above if source in rows),
        contacts,
        len(known - set(rows)),
    )


def add_contact(
    connection: Connection,
    scope: Scope,
    ref: str,
    fields: Mapping[str, Any],
    *,
    days: range,
    authority: Authority,
) -> str:
    """Record somebody whom a case or contact named; return the new reference.

    Parameters
    ----------
    connection : Connection
    scope : Scope
    ref : str
        Who named them.
    fields : mapping
        As `create_case`; the classification follows from the one who named them.
    days : range
        UTC day numbers on which they met.
    authority : Authority

    Raises
    ------
    ApiError
        404 as `read_case`; 409 if no day lies in the infectious window, or it is the
        contact of an F2, whom nobody traces.
    """
    policy, now_s = load_policy(authority.directory), authority.now_s
    source = read_case(connection, scope, ref)
    classification = _NEXT.get(source["classification"])
    window = _own_window(connection, source, policy)
    if classification is None or window is None:
        raise ApiError(409, "nothing_to_trace", "nobody is traced from this record")
    if not days or not within(window, days[0], days[-1]):
        raise ApiError(409, "outside_window", "no day is in the infectious window")
    given = {"origin": Origin.INTERVIEW.value, **fields}
    given["classification"] = classification.value
    target = create_case(
        connection,
        scope,
        given,
        policy=policy,
        now_s=now_s,
        entropy=authority.entropy,
    )
    connection.execute(
        insert(edges).values(
            source=ref,
            target=target,
            origin=Origin.INTERVIEW.value,
            level=int(Level.HIGH),
            value=0.0,
            minutes=0.0,
            first_day=days[0],
            last_day=days[-1],
            found_s=now_s,
        )
    )
    told = {"target": target, "origin": Origin.INTERVIEW.value}
    note(connection, ref, Event("edge", scope.actor, now_s, told))
    return target


def _told(day: int | None, language: str) -> str:
    return "?" if day is None else local_day(iso_day(day), language)


def _edges_from(connection: Connection, refs: Sequence[str]) -> list[Row]:
    rows = connection.execute(
        select(edges)
        .where(edges.c.source.in_(refs), edges.c.withdrawn_s.is_(None))
        .order_by(edges.c.level.desc(), edges.c.value.desc(), edges.c.target)
        .limit(MAX_EDGES)
    ).mappings()
    return [
        dict(row) | {"reasons": json.loads(row["reasons"]) if row["reasons"] else None}
        for row in rows
    ]


def _cases(connection: Connection, scope: Scope, refs: set[str]) -> dict[str, Row]:
    rows = connection.execute(
        select(cases).where(cases.c.ref.in_(sorted(refs)), scope.condition())
    ).mappings()
    return {row["ref"]: dict(row) for row in rows}


def _own_window(
    connection: Connection, case: Row, policy: TracingPolicy
) -> InfectiousWindow | None:
    """Return when the case itself may have passed it on."""
    if case["from_day"] is not None and case["to_day"] is not None:
        return InfectiousWindow(case["from_day"], case["to_day"])
    exposed = connection.execute(
        select(edges.c.first_day)
        .where(
            edges.c.target == case["ref"],
            edges.c.withdrawn_s.is_(None),
            or_(edges.c.level > 0, edges.c.origin == Origin.INTERVIEW.value),
        )
        .order_by(edges.c.first_day)
    ).scalars()
    first = next((day for day in exposed if day is not None), None)
    if first is None:
        return None
    return contact_window(
        policy, first_exposed_day=first, isolated_day=case["isolated_day"]
    )


def _window_of(row: Row, edge: Row, policy: TracingPolicy) -> InfectiousWindow | None:
    if row["from_day"] is not None and row["to_day"] is not None:
        return InfectiousWindow(row["from_day"], row["to_day"])
    if edge["first_day"] is None:
        return None
    return contact_window(
        policy,
        first_exposed_day=edge["first_day"],
        isolated_day=row["isolated_day"],
    )


def _ranked(
    found: Sequence[Row],
    rows: Mapping[str, Row],
    window: InfectiousWindow | None,
    below: Callable[[Row, Row], tuple[Met, ...]],
) -> tuple[Met, ...]:
    """Return contacts, those that count first, then by level and value of the rule."""
    met = [
        Met(
            case=rows[edge["target"]],
            edge=edge,
            counted=_counts(edge, window),
            contacts=below(rows[edge["target"]], edge),
        )
        for edge in found
        if edge["target"] in rows
    ]
    met.sort(
        key=lambda m: (
            not m.counted,
            -m.edge["level"],
            -m.edge["value"],
            m.case["ref"],
        )
    )
    return tuple(met)


def _counts(edge: Row, window: InfectiousWindow | None) -> bool:
    if window is None or edge["level"] == Level.NONE or edge["first_day"] is None:
        return False
    return within(window, edge["first_day"], edge["last_day"])
