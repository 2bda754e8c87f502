"""Whole evaluations on campaigns that can be worked out by hand."""

from dataclasses import replace

import numpy as np
import pytest

from proximity.errors import EvaluationError
from proximity.research.evaluation import evaluate
from proximity.research.evaluation.evaluate import Settings, evaluate_all
from proximity.research.evaluation.fitted_scorers import LogisticFit, LogisticScorer
from proximity.research.evaluation.grid import grid_questions
from proximity.research.evaluation.scorer import Answers, Calibrates, Knowledge, Unit
from proximity.research.evaluation.scorers import find
from proximity.research.evaluation.splits import Fold, Split


class ByHeart:
    """Learns every case by heart, by its strength of signal."""

    name = "by-heart"
    calibrates = Calibrates.NEVER

    def threshold(self, unit):
        """Decide at one half."""
        return 0.5

    def fit(self, cases, positive):
        """Return what knows these cases and no other."""
        seen = {
            case.sightings.rssi_dbm.tobytes(): float(label)
            for case, label in zip(cases, positive, strict=True)
        }
        return Recalls(seen)


class Recalls:
    """Says what it has seen, and one half of the rest."""

    def __init__(self, seen):
        self.seen = seen

    def answer(self, cases):
        """Look each case up."""
        keys = [case.sightings.rssi_dbm.tobytes() for case in cases]
        return Answers(np.array([self.seen.get(key, 0.5) for key in keys]))


@pytest.fixture
def many_runs(many):
    found = grid_questions(many, Knowledge.MODEL)
    return [q for q in found if q.unit is Unit.RUN and not q.self_calibrated]


@pytest.fixture
def runs(grid):
    return [q for q in grid_questions(grid, Knowledge.MODEL) if q.unit is Unit.RUN]


def test_within_a_collection_signal_is_perfect_and_pooled_it_is_not(runs):
    alone, together = evaluate_all(
        runs, [find("mean-attenuation"), find("centred-attenuation")], Settings()
    )
    figures = alone.scorers["mean-attenuation"].figures

    # 4 near and 4 far runs: the near ones of the weak collection lose to the far ones
    # of the strong one, 4 of 16 comparisons.
    assert figures.auc == 12 / 16
    assert figures.stratified_auc == 1
    assert together.scorers["centred-attenuation"].figures.auc == 1


def test_a_scorer_that_needs_more_is_not_asked_without(runs):
    alone, _ = evaluate_all(runs, [find("centred-attenuation")], Settings())

    assert alone.scorers["centred-attenuation"].figures.auc is None
    assert alone.answers == {}


def test_a_scorer_that_never_looks_beyond_is_asked_once(runs, constant):
    scorer = constant()
    scorer.calibrates = Calibrates.NEVER
    alone, together = evaluate_all(runs, [scorer], Settings())

    assert len(scorer.asked) == 8
    assert alone.answers["constant"] is together.answers["constant"]


def test_a_scorer_that_may_look_is_asked_twice(runs, constant):
    scorer = constant()
    list(evaluate_all(runs, [scorer], Settings()))

    assert len(scorer.asked) == 8 + 2


def test_the_first_scorer_is_the_reference(runs):
    names = ["mean-attenuation", "packet-count"]
    alone, _ = evaluate_all(runs, [find(name) for name in names], Settings())

    (comparison,) = alone.comparisons
    assert (comparison.scorer, comparison.reference) == tuple(reversed(names))


def test_a_fit_never_sees_what_it_answers(runs, monkeypatch):
    seen = []

    def fit(self, cases, positive):
        seen.append({case.sightings.rssi_dbm[0] for case in cases})
        return LogisticScorer("logistic-attenuation", 0.0, -1.0, 70.0)

    monkeypatch.setattr(LogisticFit, "fit", fit)
    list(evaluate_all(runs[:1], [LogisticFit()], Settings()))

    # One fold a collection, the other collection in training, also for labels that
    # were dealt out.
    fits = 1 + evaluate.REFITS
    assert seen == [{-80, -82, -90, -92}] * fits + [{-60, -62, -70, -72}] * fits


def test_held_out_probabilities_of_an_alien_collection_are_poor(runs):
    (alone,) = evaluate_all(runs[:1], [LogisticFit()], Settings())
    figures = alone.scorers["logistic-attenuation"].figures

    assert figures.stratified_auc == 1
    # 20 dB stand between the collections.
    assert figures.brier_skill < 0


def test_nothing_can_be_fitted_on_a_single_collection(grid):
    lone = replace(grid, collections=grid.collections[:1])
    asked = grid_questions(lone, Knowledge.MODEL)
    scorers = [LogisticFit(), find("mean-attenuation")]

    result = next(evaluate_all(asked, scorers, Settings()))

    assert result.scorers["logistic-attenuation"].figures.auc is None
    assert result.scorers["mean-attenuation"].figures.auc == 1


def test_phones_cannot_be_left_out_of_a_grid(runs):
    with pytest.raises(ValueError, match="phone"):
        list(evaluate_all(runs, [LogisticFit()], Settings(split=Split.PHONE)))


