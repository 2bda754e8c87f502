"""Cases are made when they are needed; truth comes in columns."""

import pytest

from proximity.research.datasets.signals import Device
from proximity.research.evaluation import questions
from proximity.research.evaluation.questions import (
    Item,
    Links,
    Plan,
    batches,
    shown,
    truth_of,
)
from proximity.research.evaluation.scorer import Knowledge


def plan(*items, made=None):
    return Plan(lambda: made, items)


def test_truth_follows_the_asks():
    truth = truth_of(
        [
            plan(Item(True, 20.0, "lunch", ("1", "2"))),
            plan(
                Item(False, 0.0, "party", ("2", "3")),
                Item(False, 1.0, "lunch", ("1", "3")),
            ),
        ]
    )

    assert truth.positive.tolist() == [True, False, False]
    assert truth.minutes.tolist() == [20, 0, 1]
    assert truth.strata == ("lunch", "party")
    assert truth.stratum.tolist() == [0, 1, 0]
    assert truth.cluster.tolist() == [[0, 1], [1, 2], [0, 2]]


def test_no_questions_have_no_truth():
    assert truth_of([]).cluster.shape == (0, 1)


def test_cases_are_made_a_few_at_a_time(monkeypatch):
    monkeypatch.setattr(questions, "BATCH", 2)
    made = []
    plans = [Plan(lambda i=i: made.append(i) or i, ()) for i in range(5)]

    first = next(batches(plans))

    assert first == (0, 1)
    assert made == [0, 1]


def test_a_link_and_a_receiver_are_found_in_time_order(people):
    links = Links(people)

    link = links.take(links.of_link(0, 2))
    heard = links.take(links.of_receiver(0))

    assert len(link.t_ms) == 20
    assert set(link.receiver) == {0}
    assert set(link.sender) == {2}
    assert len(heard.t_ms) == 40
    assert all(heard.t_ms[1:] >= heard.t_ms[:-1])
    assert len(links.take().t_ms) == 0


@pytest.mark.parametrize(
    ("knowledge", "model"), [(Knowledge.SIGNAL, ""), (Knowledge.MODEL, "X")]
)
def test_devices_show_only_what_is_known(knowledge, model):
    (device,) = shown([Device("Alice's phone", "X")], knowledge)

    assert device == Device("device 0", model)
