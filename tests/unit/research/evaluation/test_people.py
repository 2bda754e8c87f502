"""Pairs and windows: who counts, and what may be seen."""

from dataclasses import replace

import numpy as np
import pytest

from proximity.research.datasets.signals import Dataset
from proximity.research.evaluation.people import View, people_questions
from proximity.research.evaluation.scorer import Knowledge, Unit


@pytest.fixture
def asked(people):
    def ask(collection=people, **view):
        dataset = Dataset("dp3t", (collection,), people=True)
        questions = people_questions(dataset, View(**view))
        return {(q.unit, q.self_calibrated): q for q in questions}

    return ask


def test_four_sets_are_asked(asked):
    assert set(asked()) == {
        (unit, calibrated)
        for unit in (Unit.PAIR, Unit.WINDOW)
        for calibrated in (False, True)
    }


def test_fifteen_minutes_within_two_metres_is_a_contact(asked):
    truth = asked()[Unit.PAIR, False].truth()

    assert truth.positive.tolist() == [True, False, False]
    assert truth.minutes.tolist() == pytest.approx([20, 0, 0])


def test_a_pair_seen_for_less_than_five_minutes_is_not_asked_about(asked, people):
    x = people.tracks.x_m.copy()
    x[2, 70:] = np.nan
    hidden = replace(people, tracks=people.tracks._replace(x_m=x))

    assert len(asked(hidden)[Unit.PAIR, False].plans) == 1


def test_a_window_lasts_four_minutes(asked):
    truth = asked()[Unit.WINDOW, False].truth()

    assert len(truth.positive) == 15
    assert truth.positive.sum() == 5
    # Before the first packet, and after the last, the phones are not known to be on.
    assert truth.minutes[truth.positive][1:4] == pytest.approx([4] * 3)


def test_items_are_the_same_with_and_without_self_calibration(asked):
    questions = asked()
    for unit in (Unit.PAIR, Unit.WINDOW):
        alone, together = (questions[unit, c].truth() for c in (False, True))
        assert alone.positive.tolist() == together.positive.tolist()
        assert alone.cluster.tolist() == together.cluster.tolist()


def test_alone_only_the_pair_itself_is_seen(asked):
    for plan in asked()[Unit.PAIR, False].plans:
        case = plan.make()
        (ask,) = case.asks
        links = set(zip(case.sightings.receiver, case.sightings.sender, strict=True))
        assert links == {(ask.a, ask.b), (ask.b, ask.a)}


def test_self_calibrated_both_logs_are_seen_and_never_a_third_one(asked):
    for plan in asked()[Unit.PAIR, True].plans:
        case = plan.make()
        (ask,) = case.asks
        assert set(case.sightings.receiver) == {ask.a, ask.b}
        assert set(case.sightings.sender) == {0, 1, 2}


@pytest.mark.parametrize("calibrated", [False, True])
def test_one_device_sees_its_own_log_alone(asked, calibrated):
    plans = asked(one_device=True)[Unit.PAIR, calibrated].plans

    assert len(plans) == 6
    for plan in plans:
        case = plan.make()
        assert set(case.sightings.receiver) == {case.asks[0].a}


def test_a_window_alone_shows_nothing_of_other_times(asked):
    for plan in asked()[Unit.WINDOW, False].plans:
        case = plan.make()
        (ask,) = case.asks
        assert case.sightings.t_ms.min() >= ask.start_ms
        assert case.sightings.t_ms.max() <= ask.end_ms
        assert case.listening[ask.a].min() >= ask.start_ms


def test_a_phone_is_one_cluster_in_every_scenario(people):
    twice = Dataset("dp3t", (people, replace(people, name="party")), people=True)
    truth = people_questions(twice, View())[0].truth()

    assert truth.strata == ("lunch", "party")
    assert truth.cluster.max() == 2


def test_models_are_seen_only_where_they_are_known(asked):
    for knowledge, model in ((Knowledge.SIGNAL, ""), (Knowledge.MODEL, "model 0")):
        plan = asked(knowledge=knowledge)[Unit.PAIR, False].plans[0]
        assert plan.make().devices[0].model == model


def test_no_sightings_leave_nothing_to_ask(asked, people):
    none = np.zeros(len(people.sightings.t_ms), bool)
    silent = replace(
        people,
        sightings=type(people.sightings)._make(c[none] for c in people.sightings),
        distance_m=people.distance_m[none],
    )

    assert all(not q.plans for q in asked(silent).values())


def test_a_pair_is_asked_about_no_longer_than_its_distance_is_known(asked, people):
    """The phones were on before the cameras and after them."""
    some = slice(60, 200)
    filmed = people.tracks._make(column[..., some] for column in people.tracks)
    plans = asked(replace(people, tracks=filmed))[Unit.PAIR, True].plans
    asks = [ask for plan in plans for ask in plan.make().asks]

    assert len(asks) == 3
    assert {(ask.start_ms, ask.end_ms) for ask in asks} == {
        (filmed.t_ms[0], filmed.t_ms[-1])
    }
    assert filmed.t_ms[0] > people.sightings.t_ms[0]
