"""The page on which a second officer decides."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from sqlalchemy import select

from proximity.authority.accounts.four_eyes import (
    DECIDES,
    Deed,
    Names,
    Request,
    State,
    Verdict,
    decide,
    list_requests,
    may_decide,
    may_withdraw,
)
from proximity.authority.accounts.model import Area, Unit, approvals, organisations
from proximity.authority.accounts.officers import officer_names
from proximity.authority.accounts.organisations import unit_names
from proximity.authority.accounts.rules import reads
from proximity.authority.console.registry import Card, Group, Kind, Page
from proximity.authority.console.view import Html, Redirect, View
from proximity.authority.console.visit import Visit
from proximity.authority.database import reading

_READ = reads(Area.APPROVALS)


def pages(deeds: Mapping[str, Deed]) -> list[Page]:
    """Return the pages of requests, of all kinds of deeds by their name."""
    acts = [
        Page(
            f"approval-{verdict}",
            f"/approvals/{{approval}}/{verdict}",
            partial(_decide, deeds, verdict),
            DECIDES,
            Kind.ACT,
            _unit_of,
        )
        for verdict in Verdict
    ]
    show: Callable[[Visit], View] = partial(_list, deeds)
    return [Page("approvals", "/approvals", show, _READ, nav=Group.OVERSIGHT), *acts]


def cards() -> list[Card]:
    """Return the figure of what waits."""
    return [Card("approvals", _READ, _count, "/approvals", is_work=True)]


def _unit_of(visit: Visit) -> Unit | None:
    with reading(visit.authority.engine) as connection:
        row = connection.execute(
            select(organisations.c.id, organisations.c.path)
            .join(approvals, approvals.c.unit == organisations.c.id)
            .where(approvals.c.id == visit.parameters["approval"])
        ).first()
    return None if row is None else Unit(row.id, row.path)


def _list(deeds: Mapping[str, Deed], visit: Visit) -> View:
    return _view(deeds, visit)


def _view(deeds: Mapping[str, Deed], visit: Visit, shown: str = "") -> Html:
    now_s = visit.now_s
    reach = visit.reach(_READ, approvals.c.unit)
    with reading(visit.authority.engine) as connection:
        requests = list_requests(connection, reach, open_at_s=None)
        people = {each.asked_by for each in requests}
        people |= {each.subject for each in requests}
        people |= {each.decided_by for each in requests if each.decided_by}
        names = Names(
            officer_names(connection, people),
            unit_names(connection, _units_of(requests)),
        )
    rows = [
        {
            "request": each,
            "text": visit.t(
                f"deed.{each.kind}.text",
                **_words(visit, deeds[each.kind].describe(each, names)),
            ),
            "may_decide": may_decide(visit.officer, each, now_s),
            "may_withdraw": may_withdraw(visit.officer, each, now_s),
            "is_over": each.state is State.WAITING and each.until_s <= now_s,
        }
        for each in requests
    ]
    waiting = [each for each in rows if _waits(each)]
    decided = [each for each in rows if not _waits(each)]
    context = {
        "page_name": "approvals",
        "waiting": waiting,
        "decided": decided,
        "names": names.officers,
        "shown": shown,
    }
    return Html("accounts/approvals.html", context)


def _units_of(requests: Iterable[Request]) -> set[str]:
    """Return the units that requests are about, and those that they name."""
    named = {each.details.get(key, "") for each in requests for key in ("unit", "from")}
    return named | {each.unit.id for each in requests}


def _waits(row: Mapping[str, object]) -> bool:
    request = row["request"]
    return getattr(request, "state", None) is State.WAITING and not row["is_over"]


def _words(visit: Visit, values: Mapping[str, str]) -> dict[str, str]:
    """Put the name of a role into the visitor's language."""
    role = values.get("role")
    return dict(values) | ({"role": visit.t(f"role.{role}")} if role else {})


def _decide(deeds: Mapping[str, Deed], verdict: Verdict, visit: Visit) -> View:
    request = visit.parameters["approval"]
    with visit.authority.engine.begin() as connection:
        visit.note(connection, f"approval.{verdict}", subject=request)
    shown = decide(visit.authority, visit.officer, request, verdict, deeds=deeds)
    if shown:
        return _view(deeds, visit, shown)
    return Redirect("/approvals", f"approvals.{verdict}")


def _count(visit: Visit) -> int:
    reach = visit.reach(_READ, approvals.c.unit)
    with reading(visit.authority.engine) as connection:
        requests = list_requests(connection, reach, open_at_s=visit.now_s)
    return sum(may_decide(visit.officer, each, visit.now_s) for each in requests)
