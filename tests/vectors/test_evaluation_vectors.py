"""Figures of an evaluation, worked out by hand."""

import json
from pathlib import Path

import numpy as np
import pytest

from proximity.research.evaluation.figures import Scored, figures_of
from proximity.research.evaluation.questions import Truth
from proximity.research.evaluation.scorer import Answers

VECTORS = json.loads((Path(__file__).parent / "evaluation.json").read_text("utf-8"))


def figures(answers, *, threshold=None, positive=None, minutes=None):
    n = len(answers.score)
    truth = Truth(
        np.array([False] * n if positive is None else positive),
        np.array([0.0] * n if minutes is None else minutes, float),
        np.zeros(n, np.int64),
        ("all",),
        np.arange(n)[:, None],
    )
    return figures_of(Scored(answers, threshold), truth, np.ones((1, n)))


def assert_figures(found, vector, *names):
    for name in names:
        assert getattr(found, name) == pytest.approx(vector[name], abs=1e-12), name


def test_ranking_and_decision_agree_with_the_vector():
    vector = VECTORS["ranking"]
    answers = Answers(np.array(vector["score"], float))

    found = figures(answers, threshold=vector["threshold"], positive=vector["positive"])

    assert_figures(found, vector, "auc", "tpr", "fpr", "ndcf")


@pytest.mark.parametrize("vector", VECTORS["probabilities"], ids=lambda v: v["why"])
def test_probabilities_agree_with_the_vector(vector):
    probability = np.array(vector["probability"])
    found = figures(Answers(probability, probability), positive=vector["positive"])

    names = {"brier", "brier_skill", "ece"} & set(vector)
    assert names
    assert_figures(found, vector, *names)


def test_minutes_agree_with_the_vector():
    vector = VECTORS["minutes"]
    estimate = np.array(vector["estimate"], float)

    found = figures(Answers(estimate, minutes=estimate), minutes=vector["truth"])

    assert_figures(found, vector, "minutes_mae")
