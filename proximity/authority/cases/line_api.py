"""The line list over HTTP: out as CSV, and back in."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query
from fastapi.responses import Response

from proximity.authority.api_error import ApiError
from proximity.authority.assembly import Authority
from proximity.authority.cases.api import API_SCOPE
from proximity.authority.cases.finding import CaseQuery
from proximity.authority.cases.forms import LinesAnswer, UnitQuery, WordQuery
from proximity.authority.cases.line_list import export_lines, import_lines
from proximity.authority.cases.policy import load_policy
from proximity.authority.cases.spreadsheet import ENCODINGS, MAX_BYTES
from proximity.authority.database import reading
from proximity.authority.verification.api import needs_key
from proximity.authority.verification.forms import refusals
from proximity.authority.verification.model import ApiKeyKind
from proximity.errors import FormatError

PATH = "/api/cases/lines"
MAX_LIST_BYTES = MAX_BYTES
_CSV: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The line list.",
        "content": {"text/csv": {"schema": {"type": "string"}}},
    }
}


def line_routes(authority: Authority) -> APIRouter:
    """Return what an officer's program asks of the line list."""
    routes = APIRouter(
        dependencies=[needs_key(authority, ApiKeyKind.ADMIN)],
        responses=refusals(400, 401, 503),
    )
    policy = load_policy(authority.directory)

    @routes.get(PATH, response_class=Response, responses=_CSV)
    def export(
        unit: UnitQuery = None,
        classification: WordQuery = None,
        status: WordQuery = None,
        encoding: Annotated[str, Query(max_length=16)] = ENCODINGS[0],
    ) -> Response:
        """Return the line list as CSV."""
        query = CaseQuery(unit, classification, status)
        with reading(authority.engine) as connection:
            data = export_lines(connection, API_SCOPE, query, encoding)
        headers = {"Content-Disposition": 'attachment; filename="line-list.csv"'}
        return Response(data, media_type="text/csv", headers=headers)

    @routes.post(PATH, response_model=LinesAnswer)
    def take(
        data: Annotated[bytes, Body(media_type="text/csv")], dry_run: bool = True
    ) -> dict[str, Any]:
        """Take a line list in; a dry run, unless `dry_run=false`, writes nothing."""
        with authority.engine.connect() as connection, connection.begin() as whole:
            try:
                report = import_lines(
                    connection, API_SCOPE, data, policy=policy, authority=authority
                )
            except FormatError as error:
                raise ApiError(400, "bad_csv", str(error)) from error
            written = not dry_run and not report.refused
            if not written:
                whole.rollback()
        return {
            "written": written,
            "encoding": report.encoding,
            "refused": report.refused,
            "lines": [asdict(line) for line in report.lines],
        }

    return routes
