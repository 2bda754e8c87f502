"""What a person does about their own record in a browser; nobody signs in here.

The session goes from form to form in a hidden field: it is in no address, no cookie
and no history, and ends when the window is closed.
"""

from typing import Any

from proximity.authority.api_error import ApiError
from proximity.authority.audit.model import REASON_TEXTS
from proximity.authority.cases.held import HeldCase
from proximity.authority.console.registry import Door, Kind, Page
from proximity.authority.console.site import refusal_text
from proximity.authority.console.view import Html, View
from proximity.authority.console.visit import Visit
from proximity.authority.local_form import local_day
from proximity.authority.people.citizen import (
    CORRECTABLE,
    check_client,
    correct_record,
    erase_record,
    open_session,
    see_cases,
    see_readings,
    see_record,
    send_later,
)
from proximity.authority.people.model import PersonField
from proximity.authority.people.rules import MAX_CHARACTERS
from proximity.authority.settings import LANGUAGES
from proximity.units import iso_day

_RECEIPT, _CODE, _SESSION = 64, 64, 64
_EDITABLE = [field for field in PersonField if field in CORRECTABLE]


def citizen_pages() -> list[Page]:
    """Return the pages of persons themselves."""
    act, way_in = Kind.ACT, Door.OPEN
    return [
        Page("my-record", "/my-record", _ask, door=way_in),
        Page("my-record-code", "/my-record/code", _send, kind=act, door=way_in),
        Page("my-record-open", "/my-record/open", _open, kind=act, door=way_in),
        Page(
            "my-record-correct", "/my-record/correct", _correct, kind=act, door=way_in
        ),
        Page("my-record-erase", "/my-record/erase", _erase, kind=act, door=way_in),
    ]


def _ask(_visit: Visit) -> View:
    return _asking()


def _send(visit: Visit) -> View:
    receipt = visit.form.text("receipt", _RECEIPT)
    try:
        check_client(visit.authority, visit.client)
    except ApiError as error:
        return _asking(error=refusal_text(visit, error.code), status=error.status)
    # What is sent, and whether, takes its time elsewhere.
    send_later(visit.authority, receipt)
    return _asking(receipt=receipt)


def _open(visit: Visit) -> View:
    receipt = visit.form.text("receipt", _RECEIPT)
    try:
        check_client(visit.authority, visit.client)
        code = visit.form.text("code", _CODE)
        session = open_session(visit.authority, receipt, code)
    except ApiError as error:
        text = refusal_text(visit, error.code)
        return _asking(receipt=receipt, error=text, status=error.status)
    return _record(visit, session.token)


def _correct(visit: Visit) -> View:
    token = visit.form.text("session", _SESSION)
    try:
        # One field at a time: what a form does not have stays as it is.
        changes = {
            field: visit.form.text(field, MAX_CHARACTERS[field], lines=True)
            for field in _EDITABLE
            if field in visit.form
        }
        correct_record(visit.authority, token, changes)
    except ApiError as error:
        if error.code == "session_over":
            return _asking(error=refusal_text(visit, error.code), status=error.status)
        text = refusal_text(visit, error.code)
        return _record(visit, token, error=text, status=error.status)
    return _record(visit, token, done=visit.t("my-record.corrected"))


def _erase(visit: Visit) -> View:
    try:
        day = erase_record(visit.authority, visit.form.text("session", _SESSION))
    except ApiError as error:
        return _asking(error=refusal_text(visit, error.code), status=error.status)
    if day is None:
        return _asking(done=visit.t("my-record.erased"))
    return _asking(
        done=visit.t("my-record.erased-on", day=local_day(iso_day(day), visit.language))
    )


def _record(
    visit: Visit, token: str, *, error: str = "", done: str = "", status: int = 200
) -> View:
    view = see_record(visit.authority, token)
    place = LANGUAGES.index(visit.language)
    context: dict[str, Any] = {
        "session": token,
        "view": view,
        "fields": list(PersonField),
        "editable": _EDITABLE,
        "longest": MAX_CHARACTERS,
        "forgotten_on": iso_day(view.forget_day),
        "held": [_held(each) for each in see_cases(visit.authority, token)],
        "lines": see_readings(visit.authority, token),
        "reasons": {reason: texts[place] for reason, texts in REASON_TEXTS.items()},
        "error": error,
        "done_text": done,
    }
    return Html("people/my_record.html", context, status)


def _held(case: HeldCase) -> tuple[dict[str, str], dict[str, Any]]:
    """Return the facts of a case, and how much was shared, as messages name them."""
    facts = {name: "-" if v is None else v for name, v in case.shown().items()}
    if case.forget_s is None:
        return facts, {}
    shared: dict[str, Any] = {"keys": case.keys, "heard": case.heard}
    shared["warning_keys"] = case.warning_keys
    return facts, shared | {"day": case.forgotten_on()}


def _asking(
    *, receipt: str = "", error: str = "", done: str = "", status: int = 200
) -> View:
    context = {"receipt": receipt, "error": error, "done_text": done}
    return Html("people/my_record_ask.html", context, status)
