"""The daily figures, for keys of the kind that reads them, in the published shapes.

No person is in them: what would describe one upload of a quiet day is left out.
"""

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from fastapi import APIRouter
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from sqlalchemy import func, select

from proximity.authority.assembly import Authority
from proximity.authority.database import reading
from proximity.authority.upload.figures import ONSET_BUCKETS, TEK_AGE_BUCKETS
from proximity.authority.verification.api import needs_key
from proximity.authority.verification.counts import CLAIM_AGES_S
from proximity.authority.verification.forms import refusals
from proximity.authority.verification.model import ApiKeyKind, codes, daily_counts
from proximity.units import DAY_S, day_of, iso_day

DAYS = 30
# Of a day with fewer uploads, nothing is told of uploads, as in the key server of
# reference.
MIN_PUBLISHES = 10
# The published API numbers realms; here there is one.
REALM_ID = 1
Name = Literal["key-server", "composite", "users", "external-issuers", "sms-errors"]
Form = Literal["json", "csv"]
_Counts = Mapping[str, int]
_CODES = (
    "codes_issued",
    "codes_claimed",
    "codes_invalid",
    "tokens_claimed",
    "tokens_invalid",
    "code_claim_mean_age_seconds",
    "code_claim_age_distribution",
)
_REPORTS = (
    "user_reports_issued",
    "user_reports_claimed",
    "user_report_tokens_claimed",
    "codes_invalid_unknown_os",
    "codes_invalid_ios",
    "codes_invalid_android",
    "user_reports_invalid_nonce",
)
_UPLOADS = (
    "publish_requests_unknown",
    "publish_requests_android",
    "publish_requests_ios",
    "total_teks_published",
    "requests_with_revisions",
    "requests_missing_onset_date",
    "tek_age_distribution",
    "onset_to_upload_distribution",
)


def statistics_routes(authority: Authority) -> APIRouter:
    """Return the statistics, each as JSON and as CSV."""
    routes = APIRouter(
        prefix="/api/stats", dependencies=[needs_key(authority, ApiKeyKind.STATS)]
    )
    answers = refusals(401, 404, 503) | {
        200: {
            "description": "The last 30 days, newest first.",
            "content": {
                "application/json": {"schema": {"type": "object"}},
                "text/csv": {"schema": {"type": "string"}},
            },
        }
    }

    @routes.get("/realm.{form}", response_class=Response, responses=answers)
    def realm(form: Form) -> Response:
        """Return what became of codes."""
        rows = [(date, _realm(counts)) for date, counts in _days(authority)]
        if form == "csv":
            return _csv(["date", *_CODES, *_REPORTS], rows)
        return _json([{"date": _midnight(date), "data": row} for date, row in rows])

    @routes.get("/realm/{name}.{form}", response_class=Response, responses=answers)
    def figures(name: Name, form: Form) -> Response:
        """Return one table."""
        return _TABLES[name](authority, form)

    return routes


def _key_server(authority: Authority, form: Form) -> Response:
    rows = [
        (date, _uploads(counts))
        for date, counts in _days(authority)
        if _may_be_told(counts)
    ]
    if form == "csv":
        return _csv(["day", *_UPLOADS], rows)
    return _json([{"day": _midnight(date)} | row for date, row in rows])


def _composite(authority: Authority, form: Form) -> Response:
    rows = [
        (date, _realm(counts) | (_uploads(counts) if _may_be_told(counts) else {}))
        for date, counts in _days(authority)
    ]
    if form == "csv":
        return _csv(["date", *_CODES, *_UPLOADS, *_REPORTS], rows)
    statistics = [{"date": _midnight(date), "data": row} for date, row in rows]
    return _json(statistics, has_key_server_stats=True)


def _users(_authority: Authority, form: Form) -> Response:
    """Return no rows: officers' programs issue codes, each by one API key."""
    columns = ["date", "realm_id", "user_id", "name", "email", "codes_issued"]
    return _csv(columns, []) if form == "csv" else _json([])


def _external_issuers(authority: Authority, form: Form) -> Response:
    day = codes.c.issued_s // DAY_S
    statement = (
        select(day, codes.c.issuer, func.count())
        .where(codes.c.issuer != "")
        .group_by(day, codes.c.issuer)
        .order_by(day.desc(), codes.c.issuer)
    )
    found: dict[str, dict[str, int]] = defaultdict(dict)
    with reading(authority.engine) as connection:
        for number, issuer, count in connection.execute(statement):
            found[iso_day(number)][issuer] = count
    return _by_name(found, form, ("issuer_data", "issuer_id", "codes_issued"))


