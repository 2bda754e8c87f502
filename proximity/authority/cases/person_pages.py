"""Who the person of a case is, and the receipt by which they see it themselves."""

from typing import Any, NamedTuple

from proximity.authority.accounts.model import Area, Unit
from proximity.authority.accounts.organisations import unit_of_row
from proximity.authority.accounts.rules import writes
from proximity.authority.api_error import ApiError
from proximity.authority.audit.model import Reason
from proximity.authority.cases.model import cases
from proximity.authority.cases.reach import (
    PERSONAL,
    reader_of,
    scope_of,
    shown_status,
    unit_of_case,
)
from proximity.authority.cases.records import read_case
from proximity.authority.console.registry import PREFIX, Kind, Page
from proximity.authority.console.site import refusal_text
from proximity.authority.console.view import Html, View
from proximity.authority.console.visit import Visit
from proximity.authority.database import reading
from proximity.authority.people.citizen import issue_receipt
from proximity.authority.people.model import PersonField
from proximity.authority.people.reading import read_people
from proximity.authority.people.records import person_row

_GIVES = writes(Area.PERSONAL)
_SHOWN = (PersonField.NAME, PersonField.PHONE, PersonField.ADDRESS)


def pages() -> list[Page]:
    """Return the pages of the person of a case."""
    address, receipt = "/cases/{case}/person", "/cases/{case}/receipt"
    return [
        Page("case-person", address, _person, PERSONAL, unit_of=unit_of_case),
        Page("case-receipt", receipt, _receipt, _GIVES, Kind.ACT, unit_of_case),
    ]


def _person(visit: Visit) -> View:
    """Show who it is; the audit has the line before anything is read."""
    case = _of_case(visit)
    values: dict[PersonField, str] = {}
    if case.person is not None:
        reader = reader_of(visit, Reason.CASE_WORK, case.ref)
        views = read_people(visit.authority, reader, [case.person], _SHOWN)
        values = dict(views[0].values) if views else {}
    return _view(visit, case, values=values)


def _receipt(visit: Visit) -> View:
    """Give the person what opens their record, with a code that goes to them alone."""
    case = _of_case(visit)
    authority = visit.authority
    reader = reader_of(visit, Reason.CASE_WORK, case.ref)
    try:
        if case.person is None:
            raise ApiError(409, "no_person", "nobody is recorded")
        with authority.engine.begin() as connection:
            visit.note(connection, "cases.receipt", subject=case.ref)
            person_row(authority, connection, reader, case.person)
            receipt = issue_receipt(authority, connection, case.person)
    except ApiError as error:
        text = refusal_text(visit, error.code)
        return _view(visit, case, error=text, status=shown_status(error))
    return _view(visit, case, receipt=receipt)


class _Case(NamedTuple):
    ref: str
    person: int | None
    unit: Unit | None


def _of_case(visit: Visit) -> _Case:
    ref, scope = visit.parameters["case"], scope_of(visit)
    with reading(visit.authority.engine) as connection:
        person = read_case(connection, scope, ref)["person"]
        return _Case(
            ref, person, unit_of_row(connection, cases.c.unit, cases.c.ref == ref)
        )


def _view(visit: Visit, case: _Case, *, status: int = 200, **shown: Any) -> Html:
    context: dict[str, Any] = {
        "page_name": "case-person",
        "ref": case.ref,
        "values": {},
        "error": "",
        "receipt": "",
        "gives": visit.may(_GIVES, case.unit),
        "own_page": f"{visit.origin}{PREFIX}/my-record",
    }
    return Html("cases/person.html", context | shown, status)
