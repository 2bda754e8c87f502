"""The figures of one scorer, with intervals, and the comparison of two."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from proximity.research.datasets.signals import Float64
from proximity.research.evaluation import metrics
from proximity.research.evaluation.fine_grain import fine_costs
from proximity.research.evaluation.questions import Truth
from proximity.research.evaluation.ranking import mean_over_strata, weighted_auc
from proximity.research.evaluation.resampling import interval_of
from proximity.research.evaluation.scorer import Answers

Interval = tuple[float, float]


class Scored(NamedTuple):
    """Answers, and the frozen threshold from which on they say "positive"."""

    answers: Answers
    threshold: float | None


@dataclass(frozen=True, slots=True)
class Figures:
    """What a scorer reached; None for what it cannot give or the data cannot tell.

    Attributes
    ----------
    auc : float | None
        Pooled over all items.
    tpr, fpr, ndcf : float | None
        At the frozen threshold.
    brier, brier_skill, ece : float | None
        Of probabilities.
    minutes_mae : float | None
    stratified_auc : float | None
        Mean over scenarios or collections, each alone.
    by_stratum : mapping of str to float | None
        Area under the curve of each.
    intervals : mapping of str to (float, float) | None
        95 % interval of each figure above by its name, clusters drawn anew.
    fine_ndcf : mapping of str to float | None
        Of estimated distances, by limit, and the mean; empty if there are none.
    fine_intervals : mapping of str to (float, float) | None
    """

    auc: float | None = None
    tpr: float | None = None
    fpr: float | None = None
    ndcf: float | None = None
    brier: float | None = None
    brier_skill: float | None = None
    ece: float | None = None
    minutes_mae: float | None = None
    stratified_auc: float | None = None
    by_stratum: Mapping[str, float | None] = field(default_factory=dict)
    intervals: Mapping[str, Interval | None] = field(default_factory=dict)
    fine_ndcf: Mapping[str, float | None] = field(default_factory=dict)
    fine_intervals: Mapping[str, Interval | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two scorers on the same items and the same draws.

    Attributes
    ----------
    scorer, reference : str
    gain : mapping of str to float | None
        Of "auc", "stratified_auc", "brier" and "minutes_mae", the figure of `scorer`
        less that of `reference`.
    intervals : mapping of str to (float, float) | None
    """

    scorer: str
    reference: str
    gain: Mapping[str, float | None]
    intervals: Mapping[str, Interval | None]


def figures_of(scored: Scored, truth: Truth, weight: Float64) -> Figures:
    """Return the figures of one scorer.

    Parameters
    ----------
    scored : Scored
    truth : Truth
        At least one item.
    weight : float64[r, n]
        From `draw_clusters`. With fewer than two clusters there are no intervals.
    """
    one = metrics.equal_weights(len(truth.positive))
    value = {name: _only(row) for name, row in _all(scored, truth, one).items()}
    intervals: dict[str, Interval | None] = dict.fromkeys(value)
    if _can_resample(truth):
        drawn = _all(scored, truth, weight)
        intervals = {
            name: interval_of(drawn[name]) if value[name] is not None else None
            for name in value
        }
    score = scored.answers.score
    by_stratum = {}
    for number, name in enumerate(truth.strata):
        mine = truth.stratum == number
        by_stratum[name] = _only(
            weighted_auc(score[mine], truth.positive[mine], one[:, mine])
        )
    fine = {name: _only(row) for name, row in _fine(scored, truth, one).items()}
    fine_intervals: dict[str, Interval | None] = dict.fromkeys(fine)
    if _can_resample(truth):
        drawn = _fine(scored, truth, weight)
        fine_intervals = {name: interval_of(row) for name, row in drawn.items()}
    return Figures(
        **value,
        by_stratum=by_stratum,
        intervals=intervals,
        fine_ndcf=fine,
        fine_intervals=fine_intervals,
    )


def compare(
    scored: Mapping[str, Scored], truth: Truth, weight: Float64
) -> Iterator[Comparison]:
    """Compare each scorer with the first one, draw by draw.

    Parameters
    ----------
    scored : mapping of str to Scored
    truth : Truth
    weight : float64[r, n]
    """
    names = list(scored)
    if len(names) < 2:
        return
    one = metrics.equal_weights(len(truth.positive))
    rows = one if not _can_resample(truth) else weight
    values = {name: _compared(scored[name], truth, one) for name in names}
    draws = {name: _compared(scored[name], truth, rows) for name in names}
    reference = names[0]
    for name in names[1:]:
        shared = [k for k in values[name] if k in values[reference]]
        yield Comparison(
            name,
            reference,
            {k: _only(values[name][k] - values[reference][k]) for k in shared},
            {
                k: interval_of(draws[name][k] - draws[reference][k])
                if _can_resample(truth)
                else None
                for k in shared
            },
        )


def _all(scored: Scored, truth: Truth, weight: Float64) -> dict[str, Float64]:
    """Return every figure under each row of weights."""
    answers, positive = scored.answers, truth.positive
    found = {"auc": weighted_auc(answers.score, positive, weight)}
    found["stratified_auc"] = mean_over_strata(
        answers.score, positive, truth.stratum, weight
    )
    if scored.threshold is not None:
        called = answers.score >= scored.threshold
        found["tpr"], found["fpr"] = metrics.rates(called, positive, weight)
        found["ndcf"] = metrics.detection_cost(found["tpr"], found["fpr"])
    if answers.probability is not None:
        given = answers.probability, positive, weight
        found["brier"] = metrics.brier(*given)
        found["brier_skill"] = metrics.brier_skill(*given)
        found["ece"] = metrics.calibration_error(*given)
    if answers.minutes is not None:
        found["minutes_mae"] = metrics.mean_error(
            answers.minutes, truth.minutes, weight
        )
    return found


def _fine(scored: Scored, truth: Truth, weight: Float64) -> dict[str, Float64]:
    """Return the costs of estimated distances under each row of weights."""
    estimated = scored.answers.distance_m
    if estimated is None or truth.distance_m is None:
        return {}
    return fine_costs(estimated, truth.distance_m, weight)


def _compared(scored: Scored, truth: Truth, weight: Float64) -> dict[str, Float64]:
    return {
        name: row
        for name, row in _all(scored, truth, weight).items()
        if name in ("auc", "stratified_auc", "brier", "minutes_mae")
    }


def _can_resample(truth: Truth) -> bool:
    return len(np.unique(truth.cluster)) >= 2


def _only(row: Float64) -> float | None:
    return float(row[0]) if np.isfinite(row[0]) else None
