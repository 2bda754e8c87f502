"""The daily figures, for keys of the kind that reads them; no person is in them."""

import csv
import io
from collections import defaultdict
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from sqlalchemy import select

from proximity.authority.api_error import ApiError
from proximity.authority.assembly import Authority
from proximity.authority.database import reading
from proximity.authority.verification.api import needs_key
from proximity.authority.verification.model import ApiKeyKind, daily_counts
from proximity.units import day_of, iso_day

DAYS = 30
_REALM = (
    "codes_issued",
    "codes_claimed",
    "codes_invalid",
    "user_reports_issued",
    "tokens_claimed",
    "tokens_invalid",
)
_KEY_SERVER = ("publish_requests", "keys_published", "revisions")
_COLUMNS = {
    "realm": _REALM,
    "key-server": _KEY_SERVER,
    "composite": (*_REALM, *_KEY_SERVER),
    "users": ("codes_issued",),
    "external-issuers": ("codes_issued",),
    "sms-errors": ("sms_errors",),
}


def statistics_routes(authority: Authority) -> APIRouter:
    """Return the statistics, each as JSON and as CSV."""
    routes = APIRouter(
        prefix="/api/stats", dependencies=[needs_key(authority, ApiKeyKind.STATS)]
    )

    @routes.get("/realm.{form}")
    def realm(form: str) -> Response:
        """Return what became of codes."""
        return _table(authority, "realm", form)

    @routes.get("/realm/{name}.{form}")
    def figures(name: str, form: str) -> Response:
        """Return one table."""
        return _table(authority, name, form)

    return routes


def _table(authority: Authority, name: str, form: str) -> Response:
    columns = _COLUMNS.get(name)
    if columns is None or form not in ("json", "csv"):
        raise ApiError(404, "not_found", "there is no such table")
    rows = _rows(authority, columns)
    if form == "json":
        content = {
            "realm": authority.settings.region,
            "statistics": [
                {"date": date, "data": dict(zip(columns, row, strict=True))}
                for date, row in rows
            ],
        }
        return JSONResponse(content)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["date", *columns])
    writer.writerows([date, *row] for date, row in rows)
    return PlainTextResponse(text.getvalue(), media_type="text/csv")


def _rows(authority: Authority, columns: tuple[str, ...]) -> list[tuple[str, Any]]:
    """Return the last days, newest first, as the published API does."""
    today = day_of(authority.now_s)
    counts: dict[tuple[int, str], int] = defaultdict(int)
    statement = select(daily_counts).where(daily_counts.c.day > today - DAYS)
    with reading(authority.engine) as connection:
        for day, name, count in connection.execute(statement):
            counts[day, name] = count
    return [
        (iso_day(day), tuple(counts[day, column] for column in columns))
        for day in range(today, today - DAYS, -1)
    ]
