"""The estimator as a scorer: what it may use, and what it answers."""

import sys
from dataclasses import replace

import numpy as np
import pytest

from proximity.errors import MissingExtraError
from proximity.ranging.population import default_parameters
from proximity.research.datasets.signals import Dataset, Device
from proximity.research.evaluation.default_scorer import DefaultRefit, default_scorer
from proximity.research.evaluation.grid import grid_questions
from proximity.research.evaluation.people import View, people_questions
from proximity.research.evaluation.scorer import Ask, Knowledge, Unit


def cases_of(questions):
    return [plan.make() for plan in questions.plans]


@pytest.fixture
def pairs(people):
    dataset = Dataset("dp3t", (people,), people=True)
    asked = people_questions(dataset, View())
    return {(q.unit, q.self_calibrated): cases_of(q) for q in asked}


@pytest.fixture
def runs(grid):
    asked = grid_questions(grid, Knowledge.MODEL)
    return {(q.unit, q.self_calibrated): cases_of(q) for q in asked}


@pytest.mark.parametrize("unit", [Unit.PAIR, Unit.WINDOW])
@pytest.mark.parametrize("calibrated", [False, True])
def test_the_pair_at_one_table_is_likelier_than_the_others(pairs, unit, calibrated):
    cases = pairs[unit, calibrated]
    answers = default_scorer().answer(cases)
    asks = [ask for case in cases for ask in case.asks]
    near = np.array([{ask.a, ask.b} == {0, 1} for ask in asks])

    assert answers.score[near].min() > answers.score[~near].max()
    assert (answers.score == answers.probability).all()


@pytest.mark.parametrize("unit", [Unit.RUN, Unit.MINUTE])
@pytest.mark.parametrize("calibrated", [False, True])
def test_answers_on_a_grid_are_probabilities(runs, unit, calibrated):
    cases = runs[unit, calibrated]
    answers = default_scorer().answer(cases)

    assert len(answers.probability) == sum(len(case.asks) for case in cases)
    assert ((answers.probability >= 0) & (answers.probability <= 1)).all()
    assert (answers.minutes >= 0).all()


def test_seen_together_the_weak_runs_of_a_weak_group_are_as_near(runs):
    alone = default_scorer().answer(runs[Unit.RUN, False]).probability
    together = default_scorer().answer(runs[Unit.RUN, True]).probability

    # The second group is 20 dB weaker throughout; that is no distance.
    assert (
        np.abs(together[:4] - together[4:]).max() < np.abs(alone[:4] - alone[4:]).max()
    )


def test_an_answer_is_the_same_whatever_comes_with_it(pairs):
    cases = pairs[Unit.WINDOW, True]
    together = default_scorer().answer(cases).probability
    alone = [default_scorer().answer([case]).probability for case in cases]

    assert together.tolist() == np.concatenate(alone).tolist()


def test_of_no_cases_there_are_no_answers():
    score, probability, minutes, distance = default_scorer().answer([])

    assert (len(score), len(probability), len(minutes)) == (0, 0, 0)
    assert distance is None


def test_of_what_was_not_heard_during_the_time_asked_nothing_is_near(case):
    heard = case([(t, t % 2, -60) for t in range(0, 600, 20)])
    ask = heard.asks[0]._replace(start_ms=heard.asks[0].start_ms + 900_000)
    later = replace(heard, asks=(ask,))

    assert default_scorer().answer([heard]).minutes[0] > 1
    assert default_scorer().answer([later]).minutes.tolist() == [0.0]
    assert default_scorer().answer([case([])]).probability.tolist() == [0.0]


def test_the_same_phones_before_the_time_asked_calibrate_but_are_not_counted(case):
    rows = [(t, t // 20 % 2, -60) for t in range(0, 2_400, 20)]
    whole = case(rows, seconds=2_400)
    (ask,) = whole.asks
    late = replace(whole, asks=(ask._replace(start_ms=ask.start_ms + 1_200_000),))

    minutes = default_scorer().answer([whole, late]).minutes
    assert minutes[1] < 0.65 * minutes[0]


def test_a_power_that_is_not_calibrated_is_not_believed(case):
    rows = [(t, t // 20 % 2, -60) for t in range(0, 1_200, 20)]
    stated = replace(case(rows), calibrated_power=False)
    power = np.full(len(stated.sightings.t_ms), 20, np.float32)
    lying = replace(stated, sightings=stated.sightings._replace(tx_power_dbm=power))

    assert (
        default_scorer().answer([lying]).score
        == default_scorer().answer([stated]).score
    )


def test_a_known_model_changes_the_answer(case):
    rows = [(t, t // 20 % 2, -62) for t in range(0, 1_200, 20)]
    unknown = case(rows)
    weak, strong = (
        replace(unknown, devices=(Device("0"), Device("1", model)))
        for model in ("SM-G973F", "SM-A515F")
    )
    offsets = default_parameters().calibrated.models
    weak_db, strong_db = (sum(offsets[d.devices[1].model]) for d in (weak, strong))
    score = default_scorer().answer([weak, strong, unknown]).score

    assert weak_db > strong_db
    assert score[0] > score[1]
    assert len(set(score)) == 3


def test_how_a_phone_was_carried_changes_the_answer(runs):
    (first, *_) = runs[Unit.RUN, False]
    (ask,) = first.asks
    pocket = replace(first, asks=(ask._replace(carriage_b="rear pants pocket"),))
    scores = default_scorer().answer([first, pocket]).score

    # A pocket loses; what comes through it all the same is nearer.
    assert scores[1] > scores[0]


def test_two_asks_of_one_run_have_one_answer(runs):
    (first, *_) = runs[Unit.RUN, False]
    (ask,) = first.asks
    twice = replace(first, asks=(ask, Ask(*ask)))
    probability = default_scorer().answer([twice]).probability

    assert probability[0] == probability[1]


@pytest.mark.parametrize("unit", list(Unit))
def test_thresholds_are_frozen_and_those_of_the_default(unit):
    assert default_scorer().threshold(unit) == DefaultRefit().threshold(unit) == 0.5


def test_without_the_extra_a_refit_says_what_to_install(people, monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy", None)
    for name in list(sys.modules):
        if name.startswith(("scipy.", "proximity.research.fitting.")):
            monkeypatch.delitem(sys.modules, name)

    with pytest.raises(MissingExtraError) as caught:
        DefaultRefit().refit([people])
    assert "proximity[research]" in caught.value.hint


def test_expected_minutes_never_exceed_the_time_that_is_asked_about(pairs, runs):
    for cases in (*pairs.values(), *runs.values()):
        minutes = default_scorer().answer(cases).minutes
        asked = [
            (ask.end_ms - ask.start_ms + 1) / 60_000
            for case in cases
            for ask in case.asks
        ]

        assert (minutes <= np.array(asked) + 1e-9).all()
