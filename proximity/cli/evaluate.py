"""`proximity evaluate`: measured signals and scorers in, figures with intervals out."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Column, Table

from proximity.cli.console import JsonFlag, emit_json
from proximity.research.datasets.catalogue import KINDS, Source, load, parse_source
from proximity.research.datasets.signals import Dataset
from proximity.research.evaluation.episodes import episode_questions
from proximity.research.evaluation.evaluate import (
    AnyScorer,
    Result,
    Settings,
    evaluate_all,
)
from proximity.research.evaluation.figures import Comparison, Figures
from proximity.research.evaluation.grid import grid_questions
from proximity.research.evaluation.people import View, people_questions
from proximity.research.evaluation.questions import Questions
from proximity.research.evaluation.scorer import Knowledge
from proximity.research.evaluation.scorers import SIMPLE, find, names
from proximity.research.evaluation.splits import Split

_SCHEMA = "proximity/evaluate/v1"
# Of intervals, shuffles and episodes: the same figures every time.
SEED = 0
# The figures of each scorer, in this order.
FIGURES = (
    "auc",
    "auc_low",
    "auc_high",
    "tpr",
    "fpr",
    "ndcf",
    "brier",
    "brier_skill",
    "ece",
    "minutes_mae",
)


class Known(StrEnum):
    """What a scorer is told beside the sightings."""

    SIGNAL = "signal"
    MODEL = "model"
    CARRIAGE = "carriage"


# One parameter for each option: Typer reads them from the signature.
def evaluate(  # noqa: PLR0913
    *,
    dataset: Annotated[
        list[str],
        typer.Option(
            metavar="KIND:DIR",
            help=f"A folder of measured signals; KIND is one of: {', '.join(KINDS)}.",
        ),
    ],
    scorer: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help=f"One of: {', '.join(names())}. The first is the reference.",
            show_default=", ".join(SIMPLE),
        ),
    ] = None,
    one_device: Annotated[
        bool,
        typer.Option("--one-device", help="Of pairs, only what one of the two heard."),
    ] = False,
    coarse: Annotated[
        bool,
        typer.Option("--coarse", help="Of runs, only those at 6 ft and at 15 ft."),
    ] = False,
    episodes: Annotated[
        int,
        typer.Option(
            min=0, max=100_000, help="Draw so many mixtures of 1 to 5 runs as well."
        ),
    ] = 0,
    know: Annotated[
        Known,
        typer.Option(help="What is known beside signals; each includes those before."),
    ] = Known.MODEL,
    leave_out: Annotated[
        Split, typer.Option(help="What a fitted scorer has not seen when it answers.")
    ] = Split.COLLECTION,
    as_json: JsonFlag = False,
) -> None:
    """Tell how well scorers find contacts in measured signals."""
    sources = [_source(text) for text in dataset]
    scorers = [_scorer(name) for name in scorer or SIMPLE]
    knowledge = Knowledge[know.name]
    generator = np.random.default_rng(SEED)

    def ask(campaign: Dataset) -> list[Questions]:
        if campaign.people:
            view = View(knowledge, one_device=one_device)
            return people_questions(campaign, view)
        found = grid_questions(campaign, knowledge, coarse=coarse)
        if episodes:
            found += episode_questions(campaign, knowledge, episodes, generator)
        return found

    with _progress() as tell:
        settings = Settings(SEED, leave_out, tell)
        results = list(_results(sources, ask, scorers, settings))
    if as_json:
        emit_json(_SCHEMA, {"datasets": [_document(result) for result in results]})
    else:
        _print(results)


def _source(text: str) -> Source:
    try:
        return parse_source(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--dataset") from None


def _scorer(name: str) -> AnyScorer:
    if name not in names():
        message = f"no scorer {name!r}; there are {', '.join(names())}"
        raise typer.BadParameter(message, param_hint="--scorer")
    return find(name)


def _results(
    sources: Sequence[Source],
    ask: Callable[[Dataset], list[Questions]],
    scorers: Sequence[AnyScorer],
    settings: Settings,
) -> Iterator[Result]:
    for source in sources:
        settings.progress(f"reading {source.folder.name}")
        for campaign in load(source):
            try:
                yield from evaluate_all(ask(campaign), scorers, settings)
            except ValueError as error:
                # Phones cannot be left out where there are none.
                raise typer.BadParameter(str(error), param_hint="--leave-out") from None


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    console = Console(stderr=True)
    # Where nobody watches, even a progress that shows nothing leaves an empty line.
    hidden = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as shown:
        task = shown.add_task("reading")
        yield lambda text: shown.update(task, description=text)


def _document(result: Result) -> dict[str, Any]:
    questions = result.questions
    figures = {name: each.figures for name, each in result.scorers.items()}
    return {
        "name": questions.name,
        "unit": questions.unit.value,
        "self_calibrated": questions.self_calibrated,
        "n": len(result.truth.positive),
        "n_positive": int(np.count_nonzero(result.truth.positive)),
        "scorers": {name: _figures(each) for name, each in figures.items()},
        "intervals": {name: dict(each.intervals) for name, each in figures.items()},
        "stratified": {
            name: {"auc": each.stratified_auc, "by_stratum": dict(each.by_stratum)}
            for name, each in figures.items()
        },
        "fine_grain": {
            name: {"ndcf": dict(each.fine_ndcf), "intervals": dict(each.fine_intervals)}
            for name, each in figures.items()
        },
        "comparisons": [_comparison(each) for each in result.comparisons],
        "label_shuffle": {
            name: each.shuffled_auc for name, each in result.scorers.items()
        },
        "label_refit": {
            name: each.refitted_auc for name, each in result.scorers.items()
        },
    }


def _figures(figures: Figures) -> dict[str, float | None]:
    low, high = figures.intervals.get("auc") or (None, None)
    own = {"auc_low": low, "auc_high": high}
    return {
        name: own[name] if name in own else getattr(figures, name) for name in FIGURES
    }


def _comparison(comparison: Comparison) -> dict[str, Any]:
    return {
        "scorer": comparison.scorer,
        "reference": comparison.reference,
        "gain": dict(comparison.gain),
        "intervals": dict(comparison.intervals),
    }


def _print(results: Sequence[Result]) -> None:
    console = Console()
    before: Result | None = None
    for result in results:
        if before is not None and _repeats(result, before):
            console.print(f"{_title(result)}: the same, for no scorer looks there.\n")
            continue
        before = result
        console.print(_table(result))
        for name, each in result.scorers.items():
            if each.figures.fine_ndcf:
                console.print(_fine_sentence(name, each.figures), highlight=False)
        for comparison in result.comparisons:
            console.print(_sentence(comparison), highlight=False)
        console.print()
    console.print(
        "AUC: pooled over all items, 95 % interval with whole clusters drawn anew."
        " within: mean AUC of scenarios or collections, each alone. found, alarm: at"
        " the frozen threshold. skill, ECE: of probabilities. min: error in minutes.",
        style="dim",
    )


def _repeats(result: Result, before: Result) -> bool:
    """Whether the answers are those given without self-calibration."""
    return (
        result.questions.self_calibrated
        and result.questions.name == before.questions.name
        and result.questions.unit == before.questions.unit
        and result.answers.keys() == before.answers.keys()
        # Those of a scorer that looks nowhere else are handed on, not made again.
        and all(result.answers[name] is before.answers[name] for name in result.answers)
    )


def _title(result: Result) -> str:
    questions = result.questions
    seen = "with" if questions.self_calibrated else "without"
    return f"{questions.name}, {questions.unit}, {seen} self-calibration"


def _table(result: Result) -> Table:
    truth = result.truth
    columns = ("within", "found", "alarm", "nDCF", "skill", "ECE", "min")
    table = Table(
        Column("scorer", no_wrap=True),
        Column("AUC", no_wrap=True),
        *(Column(name, justify="right", no_wrap=True) for name in columns),
        title=f"{_title(result)}: {len(truth.positive)} items,"
        f" {int(np.count_nonzero(truth.positive))} positive",
        title_justify="left",
        box=None,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    for name, each in result.scorers.items():
        figures = each.figures
        table.add_row(
            name,
            _with_interval(figures.auc, figures.intervals.get("auc")),
            _number(figures.stratified_auc),
            _percent(figures.tpr),
            _percent(figures.fpr),
            _number(figures.ndcf),
            _number(figures.brier_skill),
            _number(figures.ece),
            _number(figures.minutes_mae, 1),
        )
    return table


def _sentence(comparison: Comparison) -> str:
    parts = [
        f"{label} {gain:+.3f}{_range(comparison.intervals.get(name))}"
        for name, label in (("auc", "AUC"), ("stratified_auc", "within"))
        if (gain := comparison.gain.get(name)) is not None
    ]
    against = f"{comparison.scorer} against {comparison.reference}"
    return f"{against}: {', '.join(parts) or 'nothing to compare'}"


def _fine_sentence(name: str, figures: Figures) -> str:
    parts = [f"{limit} {_number(cost)}" for limit, cost in figures.fine_ndcf.items()]
    return f"{name}, nDCF by limit in metres: {', '.join(parts)}"


def _range(interval: tuple[float, float] | None) -> str:
    return f" ({interval[0]:+.3f}..{interval[1]:+.3f})" if interval else ""


def _with_interval(value: float | None, interval: tuple[float, float] | None) -> str:
    if value is None or interval is None:
        return _number(value)
    low, high = (f"{bound:.2f}".removeprefix("0") for bound in interval)
    return f"{value:.3f} {low}-{high}"


def _number(value: float | None, decimals: int = 3) -> str:
    return "-" if value is None else f"{value:.{decimals}f}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.0f}%"
