"""The figures by which epidemiologists judge tracing."""

from typing import NamedTuple

from sqlalchemy import Connection, case, distinct, func, select

from proximity.authority.cases.model import cases, edges
from proximity.authority.cases.policy import TracingPolicy
from proximity.authority.cases.records import Scope
from proximity.authority.cases.rules import Classification, Status
from proximity.units import DAY_S

_CONTACTS = (Classification.F1.value, Classification.F2.value)
# They are in no figure: they stand for nobody.
_NOBODY = (Status.MERGED.value, Status.WITHDRAWN.value, Status.DISMISSED.value)


class Indicators(NamedTuple):
    """Of the contacts that became known on some days; shares are of those, 0..1.

    Attributes
    ----------
    contacts : int
        F1 and F2.
    traced_in_time : int
        Reached within the time of the policy after becoming known.
    completed, lost, open : int
        Followed to the end; lost on the way; still at work.
    share_traced, share_followed, share_lost : float or None
        Of all contacts; of those whose following has ended; of all. None of nobody.
    cases : int
        F0 that became known on these days.
    cases_known_before : int
        Of them, those that had been contacts.
    """

    contacts: int
    traced_in_time: int
    completed: int
    lost: int
    open: int
    share_traced: float | None
    share_followed: float | None
    share_lost: float | None
    cases: int
    cases_known_before: int


def indicators(
    connection: Connection, scope: Scope, days: range, policy: TracingPolicy
) -> Indicators:
    """Count how well contacts were traced; two statements.

    Parameters
    ----------
    connection : Connection
    scope : Scope
    days : range
        UTC day numbers on which they became known.
    policy : TracingPolicy
    """
    c = cases.c
    known = (
        scope.condition(),
        c.created_s >= days.start * DAY_S,
        c.created_s < days.stop * DAY_S,
        c.status.not_in(_NOBODY),
    )
    in_time = c.reached_s - c.created_s <= policy.trace_within_s
    ended = (Status.COMPLETED.value, Status.LOST.value)
    counts = connection.execute(
        select(
            func.count(),
            func.coalesce(func.sum(case((in_time, 1), else_=0)), 0),
            func.coalesce(func.sum(case((c.status == ended[0], 1), else_=0)), 0),
            func.coalesce(func.sum(case((c.status == ended[1], 1), else_=0)), 0),
        ).where(*known, c.classification.in_(_CONTACTS))
    ).one()
    contacts, traced, completed, lost = map(int, counts)
    met = edges.outerjoin(cases, edges.c.target == c.ref)
    before = select(func.count(distinct(edges.c.target))).select_from(met)
    of_days = (*known, c.classification == Classification.F0.value)
    confirmed, known_before = connection.execute(
        select(
            select(func.count()).select_from(cases).where(*of_days).scalar_subquery(),
            before.where(*of_days, edges.c.withdrawn_s.is_(None)).scalar_subquery(),
        )
    ).one()
    return Indicators(
        contacts=contacts,
        traced_in_time=traced,
        completed=completed,
        lost=lost,
        open=contacts - completed - lost,
        share_traced=_share(traced, contacts),
        share_followed=_share(completed, completed + lost),
        share_lost=_share(lost, contacts),
        cases=confirmed,
        cases_known_before=known_before,
    )


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
