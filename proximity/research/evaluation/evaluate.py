"""Questions and scorers in, figures with intervals and comparisons out."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from proximity.errors import EvaluationError
from proximity.research.datasets.signals import Bools, Float64, Int64
from proximity.research.evaluation.figures import (
    Comparison,
    Figures,
    Scored,
    compare,
    figures_of,
)
from proximity.research.evaluation.metrics import (
    equal_weights,
    shuffled_aucs,
    stratified_chance_error,
)
from proximity.research.evaluation.questions import (
    Questions,
    Truth,
    batches,
    truth_of,
)
from proximity.research.evaluation.ranking import mean_over_strata
from proximity.research.evaluation.resampling import draw_clusters
from proximity.research.evaluation.scorer import (
    Answers,
    Calibrates,
    Case,
    FittedScorer,
    RefittedScorer,
    Scorer,
)
from proximity.research.evaluation.splits import Split, folds, without

SHUFFLES = 200
# A fitted scorer is fitted anew to each of so many shuffles.
REFITS = 20
# So many standard errors from one half are no chance any more.
SHUFFLE_LIMIT = 5.0
AnyScorer = Scorer | FittedScorer | RefittedScorer


@dataclass(frozen=True, slots=True)
class ScorerResult:
    """What one scorer reached on one set of questions.

    Attributes
    ----------
    figures : Figures
        All None if the scorer cannot answer these questions.
    shuffled_auc : float | None
        Mean area under the curve for labels dealt out at random: one half.
    refitted_auc : float | None
        Of a fitted scorer: mean stratified area under the curve when it is fitted to
        labels dealt out at random within each scenario or collection, and asked for
        them. Above one half, it has seen what it is asked about.
    """

    figures: Figures
    shuffled_auc: float | None = None
    refitted_auc: float | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What all scorers reached on one set of questions.

    Attributes
    ----------
    questions : Questions
    truth : Truth
    answers : mapping of str to Answers
        Of the scorers that answered.
    scorers : mapping of str to ScorerResult
    comparisons : tuple of Comparison
        Of each scorer that answered with the first one that did.
    """

    questions: Questions
    truth: Truth
    answers: Mapping[str, Answers]
    scorers: Mapping[str, ScorerResult]
    comparisons: tuple[Comparison, ...]


class Settings(NamedTuple):
    """How an evaluation is run.

    Attributes
    ----------
    seed : int
        Of the bootstrap and the shuffle: the same figures every time.
    split : Split
        What fitted scorers leave out.
    progress : callable
        Called with a line before each scorer begins.
    """

    seed: int = 0
    split: Split = Split.COLLECTION
    progress: Callable[[str], None] = lambda _: None


def evaluate_all(
    asked: Sequence[Questions], scorers: Sequence[AnyScorer], settings: Settings
) -> Iterator[Result]:
    """Ask every scorer every question.

    A scorer that never looks beyond its link is asked once, without
    self-calibration, and its answers stand for both; one that always does is not
    asked without. A fitted scorer is refitted for each fold of the split, and each
    item is answered by the fit that has not seen it.

    Parameters
    ----------
    asked : sequence of Questions
        Those with self-calibration follow those without, item for item.
    scorers : sequence of Scorer or FittedScorer
    settings : Settings

    Yields
    ------
    Result
        In the order of `asked`.

    Raises
    ------
    EvaluationError
        If a scorer answers with what is no number, or labels dealt out at random
        can be told.
    """
    known: dict[tuple[str, str, str], _Answered | None] = {}
    for questions in asked:
        found: dict[str, _Answered] = {}
        for scorer in scorers:
            if scorer.calibrates is Calibrates.ALWAYS and not questions.self_calibrated:
                continue
            key = questions.name, questions.unit, scorer.name
            if scorer.calibrates is not Calibrates.NEVER or key not in known:
                settings.progress(f"{questions.name}, {questions.unit}: {scorer.name}")
                known[key] = _answer(questions, scorer, settings)
            answered = known[key]
            if answered is not None:
                found[scorer.name] = answered
        yield _result(questions, scorers, found, settings)


class _Answered(NamedTuple):
    """Answers, and the mean areas under the curve for shuffled labels."""

    answers: Answers
    shuffled_auc: float | None
    refitted_auc: float | None = None


def _answer(
    questions: Questions, scorer: AnyScorer, settings: Settings
) -> _Answered | None:
    """Return the answers, or None where a scorer cannot be fitted."""
    truth = questions.truth()
    generator = np.random.default_rng(settings.seed)
    dealt: list[Bools] = []
    if isinstance(scorer, Scorer):
        asked = batches(questions.plans)
        parts = [_join([scorer.answer(cases) for cases in asked])]
    elif isinstance(scorer, RefittedScorer):
        parts = _refitted(questions, scorer, settings)
    else:
        dealt = [_dealt_within(truth, generator) for _ in range(REFITS)]
        parts = _held_out(questions, scorer, settings.split, [truth.positive, *dealt])
    if not parts:
        return None
    for each in parts:
        _check(each, scorer.name, len(truth.positive))
    answers = parts[0]
    aucs = shuffled_aucs(answers.score, truth.positive, generator, SHUFFLES)
    return _Answered(
        answers,
        _one_half(aucs, scorer.name),
        _one_half_refitted([p.score for p in parts[1:]], dealt, truth, scorer.name),
    )


