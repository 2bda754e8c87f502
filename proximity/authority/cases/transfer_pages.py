"""What is offered to a unit: its package is looked at, then accepted or declined."""

from typing import Any

from proximity.authority.api_error import ApiError
from proximity.authority.audit.model import Reason
from proximity.authority.cases.judge import load_texts
from proximity.authority.cases.reach import (
    WRITE,
    case_view,
    reader_of,
    shown_status,
    unit_of_transfer,
    writing_scope,
)
from proximity.authority.cases.transfers import decide_offer, read_offer
from proximity.authority.console.registry import Kind, Page
from proximity.authority.console.site import refusal_text
from proximity.authority.console.view import Html, Redirect, View
from proximity.authority.console.visit import Visit
from proximity.authority.people.records import settle


def pages() -> list[Page]:
    """Return the pages of offers."""
    address = "/transfers/{transfer}"
    return [
        Page("transfer", address, _show, WRITE, unit_of=unit_of_transfer),
        Page("case-decide", address, _decide, WRITE, Kind.ACT, unit_of_transfer),
    ]


def _show(visit: Visit) -> View:
    """Open the package that was sealed for this unit."""
    number = visit.parameters["transfer"]
    context: dict[str, Any] = {"page_name": "transfer", "number": number, "error": ""}
    try:
        with visit.authority.engine.begin() as connection:
            visit.note(connection, "cases.look-at-offer", subject=number)
            package = read_offer(
                connection, writing_scope(visit), number, authority=visit.authority
            )
    except ApiError as error:
        # It may have been answered meanwhile.
        context |= {"package": None, "error": refusal_text(visit, "offer_answered")}
        return Html("cases/offer.html", context, shown_status(error))
    context |= {
        "package": package,
        "case": case_view(package["case"]),
        "texts": load_texts(visit.language),
    }
    return Html("cases/offer.html", context)


def _decide(visit: Visit) -> View:
    authority, number = visit.authority, visit.parameters["transfer"]
    scope = writing_scope(visit)
    reader = reader_of(visit, Reason.TRANSFER)
    try:
        with authority.engine.begin() as connection:
            visit.note(connection, "cases.decide", subject=number)
            decide_offer(
                connection,
                scope,
                number,
                accept=visit.form.text("accept", 3) == "yes",
                authority=authority,
                reader=reader,
            )
    except ApiError as error:
        # The offer may have been decided by somebody else.
        raise ApiError(shown_status(error), error.code, str(error)) from error
    settle(authority)
    return Redirect("/worklist", "cases.decided")
