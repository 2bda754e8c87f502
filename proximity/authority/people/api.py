"""The doors of a person to their own record."""

from typing import Annotated, Any

from fastapi import APIRouter, BackgroundTasks, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from proximity.authority.api_error import ApiError
from proximity.authority.assembly import Authority
from proximity.authority.audit.model import REASON_TEXTS
from proximity.authority.audit.readings import Reading
from proximity.authority.cases.held import HeldCase
from proximity.authority.people.citizen import (
    check_client,
    correct_record,
    erase_record,
    open_session,
    see_cases,
    see_readings,
    see_record,
    send_quietly,
)
from proximity.authority.people.forms import (
    CodeAnswer,
    CodeRequest,
    CorrectionAnswer,
    CorrectionRequest,
    ErasureAnswer,
    ReadingsAnswer,
    ReadingsRequest,
    RecordAnswer,
    SessionAnswer,
    SessionRequest,
)
from proximity.authority.people.model import PersonField
from proximity.authority.verification.forms import refusals
from proximity.units import iso_day

CITIZEN_PREFIX = "/api/citizen"
CITIZEN_DOORS = ("code", "session", "record", "correct", "erase", "readings")
_SESSION = HTTPBearer(auto_error=False, description="The token of a session.")
_Bearer = Annotated[HTTPAuthorizationCredentials | None, Security(_SESSION)]


def citizen_routes(authority: Authority) -> APIRouter:
    """Return what a person asks about themselves."""
    routes = APIRouter(prefix=CITIZEN_PREFIX, responses=refusals(400, 503))

    over = refusals(401)

    @routes.post(
        "/code", status_code=202, response_model=CodeAnswer, responses=refusals(429)
    )
    def code(
        body: CodeRequest, request: Request, tasks: BackgroundTasks
    ) -> dict[str, Any]:
        """Send a code to the telephone of the record, if there is one."""
        check_client(authority, _address(request))
        # All of it after the answer, whose time and text tell nothing.
        tasks.add_task(send_quietly, authority, body.receipt)
        return {"message": "if the receipt is known, a code is on its way"}

    @routes.post("/session", response_model=SessionAnswer, responses=refusals(401, 429))
    def session(body: SessionRequest, request: Request) -> dict[str, Any]:
        """Exchange receipt and code for a session."""
        check_client(authority, _address(request))
        opened = open_session(authority, body.receipt, body.code)
        return {"token": opened.token, "expiresAtTimestamp": opened.until_s}

    @routes.post("/record", response_model=RecordAnswer, responses=over)
    def record(authorization: _Bearer = None) -> dict[str, Any]:
        """Return everything that is held."""
        token = _token(authorization)
        view, held = see_record(authority, token), see_cases(authority, token)
        return {
            "kind": view.kind,
            "unit": view.unit,
            "version": view.version,
            "forgottenOn": iso_day(view.forget_day),
            "values": dict(view.values),
            "cases": list(map(_case_fields, held)),
        }

    @routes.post("/correct", response_model=CorrectionAnswer, responses=over)
    def correct(
        body: CorrectionRequest, authorization: _Bearer = None
    ) -> dict[str, Any]:
        """Replace what is wrong."""
        try:
            changes = {PersonField(name): text for name, text in body.values.items()}
        except ValueError as error:
            raise ApiError(400, "invalid_field", "there is no such field") from error
        correct_record(authority, _token(authorization), changes)
        return {"corrected": sorted(changes)}

    @routes.post("/erase", response_model=ErasureAnswer, responses=over)
    def erase(authorization: _Bearer = None) -> dict[str, Any]:
        """Erase the record, or say when it will be."""
        day = erase_record(authority, _token(authorization))
        return {"erased": day is None, "on": None if day is None else iso_day(day)}

    @routes.post("/readings", response_model=ReadingsAnswer, responses=over)
    def readings(
        body: ReadingsRequest, authorization: _Bearer = None
    ) -> dict[str, Any]:
        """Return who read the record, and why."""
        token = _token(authorization)
        found = see_readings(authority, token, before=body.before)
        return {"readings": [_fields(each) for each in found]}

    return routes


def _fields(shown: Reading) -> dict[str, Any]:
    vietnamese, english = REASON_TEXTS[shown.reason]
    return {
        "number": shown.seq,
        "timestamp": shown.at_s,
        "who": shown.who,
        "unit": shown.unit,
        "action": shown.action,
        "reason": {"code": shown.reason, "vi": vietnamese, "en": english},
        "fields": list(shown.fields),
    }


def _case_fields(held: HeldCase) -> dict[str, Any]:
    shared = {
        "keys": held.keys,
        "heard": held.heard,
        "warningKeys": held.warning_keys,
        "forgottenOn": held.forgotten_on(),
    }
    return held.shown() | {"shared": shared}


def _token(credentials: HTTPAuthorizationCredentials | None) -> str:
    return "" if credentials is None else credentials.credentials


def _address(request: Request) -> str:
    return request.client.host if request.client else ""