@pytest.mark.parametrize(
    "value",
    [(np.nan,), (np.inf,), (0.5, 1.5), (0.5, -0.1), (0.5, 0.5, -1.0), (0.5, np.nan)],
)
def test_an_answer_that_is_no_number_is_refused(runs, constant, value):
    with pytest.raises(EvaluationError, match="constant"):
        list(evaluate_all(runs, [constant(*value)], Settings()))


def test_too_few_answers_are_refused(runs, constant, monkeypatch):
    monkeypatch.setattr(constant, "answer", lambda *_: Answers(np.zeros(0)))

    with pytest.raises(EvaluationError):
        list(evaluate_all(runs, [constant()], Settings()))


def test_dealt_out_labels_give_one_half(runs):
    alone, _ = evaluate_all(runs, [find("mean-attenuation")], Settings())

    shuffled = alone.scorers["mean-attenuation"].shuffled_auc
    assert shuffled == pytest.approx(0.5, abs=0.08)


def test_an_evaluation_that_can_tell_dealt_out_labels_stops(runs, monkeypatch):
    monkeypatch.setattr(
        evaluate, "shuffled_aucs", lambda *_: np.linspace(0.6, 0.7, 200)
    )

    with pytest.raises(EvaluationError, match="random"):
        list(evaluate_all(runs, [find("mean-attenuation")], Settings()))


def test_a_fit_to_dealt_out_labels_gives_one_half(many_runs):
    scorers = [LogisticFit(), find("mean-attenuation")]
    (alone,) = evaluate_all(many_runs, scorers, Settings())

    refitted = alone.scorers["logistic-attenuation"].refitted_auc
    assert refitted == pytest.approx(0.5, abs=0.1)
    # What is frozen is not fitted.
    assert alone.scorers["mean-attenuation"].refitted_auc is None


def test_learning_by_heart_is_worth_nothing_on_what_was_left_out(many_runs):
    (alone,) = evaluate_all(many_runs, [ByHeart()], Settings())

    result = alone.scorers["by-heart"]
    assert (result.figures.auc, result.refitted_auc) == (0.5, 0.5)


def test_a_fit_that_saw_what_it_answers_is_found_out(many_runs, monkeypatch):
    # A split that leaks: each fold is trained on what it answers.
    everything = tuple(range(len(many_runs[0].plans)))
    leak = [Fold("leak", everything, everything)]
    monkeypatch.setattr(evaluate, "folds", lambda *_: leak)

    with pytest.raises(EvaluationError, match=r"by-heart.*random"):
        list(evaluate_all(many_runs, [ByHeart()], Settings()))


def test_the_same_seed_gives_the_same_figures(runs):
    scorers = [find("mean-attenuation")]
    first, second = (list(evaluate_all(runs, scorers, Settings(seed=4))) for _ in "ab")

    assert [r.scorers for r in first] == [r.scorers for r in second]


def test_progress_names_what_is_asked(runs):
    lines = []
    list(evaluate_all(runs, [find("packet-count")], Settings(progress=lines.append)))

    assert lines == ["grid, run: packet-count"]


def test_nothing_asked_is_nothing_found(runs):
    (result,) = evaluate_all(
        [replace(runs[0], plans=())], [find("packet-count")], Settings()
    )

    assert result.scorers["packet-count"].figures.auc is None


class Says:
    """Answers the same of everything."""

    def __init__(self, score):
        self.score = float(score)

    def answer(self, cases):
        """Repeat."""
        return Answers(np.full(sum(len(case.asks) for case in cases), self.score))


class Refitted:
    """Remembers what it was made from, and asks whether it is asked about that."""

    name = "refitted"
    calibrates = Calibrates.NEVER

    def __init__(self):
        self.seen = []

    def threshold(self, unit):
        """Decide at one half."""
        return 0.5

    def refit(self, collections):
        """Return a scorer whose answers are the sizes of what was seen."""
        self.seen.append([each.name for each in collections])
        return Says(sum(len(c.sightings.t_ms) for c in collections))


def test_a_refit_never_sees_the_collection_it_is_asked_about(many, many_runs):
    scorer = Refitted()
    (result,) = evaluate_all(many_runs, [scorer], Settings())
    sizes = {c.name: len(c.sightings.t_ms) for c in many.collections}
    total = sum(sizes.values())
    asked = [item.stratum for plan in many_runs[0].plans for item in plan.items]

    assert sorted(map(sorted, scorer.seen)) == [
        ["bag", "hand"],
        ["bag", "pocket"],
        ["hand", "pocket"],
    ]
    # Each answer is that of the scorer made without its own collection.
    expected = [total - sizes[name] for name in asked]
    assert result.answers["refitted"].score.tolist() == expected


def test_where_too_little_is_left_a_refit_gives_nothing(many_runs):
    class TooFew(Refitted):
        def refit(self, collections):
            raise EvaluationError("too few", "Give more.")

    (result,) = evaluate_all(many_runs, [TooFew()], Settings())

    assert result.scorers["refitted"].figures.auc is None
