"""How well contacts are traced: the figures of epidemiologists, by days."""

from proximity.authority.api_error import ApiError
from proximity.authority.cases.api import parse_day
from proximity.authority.cases.indicators import indicators
from proximity.authority.cases.policy import load_policy
from proximity.authority.cases.reach import READ, scope_of
from proximity.authority.console.registry import Group, Page
from proximity.authority.console.site import refusal_text
from proximity.authority.console.view import Html, View
from proximity.authority.console.visit import Visit
from proximity.authority.database import reading
from proximity.units import day_of, iso_day

_SHARES = ("share_traced", "share_followed", "share_lost")
_DAYS = 21


def pages() -> list[Page]:
    """Return the page of the figures."""
    return [Page("tracing", "/tracing", _tracing, READ, nav=Group.WORK)]


def _tracing(visit: Visit) -> View:
    today = day_of(visit.now_s)
    given = [visit.query.text(name, 10) for name in ("first", "last")]
    days, error, status = range(today - _DAYS + 1, today + 1), "", 200
    try:
        first, last = (
            parse_day(text) if text else day
            for text, day in zip(given, (days[0], days[-1]), strict=True)
        )
        days = range(first, last + 1)
    except ApiError as refused:
        error, status = refusal_text(visit, refused.code), refused.status
    policy = load_policy(visit.authority.directory)
    with reading(visit.authority.engine) as connection:
        found = indicators(connection, scope_of(visit), days, policy)
    counts = {n: v for n, v in found._asdict().items() if n not in _SHARES}
    shares = {name: getattr(found, name) for name in _SHARES}
    context = {
        "page_name": "tracing",
        "error": error,
        "first": iso_day(days.start),
        "last": iso_day(days.stop - 1),
        "hours": policy.trace_within_s // 3_600,
        "counts": counts,
        "shares": {
            name: "-" if share is None else f"{100 * share:.1f} %"
            for name, share in shares.items()
        },
    }
    return Html("cases/tracing.html", context, status)
