"""Pages of cases: the list with search and fast line-listing, and the worklist."""

import re
from collections.abc import Iterator
from typing import Any

from proximity.authority.accounts.organisations import find_organisation, unit_names
from proximity.authority.api_error import ApiError
from proximity.authority.audit.model import Reason
from proximity.authority.cases import (
    case_pages,
    person_pages,
    tracing_pages,
    transfer_pages,
)
from proximity.authority.cases.api import parse_after, parse_day
from proximity.authority.cases.finding import (
    CaseQuery,
    count_due,
    every_case,
    find_cases,
    worklist,
)
from proximity.authority.cases.judge import load_texts
from proximity.authority.cases.line_list import COLUMNS, import_lines, line_cells
from proximity.authority.cases.policy import load_policy
from proximity.authority.cases.reach import (
    PERSONAL,
    READ,
    WRITE,
    WRITE_CASES,
    case_view,
    reader_of,
    scope_of,
    shown_status,
    units_to_choose,
    writing_scope,
)
from proximity.authority.cases.records import (
    Scope,
    create_case,
)
from proximity.authority.cases.rules import Classification, Status
from proximity.authority.cases.transfers import count_offers, list_offers
from proximity.authority.console.registry import Card, Group, Kind, Page
from proximity.authority.console.site import refusal_text
from proximity.authority.console.view import Csv, Html, Redirect, View
from proximity.authority.console.visit import Visit
from proximity.authority.database import reading
from proximity.authority.people.model import NewPerson, PersonField, PersonKind
from proximity.authority.people.records import add_people
from proximity.authority.people.search import Found, Query, find_people
from proximity.errors import FormatError
from proximity.units import day_of, iso_day

_LONGEST_LIST = 60_000
# What a list looks like, on the page that takes one.
_EXAMPLE = (
    ("classification", "unit", "onset", "test", "test_result"),
    ("F0", "02641", "2026-11-27", "2026-11-29", "positive"),
)
# Of a reference, whose first characters are enough; one letter is a word of a name.
_REFERENCE = re.compile(r"[0-9A-Z]{2,10}")
_SHORTEST_TELEPHONE = 8


def pages() -> list[Page]:
    """Return the pages of cases."""
    return [
        Page("cases", "/cases", _list, READ, nav=Group.WORK),
        Page("cases-csv", "/cases.csv", _csv, READ, Kind.CSV),
        Page("case-add", "/cases", _add, WRITE, Kind.ACT),
        Page("case-lines", "/case-lines", _lines, WRITE, nav=Group.WORK),
        Page("case-lines-take", "/case-lines", _take_lines, WRITE, Kind.ACT),
        Page("worklist", "/worklist", _worklist, READ, nav=Group.WORK),
        *tracing_pages.pages(),
        *case_pages.pages(),
        *person_pages.pages(),
        *transfer_pages.pages(),
    ]


def cards() -> list[Card]:
    """Return the figures of what is to do."""
    return [
        Card("cases-due", READ, _due, "/worklist", is_work=True),
        Card("offers", WRITE, _offers, "/worklist", is_work=True),
    ]


def _list(visit: Visit) -> View:
    return _list_view(visit)


def _list_view(visit: Visit, error: str = "", status: int = 200) -> Html:
    query, many = _query(visit)
    scope = scope_of(visit)
    with reading(visit.authority.engine) as connection:
        page = find_cases(connection, scope, query)
        names = unit_names(connection, {row["unit"] for row in page.rows})
    last = page.rows[-1] if page.more else None
    context = {
        "page_name": "cases",
        "error": error,
        "rows": [case_view(row) for row in page.rows],
        "names": names,
        "today": iso_day(day_of(visit.now_s)),
        "units": units_to_choose(visit, READ),
        "texts": load_texts(visit.language),
        "filtered": any(_asked(visit).values()),
        "adding": bool(error) or "add" in visit.query or "done" in visit.query,
        "after": "" if last is None else f"{last['updated_s']}.{last['ref']}",
        "asked": _asked(visit),
        "many": len(query.persons or ()) if many else 0,
        "typed": visit.form,
        "home": visit.officer.unit.id,
        "classifications": list(Classification),
        "statuses": list(Status),
    }
    return Html("cases/list.html", context, status)


def _csv(visit: Visit) -> View:
    scope, (query, _) = scope_of(visit), _query(visit)

    def rows() -> Iterator[list[object]]:
        # Read as they are sent: all of them at once would fill the memory.
        with reading(visit.authority.engine) as connection:
            for cells in map(line_cells, every_case(connection, scope, query)):
                yield [cells[name] for name in COLUMNS]

    return Csv("line-list", COLUMNS, rows())


