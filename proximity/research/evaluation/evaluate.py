"""Questions and scorers in, figures with intervals and comparisons out."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from proximity.errors import EvaluationError
from proximity.research.datasets.signals import Bools, Float64
from proximity.research.evaluation.figures import (
    Comparison,
    Figures,
    Scored,
    compare,
    figures_of,
)
from proximity.research.evaluation.metrics import shuffled_aucs
from proximity.research.evaluation.questions import (
    Plan,
    Questions,
    Truth,
    batches,
    truth_of,
)
from proximity.research.evaluation.resampling import draw_clusters
from proximity.research.evaluation.scorer import (
    Answers,
    Calibrates,
    Case,
    FittedScorer,
    Scorer,
)
from proximity.research.evaluation.splits import Split, folds

SHUFFLES = 200
# So many standard errors from one half are no chance any more.
SHUFFLE_LIMIT = 5.0
AnyScorer = Scorer | FittedScorer


@dataclass(frozen=True, slots=True)
class ScorerResult:
    """What one scorer reached on one set of questions.

    Attributes
    ----------
    figures : Figures
        All None if the scorer cannot answer these questions.
    shuffled_auc : float | None
        Mean area under the curve for labels dealt out at random: one half.
    """

    figures: Figures
    shuffled_auc: float | None = None


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
    known: dict[tuple[str, str, str], Answers] = {}
    for questions in asked:
        answers: dict[str, Answers] = {}
        for scorer in scorers:
            if scorer.calibrates is Calibrates.ALWAYS and not questions.self_calibrated:
                continue
            key = questions.name, questions.unit, scorer.name
            if scorer.calibrates is Calibrates.NEVER and key in known:
                answers[scorer.name] = known[key]
                continue
            settings.progress(f"{questions.name}, {questions.unit}: {scorer.name}")
            answers[scorer.name] = known[key] = _answer(questions, scorer, settings)
        yield _result(questions, scorers, answers, settings)


def _answer(questions: Questions, scorer: AnyScorer, settings: Settings) -> Answers:
    if isinstance(scorer, Scorer):
        answers = _ask(questions.plans, scorer)
    else:
        positive = questions.truth().positive
        answers = _held_out(questions, scorer, settings.split, positive)
    _check(answers, scorer.name, len(questions.truth().positive))
    return answers


def _ask(plans: Sequence[Plan], scorer: Scorer) -> Answers:
    return _join([scorer.answer(cases) for cases in batches(plans)])


def _held_out(
    questions: Questions, scorer: FittedScorer, split: Split, positive: Bools
) -> Answers:
    """Answer each case by a fit on what shares nothing with it."""
    plans = questions.plans
    first = np.cumsum([0, *(len(plan.items) for plan in plans)])
    parts: dict[int, Answers] = {}
    for fold in folds(questions, split):
        if not fold.train:
            raise EvaluationError(
                f"nothing is left to fit {scorer.name} on without {fold.name}",
                "Fit on a campaign of several collections, or choose another scorer.",
            )
        cases: list[Case] = [plans[i].make() for i in fold.train]
        labels = [positive[first[i] : first[i + 1]] for i in fold.train]
        fitted = scorer.fit(cases, np.concatenate(labels))
        for i in fold.test:
            parts[i] = fitted.answer([plans[i].make()])
    return _join([parts[i] for i in range(len(plans))])


def _join(parts: Sequence[Answers]) -> Answers:
    def column(values: list[Float64 | None]) -> Float64 | None:
        known = [value for value in values if value is not None]
        return np.concatenate(known) if len(known) == len(values) and known else None

    return Answers(
        np.concatenate([np.zeros(0), *(part.score for part in parts)]),
        column([part.probability for part in parts]),
        column([part.minutes for part in parts]),
    )


def _check(answers: Answers, name: str, n: int) -> None:
    bounds = (
        (answers.score, -np.inf, np.inf),
        (answers.probability, 0.0, 1.0),
        (answers.minutes, 0.0, np.inf),
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
    answers: Mapping[str, Answers],
    settings: Settings,
) -> Result:
    truth = truth_of(questions.plans)
    generator = np.random.default_rng(settings.seed)
    # One draw for all scorers: so they can be compared pair by pair.
    weight = draw_clusters(truth.cluster, generator)
    found: dict[str, ScorerResult] = {}
    scored: dict[str, Scored] = {}
    for scorer in scorers:
        if scorer.name not in answers or len(truth.positive) == 0:
            found[scorer.name] = ScorerResult(Figures())
            continue
        mine = Scored(answers[scorer.name], scorer.threshold(questions.unit))
        scored[scorer.name] = mine
        found[scorer.name] = ScorerResult(
            figures_of(mine, truth, weight),
            _shuffled(mine.answers.score, truth, scorer.name, generator),
        )
    return Result(
        questions, truth, answers, found, tuple(compare(scored, truth, weight))
    )


def _shuffled(
    score: Float64, truth: Truth, name: str, generator: np.random.Generator
) -> float | None:
    aucs = shuffled_aucs(score, truth.positive, generator, SHUFFLES)
    if not np.all(np.isfinite(aucs)):
        return None
    mean = float(aucs.mean())
    error = float(aucs.std()) / np.sqrt(SHUFFLES)
    if abs(mean - 0.5) > SHUFFLE_LIMIT * error + 1e-12:
        raise EvaluationError(
            f"{name} tells labels that were dealt out at random ({mean:.3f})",
            "The evaluation itself is broken; do not believe any of its figures.",
        )
    return mean