def _sms_errors(authority: Authority, form: Form) -> Response:
    found = {
        date: {"not_sent": counts["sms_errors"]}
        for date, counts in _days(authority)
        if counts["sms_errors"]
    }
    return _by_name(found, form, ("error_data", "error_code", "quantity"))


_TABLES = {
    "key-server": _key_server,
    "composite": _composite,
    "users": _users,
    "external-issuers": _external_issuers,
    "sms-errors": _sms_errors,
}


def _by_name(
    found: Mapping[str, Mapping[str, int]], form: Form, names: tuple[str, str, str]
) -> Response:
    group, name, count = names
    if form == "csv":
        lines = [
            (date, {"realm_id": REALM_ID, name: each, count: number})
            for date, numbers in found.items()
            for each, number in numbers.items()
        ]
        return _csv(["date", "realm_id", name, count], lines)
    return _json(
        [
            {
                "date": _midnight(date),
                group: [{name: each, count: n} for each, n in numbers.items()],
            }
            for date, numbers in found.items()
        ]
    )


def _realm(counts: _Counts) -> dict[str, Any]:
    claimed = counts["codes_claimed"]
    mean_s = round(counts["claim_age_s"] / claimed) if claimed else 0
    return {
        "codes_issued": counts["codes_issued"],
        "codes_claimed": claimed,
        "codes_invalid": counts["codes_invalid"],
        # Who asks is not told by what programs call themselves.
        "codes_invalid_by_os": {
            "unknown_os": counts["codes_invalid"],
            "ios": 0,
            "android": 0,
        },
        "user_reports_issued": counts["user_reports_issued"],
        "user_reports_claimed": counts["user_reports_claimed"],
        "user_reports_invalid_nonce": counts["user_reports_invalid_nonce"],
        "tokens_claimed": counts["tokens_claimed"],
        "tokens_invalid": counts["tokens_invalid"],
        "user_report_tokens_claimed": counts["user_report_tokens_claimed"],
        "code_claim_mean_age_seconds": mean_s,
        "code_claim_age_distribution": _buckets(
            counts, "claim_age", len(CLAIM_AGES_S) + 1
        ),
    }


def _uploads(counts: _Counts) -> dict[str, Any]:
    return {
        "publish_requests": {
            "unknown": counts["publish_requests"],
            "android": 0,
            "ios": 0,
        },
        "total_teks_published": counts["teks_published"],
        "requests_with_revisions": counts["revision_requests"],
        "tek_age_distribution": _buckets(counts, "tek_age", TEK_AGE_BUCKETS),
        "onset_to_upload_distribution": _buckets(counts, "onset_age", ONSET_BUCKETS),
        "requests_missing_onset_date": counts["onset_missing"],
    }


def _may_be_told(counts: _Counts) -> bool:
    return counts["publish_requests"] >= MIN_PUBLISHES


def _buckets(counts: _Counts, name: str, number: int) -> list[int]:
    return [counts[f"{name}_{at}"] for at in range(number)]


def _days(authority: Authority) -> list[tuple[str, _Counts]]:
    """Return the figures of the last days, newest first, as the published API does."""
    today = day_of(authority.now_s)
    found: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    statement = select(daily_counts).where(daily_counts.c.day > today - DAYS)
    with reading(authority.engine) as connection:
        for day, name, count in connection.execute(statement):
            found[day][name] = count
    return [(iso_day(day), found[day]) for day in range(today, today - DAYS, -1)]


def _json(statistics: list[dict[str, Any]], **more: Any) -> Response:
    return JSONResponse({"realm_id": REALM_ID, **more, "statistics": statistics})


def _csv(columns: list[str], rows: Iterable[tuple[str, Mapping[str, Any]]]) -> Response:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for date, row in rows:
        flat = _flat(row)
        writer.writerow([date, *(flat.get(name, "") for name in columns[1:])])
    return PlainTextResponse(text.getvalue(), media_type="text/csv")


def _flat(row: Mapping[str, Any]) -> dict[str, object]:
    """Name the parts of a record as the published tables do."""
    flat: dict[str, object] = {}
    for name, value in row.items():
        if isinstance(value, dict):
            prefix = name.removesuffix("_by_os")
            flat |= {f"{prefix}_{part}": number for part, number in value.items()}
        else:
            flat[name] = "|".join(map(str, value)) if isinstance(value, list) else value
    return flat


def _midnight(date: str) -> str:
    return f"{date}T00:00:00Z"
