"""The page of statistics: what became of codes, how many keys, how fast."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import select

from proximity.authority.accounts.model import ROOT_UNIT, Area, organisations
from proximity.authority.accounts.rules import reads
from proximity.authority.console.chart import Axes, Series, bar_chart
from proximity.authority.console.registry import Group, Kind, Page
from proximity.authority.console.view import Csv, Html, View
from proximity.authority.console.visit import Visit
from proximity.authority.database import reading
from proximity.authority.local_form import day_of_year, grouped
from proximity.authority.verification.counts import (
    DELAY_PREFIX,
    LONGEST_DELAY_DAYS,
    of_unit,
)
from proximity.authority.verification.model import daily_counts
from proximity.units import day_of, iso_day

DAYS = 30
_READ = reads(Area.STATISTICS)
_CODES = ("codes_issued", "codes_claimed")
_ALL = (*_CODES, "codes_invalid", "tokens_claimed", "keys_published", "revisions")


def pages() -> list[Page]:
    """Return the pages of statistics."""
    return [
        Page("statistics", "/statistics", _show, _READ, nav=Group.PUBLICATION),
        Page("statistics-csv", "/statistics.csv", _csv, _READ, Kind.CSV),
    ]


def _figures(visit: Visit) -> tuple[list[int], dict[str, dict[int, int]], bool]:
    """Return days, figures by name and day, and whether they are of everybody.

    Who does not see the whole authority sees the sums of their own units alone.
    """
    today = day_of(visit.now_s)
    days = list(range(today - DAYS + 1, today + 1))
    whole = visit.may(_READ, ROOT_UNIT)
    figures: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    statement = select(daily_counts).where(daily_counts.c.day >= days[0])
    with reading(visit.authority.engine) as connection:
        if not whole:
            reach = visit.reach(_READ, organisations.c.id)
            ids = connection.execute(select(organisations.c.id).where(reach)).scalars()
            names = {of_unit(name, unit): name for unit in ids for name in _CODES}
            statement = statement.where(daily_counts.c.name.in_(sorted(names)))
        else:
            statement = statement.where(daily_counts.c.name.not_like("%@%"))
        for day, name, count in connection.execute(statement):
            shown = name if whole else names.get(name)
            if shown is not None:
                figures[shown][day] += count
    return days, figures, whole


def _show(visit: Visit) -> View:
    days, figures, whole = _figures(visit)
    labels = [day_of_year(iso_day(day), visit.language) for day in days]
    delays = _delays(figures)
    columns = _columns(whole=whole)
    totals = {name: sum(figures[name].values()) for name in columns}
    context = {
        "codes": bar_chart(
            visit.t("statistics.codes"),
            labels,
            [_series(visit, figures, name, days) for name in _CODES],
            axes=_axes(visit, "codes-unit"),
        ),
        "keys": bar_chart(
            visit.t("statistics.keys"),
            labels,
            [_series(visit, figures, "keys_published", days)],
            axes=_axes(visit, "keys-unit"),
            half=True,
        ),
        "delays": bar_chart(
            visit.t("statistics.delays"),
            [*map(str, range(LONGEST_DELAY_DAYS)), f"{LONGEST_DELAY_DAYS}+"],
            [Series(visit.t("statistics.tokens_claimed"), delays)],
            axes=_axes(visit, "tokens-unit", across="delay-unit"),
            half=True,
        ),
        "median": _median(delays),
        "whole": whole,
        "rows": [
            (day, [figures[name][day] for name in columns]) for day in reversed(days)
        ],
        "columns": columns,
        "totals": totals,
        "claimed": _percent(totals["codes_claimed"], totals["codes_issued"]),
    }
    return Html("verification/statistics.html", context)


def _series(
    visit: Visit,
    figures: Mapping[str, Mapping[int, int]],
    name: str,
    days: Sequence[int],
) -> Series:
    return Series(
        visit.t(f"statistics.{name}"), [figures[name].get(day, 0) for day in days]
    )


def _axes(visit: Visit, up: str, across: str = "day-unit") -> Axes:
    return Axes(
        visit.t(f"statistics.{across}"),
        visit.t(f"statistics.{up}"),
        lambda value: grouped(value, visit.language),
    )


def _percent(part: int, whole: int) -> int | None:
    return round(100 * part / whole) if whole else None


def _csv(visit: Visit) -> View:
    days, figures, whole = _figures(visit)
    columns = _columns(whole=whole)
    rows = [(iso_day(day), *(figures[name][day] for name in columns)) for day in days]
    return Csv("statistics", ("date", *columns), rows)


def _columns(*, whole: bool) -> tuple[str, ...]:
    return _ALL if whole else _CODES


def _delays(figures: Mapping[str, Mapping[int, int]]) -> list[int]:
    return [
        sum(figures.get(f"{DELAY_PREFIX}{days}", {}).values())
        for days in range(LONGEST_DELAY_DAYS + 1)
    ]


def _median(delays: list[int]) -> int | None:
    total, passed = sum(delays), 0
    for days, count in enumerate(delays):
        passed += count
        if total and 2 * passed >= total:
            return days
    return None
