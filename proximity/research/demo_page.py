"""The page that shows what a demonstration found: one file, no network."""

from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from proximity.protocol.gaen import KEY_BYTES
from proximity.research import hearing_chart, pair_chart, rule_chart
from proximity.research.evaluation import (
    Outcome,
    PairVerdict,
    RuleFigures,
    judge,
    outcome,
)
from proximity.research.page_words import (
    UNITS,
    date_words,
    person_words,
    rule_title,
    scenario_words,
    weekday_words,
)
from proximity.research.report import (
    DemoReport,
    Hearing,
    Notice,
    PairDetail,
    RuleLegend,
)
from proximity.research.story import Story
from proximity.research.truth import CONTACT_MIN, is_contact

WIDE, NARROW = 860.0, 350.0

# The bar of an interval runs from an AUC of 0.4 to 1.
BAR_FROM, BAR_WIDTH = 0.4, 120.0

EN_DASH = "\N{EN DASH}"


def render_page(report: DemoReport) -> str:
    """Return the page as HTML.

    Parameters
    ----------
    report : DemoReport

    Returns
    -------
    str
        A whole document with its styles and drawings, in Vietnamese and English.
    """
    return _template().render(page=_page(report))


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("proximity.research", "pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["unit_words"] = UNITS
    return environment.get_template("demo.html")


def _page(report: DemoReport) -> dict[str, Any]:
    first = report.rules[0]
    weekday_en, weekday_vi = weekday_words(report.day)
    date_en, date_vi = date_words(report.day)
    return {
        "title": date_vi,
        "recorded": report.recorded,
        "weekday_en": weekday_en,
        "weekday_vi": weekday_vi,
        "date_en": date_en,
        "date_vi": date_vi,
        "notice": _notice(report.notice),
        "story": _story(report.story) if report.story else None,
        "air": report.air,
        "rules": [_rule(report, legend) for legend in report.rules],
        "legend": _legend(first),
        "levels": _levels(report.thresholds_db),
        "details": [_detail(detail, report) for detail in _headline_first(report)],
        "heard": _heard(report),
        "heard_case": _heard_case(report),
        "groups": _groups(report),
        "accuracy": _accuracy(report) if report.recorded else None,
        "layout": _layout(),
        "size": _size(with_roc=report.recorded),
    }


def _headline_first(report: DemoReport) -> list[PairDetail]:
    """Put the pair of the headline first: the shortest contact of who was told."""
    told = report.notice.contact if report.notice else ""

    def rank(detail: PairDetail) -> tuple[bool, bool, float]:
        true_alert = detail.alert and is_contact(detail.truth_min)
        theirs = true_alert and told in (detail.contact, detail.case)
        return not theirs, detail.contact != told, detail.truth_min

    picture = min(report.details, key=rank, default=None)
    others = [detail for detail in report.details if detail is not picture]
    return [*([picture] if picture else []), *others]


def _notice(notice: Notice | None) -> dict[str, Any] | None:
    if notice is None:
        return None
    who_en, who_vi = person_words(notice.contact)
    return {"who_en": who_en, "who_vi": who_vi, "minutes": notice.minutes}


def _story(story: Story) -> dict[str, Any]:
    """Return one case, and each other phone with the length of its bars in percent."""
    longest = max(
        (max(each.truth_min, each.told_min or 0) for each in story.findings), default=0
    )
    scale = 100 / max(longest, CONTACT_MIN)
    return {
        "case": story.case,
        "key_count": story.keys,
        "key_bytes": KEY_BYTES,
        "published": f"{story.published:,}",
        "published_vi": f"{story.published:,}".replace(",", "."),
        "found": story.count(Outcome.FOUND),
        "contacts": story.count(Outcome.FOUND) + story.count(Outcome.MISSED),
        "needless": story.count(Outcome.FALSE_ALARM),
        "others": story.count(Outcome.FALSE_ALARM) + story.count(Outcome.QUIET),
        "limit": round(CONTACT_MIN * scale, 1),
        "limit_min": f"{CONTACT_MIN:g}",
        "findings": [
            {
                "name": each.contact,
                "truth": f"{each.truth_min:.0f}",
                "told": each.told_min,
                "outcome": each.outcome,
                "truth_bar": round(each.truth_min * scale, 1),
                "told_bar": round((each.told_min or 0) * scale, 1),
            }
            for each in story.findings
        ],
    }


def _legend(legend: RuleLegend) -> dict[str, str]:
    unit_en, unit_vi = UNITS.get(legend.unit, (legend.unit, legend.unit))
    threshold = f"{legend.threshold:g}"
    return {"unit": unit_en, "unit_vi": unit_vi, "threshold": threshold}


def _levels(limits_db: Sequence[float]) -> list[dict[str, Any]]:
    words = [(f"up to {limits_db[0]:g} dB", f"đến {limits_db[0]:g} dB")]
    between = [f"{low:g}{EN_DASH}{high:g} dB" for low, high in pairwise(limits_db)]
    words += [(range_db, range_db) for range_db in between]
    words.append((f"above {limits_db[-1]:g} dB", f"trên {limits_db[-1]:g} dB"))
    return [{"number": i, "en": en, "vi": vi} for i, (en, vi) in enumerate(words)]


def _detail(detail: PairDetail, report: DemoReport) -> dict[str, Any]:
    case_en, case_vi = person_words(detail.case)
    contact_en, contact_vi = person_words(detail.contact)
    scenario_en, scenario_vi = scenario_words(detail.scenario)
    wide, narrow = (
        pair_chart.pair_chart(
            detail,
            width=width,
            threshold=report.rules[0].threshold,
            limits_db=report.thresholds_db,
        )
        for width in (WIDE, NARROW)
    )
    return {
        "case": detail.case,
        "contact": detail.contact,
        "case_en": case_en,
        "case_vi": case_vi,
        "contact_en": contact_en,
        "contact_vi": contact_vi,
        "scenario_en": scenario_en,
        "scenario_vi": scenario_vi,
        "truth": int(detail.truth_min),
        "value": number(max((value for _, value in detail.dose), default=0.0)),
        "outcome": judge(detail.truth_min, alert=detail.alert),
        "wide": wide,
        "narrow": narrow,
    }


def _heard(report: DemoReport) -> list[hearing_chart.HearingChart]:
    """Return the strip of who heard whom, wide and narrow; none if nobody did."""
    return _strips(report, report.heard)


def _heard_case(report: DemoReport) -> list[hearing_chart.HearingChart]:
    """Return the strip of who heard the case of the story."""
    if report.story is None:
        return []
    case = report.story.case
    return _strips(report, [each for each in report.heard if each.sender == case])


def _strips(
    report: DemoReport, heard: Sequence[Hearing]
) -> list[hearing_chart.HearingChart]:
    if not any(each.scans for each in heard):
        return []
    return [
        hearing_chart.hearing_chart(heard, width=width, limits_db=report.thresholds_db)
        for width in (WIDE, NARROW)
    ]


def _rule(report: DemoReport, legend: RuleLegend) -> dict[str, Any]:
    outcomes = [outcome(pair, legend.name) for pair in report.pairs]
    found, alarms = outcomes.count(Outcome.FOUND), outcomes.count(Outcome.FALSE_ALARM)
    title_en, title_vi = rule_title(legend.name)
    figures = {f.rule: f for f in report.figures.get("", ())}.get(legend.name)
    return {
        "legend": legend,
        "title_en": title_en,
        "title_vi": title_vi,
        "threshold": f"{legend.threshold:g}",
        "found": found,
        "contacts": found + outcomes.count(Outcome.MISSED),
        "alarms": alarms,
        "others": alarms + outcomes.count(Outcome.QUIET),
        "auc": _share(figures.auc if figures else None),
        "chart": rule_chart.rule_chart(report.pairs, legend),
    }


def _groups(report: DemoReport) -> list[dict[str, Any]]:
    names = list(dict.fromkeys(pair.scenario for pair in report.pairs))
    groups = []
    for name in names:
        members = [pair for pair in report.pairs if pair.scenario == name]
        members.sort(key=lambda p: (-p.truth_min, -p.value[report.rules[0].name]))
        name_en, name_vi = scenario_words(name)
        groups.append(
            {
                "name_en": name_en,
                "name_vi": name_vi,
                "contacts": sum(is_contact(pair.truth_min) for pair in members),
                "rows": [_row(pair, report.rules) for pair in members],
            }
        )
    return groups


def _row(pair: PairVerdict, rules: Sequence[RuleLegend]) -> dict[str, Any]:
    return {
        "a": pair.a,
        "b": pair.b,
        "truth": f"{pair.truth_min:.1f}",
        "contact": is_contact(pair.truth_min),
        "outcome": outcome(pair, rules[0].name),
        "cells": [
            {"text": number(pair.value[rule.name]), "alert": pair.alert[rule.name]}
            for rule in rules
        ],
    }


def _accuracy(report: DemoReport) -> dict[str, Any]:
    names = [name for name in report.figures if name]
    by_rule = {
        name: {figures.rule: figures for figures in all_figures}
        for name, all_figures in report.figures.items()
    }
    scenarios = []
    for name in names:
        name_en, name_vi = scenario_words(name)
        any_rule = report.figures[name][0]
        scenarios.append(
            {
                "name_en": name_en,
                "name_vi": name_vi,
                "pairs": any_rule.pairs,
                "contacts": any_rule.contacts,
            }
        )
    rows = [
        {
            "rule": rule.name,
            **_interval(by_rule[""][rule.name]),
            "scenarios": [_share(by_rule[name][rule.name].auc) for name in names],
        }
        for rule in report.rules
    ]
    return {"scenarios": scenarios, "rows": rows}


def _interval(figures: RuleFigures) -> dict[str, Any]:
    if figures.auc is None or figures.interval is None:
        return {"auc": _share(figures.auc), "interval": EN_DASH, "bar": None}
    low, high = figures.interval
    return {
        "auc": _share(figures.auc),
        "interval": f"{low:.2f} {EN_DASH} {high:.2f}",
        "bar": {"low": _along(low), "at": _along(figures.auc), "high": _along(high)},
    }


def _along(auc: float) -> float:
    share = max(auc - BAR_FROM, 0) / (1 - BAR_FROM)
    return round(share * BAR_WIDTH, 1)


def _share(value: float | None) -> str:
    return EN_DASH if value is None else f"{value:.2f}"


def number(value: float) -> str:
    """Return a rule's number as a table shows it."""
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"


def _layout() -> dict[str, Any]:
    return {
        "left": pair_chart.LEFT,
        "right": pair_chart.RIGHT,
        "height": pair_chart.HEIGHT,
        "signal": pair_chart.SIGNAL,
        "dose": pair_chart.DOSE,
        "distance": pair_chart.DISTANCE,
    }


def _size(*, with_roc: bool) -> dict[str, Any]:
    return {
        "width": rule_chart.WIDTH,
        "height": rule_chart.HEIGHT,
        "left": rule_chart.LEFT,
        "contacts": rule_chart.CONTACTS,
        "others": rule_chart.OTHERS,
        "roc": rule_chart.ROC_SIDE,
        "with_roc": with_roc,
    }
