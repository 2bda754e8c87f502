"""The page of one case: facts, contact graph, timeline, and what can be done."""

from collections.abc import Mapping, Sequence
from typing import Any

from proximity.authority.accounts.model import Unit
from proximity.authority.accounts.officers import officer_names
from proximity.authority.accounts.organisations import find_organisation, unit_names
from proximity.authority.cases.chains import chain_of
from proximity.authority.cases.events import Event, timeline
from proximity.authority.cases.graph import graph_of
from proximity.authority.cases.intake import PERSON
from proximity.authority.cases.judge import load_texts
from proximity.authority.cases.merging import duplicates_of
from proximity.authority.cases.policy import load_policy
from proximity.authority.cases.reach import (
    PERSONAL,
    WRITE,
    WRITE_CASES,
    case_view,
    officers_for,
    scope_of,
)
from proximity.authority.cases.rules import (
    CallResult,
    Classification,
    Origin,
    Status,
    TestResult,
    may_move,
)
from proximity.authority.cases.tokens import IssuedToken
from proximity.authority.cases.undo import open_offer, undoable
from proximity.authority.console.registry import PREFIX
from proximity.authority.console.view import Html
from proximity.authority.console.visit import Visit
from proximity.authority.database import reading
from proximity.authority.local_form import local_day
from proximity.units import iso_day

DAYS = (
    "onset",
    "test",
    "isolated",
    "quarantine_from",
    "quarantine_to",
    "due",
)
CHOICES = {"status": Status, "call_result": CallResult, "test_result": TestResult}


def case_sheet(
    visit: Visit, error: str = "", status: int = 200, issued: IssuedToken | None = None
) -> Html:
    """Return the page of the case of the address.

    Parameters
    ----------
    visit : Visit
    error : str
        Why something was refused.
    status : int
        Of HTTP.
    issued : IssuedToken | None
        A token to show, once.
    """
    authority, ref = visit.authority, visit.parameters["case"]
    policy, scope = load_policy(authority.directory), scope_of(visit)
    with reading(authority.engine) as connection:
        chain = chain_of(connection, scope, ref, policy)
        events = timeline(connection, ref)
        duplicates = duplicates_of(connection, scope, ref)
        case, offer = chain.case, open_offer(events)
        place = find_organisation(connection, case["unit"])
        unit = place.unit if place else None
        workers = officers_for(connection, unit) if unit else {}
        units = {place.id: place.name} if place else {}
        people = {event.actor for event in events} | {case["assigned"] or PERSON}
        others = people - {PERSON} - set(workers)
        officers = workers | (officer_names(connection, others) if others else {})
        if elsewhere := _units(events) - set(units):
            units |= unit_names(connection, elsewhere)
    texts = load_texts(visit.language)
    before = Status(case["status"])
    context = {
        "page_name": "case",
        "error": error,
        "case": case_view(case),
        "units": units,
        "officers": officers,
        "workers": workers,
        "chain": chain,
        "graph": graph_of(
            chain,
            texts["page"]["graph"],
            note=lambda met: met.brief(visit.language),
            address=lambda each: f"{PREFIX}/cases/{each}",
        ),
        "events": [told(visit, each, units) for each in reversed(events)],
        "undoable": undoable(case, events, visit.officer.id) is not None,
        "offer": offer.detail["to"] if offer else None,
        "duplicates": duplicates,
        "texts": texts,
        "issued": issued,
        "days": DAYS,
        "choices": {name: list(kind) for name, kind in CHOICES.items()}
        | {"status": [each for each in Status if may_move(before, each)]},
        "may_write": may_write(visit, case, unit),
        "classes": list(Classification) if visit.may(WRITE_CASES, unit) else [],
        "is_case": case["classification"] == Classification.F0,
        "person_allowed": visit.may(PERSONAL),
    }
    return Html("cases/case.html", context, status)


def may_write(visit: Visit, case: Mapping[str, Any], unit: Unit | None) -> bool:
    """Tell whether the visitor may work on a case: contacts need less than cases."""
    needed = WRITE_CASES if case["classification"] == Classification.F0 else WRITE
    return unit is not None and visit.may(needed, unit)


def told(visit: Visit, event: Event, units: Mapping[str, str]) -> dict[str, Any]:
    """Put an event of a timeline into words.

    Parameters
    ----------
    visit : Visit
    event : Event
    units : mapping of str to str
        Names of units by ID.

    Returns
    -------
    dict
        `title`, `actor`, `at_s`, and `lines` with what changed.
    """
    detail = event.detail
    lines: list[str] = []
    if event.kind in ("changed", "undone"):
        lines = [
            _change(visit, name, *ends)
            for name, ends in detail.items()
            if ends[0] != ends[1]
        ]
    elif event.kind in ("offered", "transferred", "declined", "taken-back"):
        lines = [units.get(detail["to"], detail["to"])]
    elif event.kind == "created":
        lines = [visit.t(f"case.origin.{detail['origin']}")]
    elif event.kind == "edge":
        # Those of a telephone did not say so at first.
        origin = detail.get("origin", Origin.BLUETOOTH.value)
        lines = [f"{detail['target']} · {visit.t('case.origin.' + origin)}"]
    elif event.kind == "shared":
        lines = [visit.t("case.shared", keys=detail["keys"], heard=detail["heard"])]
    elif event.kind == "merged":
        lines = [detail["with"]]
    title = load_texts(visit.language)["event"][event.kind]
    return {
        "title": title,
        "actor": event.actor,
        "at_s": event.at_s,
        "lines": lines,
    }


def _change(visit: Visit, name: str, before: object, after: object) -> str:
    if name in CHOICES:
        label = visit.t(f"case.choice.{name}")
    elif name.endswith("_day"):
        label = visit.t(f"case.day.{name.removesuffix('_day')}")
    else:
        label = visit.t(f"case.field.{name}")
    # Who it is, and who works on it, is said elsewhere.
    if name in ("person", "assigned"):
        return label
    ends = [_value(visit, name, each) for each in (before, after)]
    return f"{label}: {ends[0]} → {ends[1]}"


def _value(visit: Visit, name: str, value: object) -> str:
    if value is None:
        return visit.t("case.empty")
    if name.endswith("_day") and isinstance(value, int):
        return local_day(iso_day(value), visit.language)
    if name in CHOICES:
        kind = "status" if name == "status" else name
        return visit.t(f"case.{kind}.{value}")
    return str(value)


def _units(events: Sequence[Event]) -> set[str]:
    return {
        event.detail[end]
        for event in events
        for end in ("from", "to")
        if end in event.detail
    }
