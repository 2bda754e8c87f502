"""The doors of a person to their own record."""

from typing import Annotated, Any

from fastapi import APIRouter, BackgroundTasks, Header, Request
from pydantic import BaseModel, ConfigDict, Field

from proximity.authority.api_error import ApiError
from proximity.authority.assembly import Authority
from proximity.authority.audit.model import REASON_TEXTS
from proximity.authority.audit.readings import Reading
from proximity.authority.people.citizen import (
    check_client,
    correct_record,
    erase_record,
    open_session,
    see_readings,
    see_record,
    send_quietly,
)
from proximity.authority.people.model import PersonField
from proximity.units import iso_day

CITIZEN_PREFIX = "/api/citizen"
CITIZEN_DOORS = ("code", "session", "record", "correct", "erase", "readings")
_Text = Annotated[str, Field(max_length=64)]
_Value = Annotated[str, Field(max_length=16_384)]
_Bearer = Annotated[str | None, Header()]


class _Body(BaseModel):
    """Bodies are read strictly; unknown fields are ignored."""

    model_config = ConfigDict(strict=True, extra="ignore")


class CodeRequest(_Body):
    """Body of `code`."""

    receipt: _Text


class SessionRequest(_Body):
    """Body of `session`."""

    receipt: _Text
    code: _Text


class CorrectionRequest(_Body):
    """Body of `correct`: fields by name, "" to remove one."""

    values: dict[_Text, _Value]


class ReadingsRequest(_Body):
    """Body of `readings`."""

    before: Annotated[int, Field(ge=1, lt=2**53)] | None = None


def citizen_routes(authority: Authority) -> APIRouter:
    """Return what a person asks about themselves."""
    routes = APIRouter(prefix=CITIZEN_PREFIX, include_in_schema=False)

    @routes.post("/code", status_code=202)
    def code(
        body: CodeRequest, request: Request, tasks: BackgroundTasks
    ) -> dict[str, Any]:
        """Send a code to the telephone of the record, if there is one."""
        check_client(authority, _address(request))
        # All of it after the answer, whose time and text tell nothing.
        tasks.add_task(send_quietly, authority, body.receipt)
        return {"message": "if the receipt is known, a code is on its way"}

    @routes.post("/session")
    def session(body: SessionRequest, request: Request) -> dict[str, Any]:
        """Exchange receipt and code for a session."""
        check_client(authority, _address(request))
        opened = open_session(authority, body.receipt, body.code)
        return {"token": opened.token, "expiresAtTimestamp": opened.until_s}

    @routes.post("/record")
    def record(authorization: _Bearer = None) -> dict[str, Any]:
        """Return everything that is held."""
        view = see_record(authority, _token(authorization))
        return {
            "kind": view.kind,
            "unit": view.unit,
            "version": view.version,
            "forgottenOn": iso_day(view.forget_day),
            "values": dict(view.values),
        }

    @routes.post("/correct")
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

    @routes.post("/erase")
    def erase(authorization: _Bearer = None) -> dict[str, Any]:
        """Erase the record, or say when it will be."""
        day = erase_record(authority, _token(authorization))
        return {"erased": day is None, "on": None if day is None else iso_day(day)}

    @routes.post("/readings")
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


def _token(authorization: str | None) -> str:
    scheme, _, token = (authorization or "").partition(" ")
    return token if scheme.lower() == "bearer" else ""


def _address(request: Request) -> str:
    return request.client.host if request.client else ""