def _refitted(
    questions: Questions, scorer: RefittedScorer, settings: Settings
) -> list[Answers]:
    """Answer each case by a scorer made from recordings without its own."""
    plans = questions.plans
    first = np.cumsum([0, *(len(plan.items) for plan in plans)])
    order, parts = [], []
    for fold in folds(questions, settings.split):
        rest = without(questions.collections, fold.left_out, settings.split)
        try:
            fitted = scorer.refit(rest)
        except EvaluationError:
            return []
        settings.progress(f"  fitted without {', '.join(fold.left_out)}")
        for cases in batches([plans[i] for i in fold.test]):
            parts.append(fitted.answer(cases))
        order += [np.arange(first[i], first[i + 1]) for i in fold.test]
    if not order:
        return []
    back = np.argsort(np.concatenate(order))
    return [_in_order(_join(parts), back)]


def _held_out(
    questions: Questions, scorer: FittedScorer, split: Split, labels: Sequence[Bools]
) -> list[Answers]:
    """Answer each case by a fit on what shares nothing with it.

    Returns answers for each of some labels; none where a fold leaves nothing to fit on.
    """
    plans = questions.plans
    first = np.cumsum([0, *(len(plan.items) for plan in plans)])

    def rows_of(chosen: Sequence[int]) -> Int64:
        return np.concatenate([np.arange(first[i], first[i + 1]) for i in chosen])

    # Once for all folds: of phones there are hundreds.
    cases: list[Case] = [plan.make() for plan in plans]
    order: list[Int64] = []
    parts: list[list[Answers]] = [[] for _ in labels]
    for fold in folds(questions, split):
        if not fold.train:
            return []
        train = [cases[i] for i in fold.train]
        test = [cases[i] for i in fold.test]
        order.append(rows_of(fold.test))
        rows = rows_of(fold.train)
        for positive, answered in zip(labels, parts, strict=True):
            answered.append(scorer.fit(train, positive[rows]).answer(test))
    back = np.argsort(np.concatenate([np.zeros(0, np.int64), *order]))
    return [_in_order(_join(answered), back) for answered in parts]


def _in_order(answers: Answers, order: Int64) -> Answers:
    # What is too short is refused later, by name.
    return Answers._make(
        column if column is None or len(column) != len(order) else column[order]
        for column in answers
    )


def _dealt_within(truth: Truth, generator: np.random.Generator) -> Bools:
    """Return the labels of each stratum in a random order."""
    dealt = truth.positive.copy()
    for number in range(len(truth.strata)):
        mine = truth.stratum == number
        dealt[mine] = generator.permutation(dealt[mine])
    return dealt


def _join(parts: Sequence[Answers]) -> Answers:
    def column(values: list[Float64 | None]) -> Float64 | None:
        known = [value for value in values if value is not None]
        return np.concatenate(known) if len(known) == len(values) and known else None

    return Answers(
        np.concatenate([np.zeros(0), *(part.score for part in parts)]),
        column([part.probability for part in parts]),
        column([part.minutes for part in parts]),
        column([part.distance_m for part in parts]),
    )


def _check(answers: Answers, name: str, n: int) -> None:
    bounds = (
        (answers.score, -np.inf, np.inf),
        (answers.probability, 0.0, 1.0),
        (answers.minutes, 0.0, np.inf),
        (answers.distance_m, 0.0, np.inf),
    )
    for values, low, high in bounds:
        if values is None:
            continue
        if len(values) != n or not np.all(
            np.isfinite(values) & (values >= low) & (values <= high)
        ):
            raise EvaluationError(
                f"{name} answers with what is no score, probability or time",
                "This is an error of the scorer, not of the data.",
            )


def _result(
    questions: Questions,
    scorers: Sequence[AnyScorer],
    answered: Mapping[str, _Answered],
    settings: Settings,
) -> Result:
    truth = truth_of(questions.plans)
    generator = np.random.default_rng(settings.seed)
    # One draw for all scorers: so they can be compared pair by pair.
    weight = draw_clusters(truth.cluster, generator)
    found: dict[str, ScorerResult] = {}
    scored: dict[str, Scored] = {}
    for scorer in scorers:
        mine = answered.get(scorer.name)
        if mine is None or len(truth.positive) == 0:
            found[scorer.name] = ScorerResult(Figures())
            continue
        given = Scored(mine.answers, scorer.threshold(questions.unit))
        scored[scorer.name] = given
        figures = figures_of(given, truth, weight)
        found[scorer.name] = ScorerResult(figures, mine.shuffled_auc, mine.refitted_auc)
    answers = {name: mine.answers for name, mine in answered.items()}
    comparisons = tuple(compare(scored, truth, weight))
    return Result(questions, truth, answers, found, comparisons)


def _one_half(aucs: Float64, name: str) -> float | None:
    """Return the mean, which must be one half within chance."""
    if not np.all(np.isfinite(aucs)):
        return None
    mean = float(aucs.mean())
    error = float(aucs.std()) / np.sqrt(len(aucs))
    if abs(mean - 0.5) > SHUFFLE_LIMIT * error + 1e-12:
        raise _told(name, mean)
    return mean


def _one_half_refitted(
    scores: Sequence[Float64], dealt: Sequence[Bools], truth: Truth, name: str
) -> float | None:
    one = equal_weights(len(truth.positive))
    aucs = [
        mean_over_strata(score, positive, truth.stratum, one)[0]
        for score, positive in zip(scores, dealt, strict=True)
    ]
    if not aucs or not np.all(np.isfinite(aucs)):
        return None
    mean = float(np.mean(aucs))
    error = stratified_chance_error(truth.positive, truth.stratum) / np.sqrt(len(aucs))
    # Below one half nothing leaks: what is left of a scenario when a phone is taken
    # out holds a little less of its labels.
    if mean - 0.5 > SHUFFLE_LIMIT * error + 1e-12:
        raise _told(name, mean)
    return mean


def _told(name: str, mean: float) -> EvaluationError:
    return EvaluationError(
        f"{name} tells labels that were dealt out at random ({mean:.3f})",
        "The evaluation itself is broken; do not believe any of its figures.",
    )
