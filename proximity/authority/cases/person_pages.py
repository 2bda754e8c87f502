"""Who the person of a case is, and the receipt by which they see it themselves."""

from typing import Any

from proximity.authority.accounts.model import Area
from proximity.authority.accounts.rules import writes
from proximity.authority.api_error import ApiError
from proximity.authority.audit.model import Reason
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
    ref, person = _of_case(visit)
    values: dict[PersonField, str] = {}
    if person is not None:
        reader = reader_of(visit, Reason.CASE_WORK, ref)
        views = read_people(visit.authority, reader, [person], _SHOWN)
        values = dict(views[0].values) if views else {}
    return _view(visit, ref, values=values)


def _receipt(visit: Visit) -> View:
    """Give the person what opens their record, with a code that goes to them alone."""
    ref, person = _of_case(visit)
    authority = visit.authority
    reader = reader_of(visit, Reason.CASE_WORK, ref)
    try:
        if person is None:
            raise ApiError(409, "no_person", "nobody is recorded")
        with authority.engine.begin() as connection:
            visit.note(connection, "cases.receipt", subject=ref)
            person_row(authority, connection, reader, person)
            receipt = issue_receipt(authority, connection, person)
    except ApiError as error:
        text = refusal_text(visit, error.code)
        return _view(visit, ref, error=text, status=shown_status(error))
    return _view(visit, ref, receipt=receipt)


def _of_case(visit: Visit) -> tuple[str, int | None]:
    ref = visit.parameters["case"]
    with reading(visit.authority.engine) as connection:
        return ref, read_case(connection, scope_of(visit), ref)["person"]


def _view(visit: Visit, ref: str, *, status: int = 200, **shown: Any) -> Html:
    context: dict[str, Any] = {
        "page_name": "case-person",
        "ref": ref,
        "values": {},
        "error": "",
        "receipt": "",
        "gives": visit.may(_GIVES, unit_of_case(visit)),
        "own_page": f"{visit.origin}{PREFIX}/my-record",
    }
    return Html("cases/person.html", context | shown, status)