def _add(visit: Visit) -> View:
    authority, form = visit.authority, visit.form
    try:
        fields: dict[str, Any] = {
            "classification": form.text("classification", 2),
            "unit": form.text("unit", 32),
        }
        for name in ("onset", "test"):
            if text := form.text(name, 10):
                fields[f"{name}_day"] = parse_day(text)
        with authority.engine.begin() as connection:
            unit = find_organisation(connection, fields["unit"])
            if unit is None or not visit.may(WRITE, unit.unit):
                raise ApiError(400, "not_your_unit", "the unit is not yours")
            confirmed = fields["classification"] == Classification.F0
            if confirmed and not visit.may(WRITE_CASES, unit.unit):
                raise ApiError(400, "not_your_unit", "cases of it are not yours")
            values = _personal(visit)
            if values:
                kind = PersonKind.CASE if confirmed else PersonKind.CONTACT
                person = NewPerson(unit.id, kind, values)
                (fields["person"],) = add_people(authority, connection, [person])
            visit.note(connection, "cases.add", subject=unit.id)
            create_case(
                connection,
                Scope(visit.officer.id),
                fields,
                policy=load_policy(authority.directory),
                now_s=visit.now_s,
                entropy=authority.entropy,
            )
    except ApiError as error:
        return _list_view(visit, refusal_text(visit, error.code), shown_status(error))
    return Redirect("/cases", "cases.added")


def _personal(visit: Visit) -> dict[PersonField, str]:
    given = {
        PersonField.NAME: visit.form.text("name", 200),
        PersonField.PHONE: visit.form.text("phone", 32),
    }
    return {field: text for field, text in given.items() if text}


def _lines(visit: Visit) -> View:
    return Html("cases/lines.html", _lines_context(visit))


def _lines_context(visit: Visit) -> dict[str, Any]:
    return {
        "page_name": "case-lines",
        "columns": COLUMNS,
        "example": "\n".join(map(",".join, _EXAMPLE)),
        "typed": visit.form,
        "report": None,
        "written": False,
        "error": "",
    }


def _take_lines(visit: Visit) -> View:
    authority, form = visit.authority, visit.form
    context = _lines_context(visit)
    status, scope = 200, writing_scope(visit)
    dry = form.text("dry", 3) != "no"
    try:
        text = form.text("lines", _LONGEST_LIST, lines=True)
        with authority.engine.connect() as connection, connection.begin() as whole:
            report = import_lines(
                connection,
                scope,
                text.encode(),
                policy=load_policy(authority.directory),
                authority=authority,
            )
            context["report"] = report
            context["written"] = not dry and not report.refused
            if not context["written"]:
                whole.rollback()
    except ApiError as error:
        context["error"], status = refusal_text(visit, error.code), shown_status(error)
    except FormatError:
        context["error"], status = refusal_text(visit, "bad_csv"), 400
    return Html("cases/lines.html", context, status)


def _worklist(visit: Visit) -> View:
    scope = scope_of(visit)
    today = day_of(visit.now_s)
    with reading(visit.authority.engine) as connection:
        rows = worklist(connection, scope, assigned=visit.officer.id, today=today)
        offers = list_offers(connection, scope)
        names = unit_names(
            connection,
            {row["unit"] for row in rows} | {each["from_unit"] for each in offers},
        )
    context = {
        "page_name": "worklist",
        "rows": [case_view(row) for row in rows],
        "offers": offers,
        "names": names,
        "today": iso_day(today),
    }
    return Html("cases/worklist.html", context)


def _due(visit: Visit) -> int:
    scope, today = scope_of(visit), day_of(visit.now_s)
    with reading(visit.authority.engine) as connection:
        return count_due(connection, scope, assigned=visit.officer.id, today=today)


def _offers(visit: Visit) -> int:
    scope = writing_scope(visit)
    with reading(visit.authority.engine) as connection:
        return count_offers(connection, scope)


def _asked(visit: Visit) -> dict[str, str]:
    lengths = {"q": 200, "classification": 2, "status": 10, "unit": 32}
    lengths |= {"mine": 3, "from": 10, "to": 10}
    return {name: visit.query.text(name, longest) for name, longest in lengths.items()}


def _query(visit: Visit) -> tuple[CaseQuery, bool]:
    """Return what is asked for, and whether more persons fit than are looked up."""
    asked = _asked(visit)
    text = asked["q"]
    persons, many = None, False
    is_ref = _REFERENCE.fullmatch(text) and not _is_telephone(text)
    if text and not is_ref and visit.may(PERSONAL):
        found = _found(visit, text)
        persons, many, text = found.persons, found.more, ""
    query = CaseQuery(
        unit=asked["unit"] or None,
        classification=asked["classification"] or None,
        status=asked["status"] or None,
        assigned=visit.officer.id if asked["mine"] == "yes" else None,
        onset_from=parse_day(asked["from"]) if asked["from"] else None,
        onset_to=parse_day(asked["to"]) if asked["to"] else None,
        text=text or None,
        persons=persons,
        after=parse_after(visit.query.text("after", 64)),
    )
    return query, many


def _found(visit: Visit, text: str) -> Found:
    field = PersonField.PHONE if _is_telephone(text) else PersonField.NAME
    reader = reader_of(visit, Reason.CASE_WORK)
    return find_people(visit.authority, reader, Query(field, text))


def _is_telephone(text: str) -> bool:
    # Of a million references ten have digits alone: the list of all has them too.
    digits = re.sub(r"[\s().\-/+]", "", text)
    return digits.isdecimal() and len(digits) >= _SHORTEST_TELEPHONE
