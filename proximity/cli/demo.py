"""`proximity demo`: the straight line, on measured signals or a synthetic evening."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Column, Table

from proximity.cli.console import JsonFlag, emit_json
from proximity.cli.demo_story import air_fields, say_air, say_story, story_fields
from proximity.client.notification import (
    Notification,
    NotificationKind,
    render_notification,
)
from proximity.errors import DemonstrationError
from proximity.research.datasets.dp3t import (
    find_scenarios,
    load_scenario,
    recorded_world,
)
from proximity.research.demo_page import number, render_page
from proximity.research.demonstration import demonstrate
from proximity.research.evaluation import PairVerdict, RuleFigures
from proximity.research.evening import DEFAULT_SEED, synthetic_evening
from proximity.research.report import DemoReport
from proximity.research.truth import is_contact
from proximity.research.world import World
from proximity.scoring.config import DEFAULT_RULE
from proximity.units import day_of

_ALL = ""


def demo(
    *,
    recorded: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            file_okay=False,
            metavar="DIR",
            help="Measured signals: the folder dp3t_bt_measurements.",
        ),
    ] = None,
    page: Annotated[
        Path,
        typer.Option(dir_okay=False, metavar="FILE", help="Where the page goes."),
    ] = Path("proximity-demo.html"),
    seed: Annotated[
        int, typer.Option(min=0, help="Of the evening, the keys and the intervals.")
    ] = DEFAULT_SEED,
    scan_seconds: Annotated[
        int, typer.Option(min=1, max=3_600, help="Length of a recorded scan.")
    ] = 210,
    as_json: JsonFlag = False,
) -> None:
    """Show who was near a case: what left one phone, and what the others found out.

    Without --recorded, eight people spend a synthetic evening together; one case leads,
    then everyone in turn is the case. Keys, stores, exports, the server on loopback,
    matching, scoring and decisions are the real ones.
    """
    # Measured signals take a minute: what would stop the page shows before that.
    _require_writable(page)
    generator = np.random.default_rng(seed)
    worlds = _recorded(recorded, scan_seconds) if recorded else _evening(generator)
    report = _with_progress(worlds, generator, recorded=recorded is not None)
    _write_page(page, report)
    if as_json:
        emit_json("proximity/demo/v1", _fields(report, page))
    else:
        _say(report, page)
    _check(report)


def _evening(generator: np.random.Generator) -> Iterator[World]:
    # Yesterday, so that its keys may be published today.
    yield synthetic_evening(day_of(time.time()) - 1, generator)


def _recorded(directory: Path, scan_seconds: int) -> Iterator[World]:
    for files in find_scenarios(directory):
        yield recorded_world(load_scenario(files), scan_s=scan_seconds)


def _with_progress(
    worlds: Iterator[World], generator: np.random.Generator, *, recorded: bool
) -> DemoReport:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
    )
    console = Console(stderr=True)
    # Where nobody watches, even a progress that shows nothing leaves an empty line.
    hidden = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as shown:
        task = shown.add_task("listening")
        cases: dict[str, int] = {}

        def progress(name: str) -> None:
            cases[name] = cases.get(name, 0) + 1
            shown.update(
                task, description=f"{name}: {cases[name]} people were the case"
            )

        return demonstrate(worlds, generator, recorded=recorded, progress=progress)


def _require_writable(page: Path) -> None:
    with _page_errors():
        page.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=page.parent):
            pass


def _write_page(page: Path, report: DemoReport) -> None:
    with _page_errors():
        page.write_text(render_page(report), encoding="utf-8")


@contextmanager
def _page_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DemonstrationError(
            "The page could not be written.",
            f"Choose another place with --page ({error.strerror}).",
        ) from error


def _fields(report: DemoReport, page: Path) -> dict[str, Any]:
    pooled = report.figures[_ALL]
    return {
        "pairs": [
            {
                "a": pair.a,
                "b": pair.b,
                "scenario": pair.scenario,
                "truth_min": round(pair.truth_min, 3),
                "value": pair.value,
                "alert": pair.alert,
            }
            for pair in report.pairs
        ],
        "auc": {figures.rule: figures.auc for figures in pooled},
        "auc_interval": {figures.rule: figures.interval for figures in pooled},
        "true_positive_rate": {f.rule: f.true_positive_rate for f in pooled},
        "false_positive_rate": {f.rule: f.false_positive_rate for f in pooled},
        "case": None if report.story is None else story_fields(report.story),
        "air": None if report.air is None else air_fields(report.air),
        "page": str(page),
    }


def _say(report: DemoReport, page: Path) -> None:
    console = Console(highlight=False)
    if report.story is not None:
        say_story(report.story, console)
    if report.notice is not None:
        told = Notification(
            NotificationKind.EXPOSED, report.notice.day, report.notice.minutes
        )
        console.print(
            f"[bold]{report.notice.contact}[/bold] is told, on this phone only:"
        )
        for language in ("en", "vi"):
            console.print(f"  {render_notification(told, language).body}")
        console.print()
    if report.air is not None:
        say_air(report.air, console)
        console.print()
    if not report.recorded:
        console.print(_pair_table(report))
    console.print(_rule_table(report))
    console.print(f"The page: {page}", soft_wrap=True)


def _pair_table(report: DemoReport) -> Table:
    table = Table(
        Column("pair", no_wrap=True),
        "truth\nmin",
        *(legend.name.replace("-", "\n") for legend in report.rules),
        title="Everyone in turn is the case: truth, each rule's number, * = alert",
        padding=(0, 1, 0, 0),
    )
    for pair in sorted(report.pairs, key=lambda pair: -pair.truth_min):
        numbers = [
            number(pair.value[legend.name]) + ("*" if pair.alert[legend.name] else " ")
            for legend in report.rules
        ]
        style = "bold" if is_contact(pair.truth_min) else None
        name = f"{pair.a} \N{EN DASH} {pair.b}"
        table.add_row(name, f"{pair.truth_min:.1f}", *numbers, style=style)
    return table


def _rule_table(report: DemoReport) -> Table:
    pooled = report.figures[_ALL][0]
    table = Table(
        "scenario",
        "rule",
        "AUC",
        "95 % interval",
        "found",
        "false alarms",
        title=f"{pooled.pairs} pairs, {pooled.contacts} within 2 m for 15 min or more",
    )
    for scenario, rows in report.figures.items():
        if scenario and not report.recorded:
            continue
        for figures in rows:
            table.add_row(scenario or "all", figures.rule, *_cells(figures))
        table.add_section()
    return table


def _cells(figures: RuleFigures) -> tuple[str, ...]:
    interval = figures.interval
    return (
        _number(figures.auc),
        f"{interval[0]:.3f}..{interval[1]:.3f}" if interval else "-",
        _percent(figures.true_positive_rate),
        _percent(figures.false_positive_rate),
    )


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.0f} %"


def _check(report: DemoReport) -> None:
    """Refuse to call a run that does not show the line a success."""
    silent = [f.rule for f in report.figures[_ALL] if f.auc is None]
    if report.recorded and silent:
        raise DemonstrationError(
            f"There is no AUC for {', '.join(silent)}.",
            "Contacts and other pairs are both needed; check the folder.",
        )
    missed = [pair for pair in report.pairs if _is_missed(pair)]
    if not report.recorded and missed:
        raise DemonstrationError(
            f"{len(missed)} true contact(s) were missed by {DEFAULT_RULE}.",
            "Look at the pair on the page; try another --seed.",
        )


def _is_missed(pair: PairVerdict) -> bool:
    return is_contact(pair.truth_min) and not pair.alert[DEFAULT_RULE]
