"""Figures of one scorer, and the comparison of two."""

import numpy as np

from proximity.research.evaluation.figures import Scored, compare, figures_of
from proximity.research.evaluation.questions import Truth
from proximity.research.evaluation.resampling import draw_clusters
from proximity.research.evaluation.scorer import Answers

POSITIVE = np.array([True, True, False, False] * 10)
TRUTH = Truth(
    POSITIVE,
    POSITIVE * 20.0,
    np.repeat([0, 1], 20),
    ("lunch", "party"),
    np.arange(40)[:, None] % 8,
)
WEIGHT = draw_clusters(TRUTH.cluster, np.random.default_rng(0))
BEST = np.where(POSITIVE, 2.0, 1.0)


def test_a_perfect_score_is_perfect_in_every_way():
    figures = figures_of(
        Scored(Answers(BEST, POSITIVE * 1.0, POSITIVE * 20.0), 1.5), TRUTH, WEIGHT
    )

    assert (figures.auc, figures.stratified_auc) == (1, 1)
    assert (figures.tpr, figures.fpr, figures.ndcf) == (1, 0, 0)
    assert (figures.brier, figures.brier_skill, figures.ece) == (0, 1, 0)
    assert figures.minutes_mae == 0
    assert figures.by_stratum == {"lunch": 1, "party": 1}
    assert figures.intervals["auc"] == (1, 1)


def test_what_a_scorer_does_not_give_is_none():
    figures = figures_of(Scored(Answers(BEST), None), TRUTH, WEIGHT)

    assert figures.auc == 1
    for name in ("tpr", "fpr", "ndcf", "brier", "brier_skill", "ece", "minutes_mae"):
        assert getattr(figures, name) is None


def test_every_figure_comes_with_an_interval():
    noisy = BEST + np.random.default_rng(0).normal(size=40)
    probability = 1 / (1 + np.exp(-noisy))
    figures = figures_of(
        Scored(Answers(noisy, probability, noisy * 0), 1), TRUTH, WEIGHT
    )

    for name, interval in figures.intervals.items():
        low, high = interval
        assert low <= high, name
        if name != "ece":
            assert low <= getattr(figures, name) <= high, name


def test_a_single_cluster_has_no_interval():
    lone = TRUTH._replace(cluster=np.zeros((40, 1), np.int64))
    figures = figures_of(Scored(Answers(BEST), 1.5), lone, np.ones((1_000, 40)))

    assert figures.auc == 1
    assert set(figures.intervals.values()) == {None}


def test_one_class_alone_has_no_area():
    near = TRUTH._replace(positive=np.ones(40, bool))

    assert figures_of(Scored(Answers(BEST), None), near, WEIGHT).auc is None


def test_two_scorers_are_compared_draw_by_draw():
    generator = np.random.default_rng(1)
    noise = generator.normal(size=40)
    scored = {
        "first": Scored(Answers(BEST + noise), None),
        "same": Scored(Answers(2 * (BEST + noise)), None),
        "best": Scored(Answers(BEST), None),
    }

    same, best = compare(scored, TRUTH, WEIGHT)

    assert (same.scorer, same.reference) == ("same", "first")
    # The same order on every draw: no difference, however wide each interval is.
    assert same.gain["auc"] == 0
    assert same.intervals["auc"] == (0, 0)
    assert best.gain["auc"] > 0
    assert best.intervals["auc"][0] > 0


def test_only_what_both_give_is_compared():
    scored = {
        "plain": Scored(Answers(BEST), None),
        "probable": Scored(Answers(BEST, np.full(40, 0.5)), None),
    }

    (comparison,) = compare(scored, TRUTH, WEIGHT)

    assert set(comparison.gain) == {"auc", "stratified_auc"}


def test_one_scorer_is_compared_with_nobody():
    assert list(compare({"one": Scored(Answers(BEST), None)}, TRUTH, WEIGHT)) == []
