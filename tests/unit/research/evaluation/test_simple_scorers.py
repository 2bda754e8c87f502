"""The simple methods, worked out by hand."""

import numpy as np
import pytest

from proximity.research.datasets.signals import Dataset
from proximity.research.evaluation.grid import grid_questions
from proximity.research.evaluation.people import View, people_questions
from proximity.research.evaluation.scorer import Calibrates, Knowledge, Unit
from proximity.research.evaluation.simple_scorers import SILENT_DB, simple_scorers


@pytest.fixture
def score():
    known = {scorer.name: scorer for scorer in simple_scorers()}
    return lambda name, *cases: known[name].answer(cases).score.tolist()


def test_packets_of_both_directions_are_counted(case, score):
    assert score("packet-count", case([(0, 0, -60), (1, 1, -70), (2, 0, 0)])) == [3]


def test_directions_are_averaged_after_their_own_mean(case, score):
    one = case([(0, 0, -60), (10, 0, -62), (20, 0, -64), (1, 1, -80)])

    assert score("mean-attenuation", one) == [-(62 + 80) / 2]


def test_the_median_shrugs_at_one_wild_value(case, score):
    one = case([(0, 0, -60), (10, 0, -61), (20, 0, -110)])

    assert score("median-attenuation", one) == [-61]


@pytest.mark.parametrize("name", ["mean-attenuation", "median-attenuation"])
def test_silence_is_farther_than_anything(case, score, name):
    assert score(name, case([]), case([(0, 0, 127)])) == [-SILENT_DB] * 2


def test_german_minutes_weigh_scans_by_their_smallest_attenuation(case, score):
    # Scans of 210 s: the first is near, the second half near, the third far.
    rows = [(5, 0, -55), (9, 0, -90), (215, 0, -63), (425, 0, -64)]

    assert score("german-minutes", case(rows)) == [pytest.approx(3.5 * 1.5)]


def test_german_minutes_take_the_direction_that_has_more(case, score):
    rows = [(5, 0, -50), (5, 1, -50), (215, 1, -50)]

    assert score("german-minutes", case(rows)) == [pytest.approx(7.0)]
    assert score("german-minutes", case([])) == [0]


def test_german_minutes_are_minutes(case):
    (german,) = (s for s in simple_scorers() if s.name == "german-minutes")
    answers = german.answer([case([(5, 0, -50)])])

    assert answers.minutes is not None
    assert answers.minutes.tolist() == answers.score.tolist()


def test_centring_takes_out_what_a_whole_collection_shares(grid, score):
    cases = [q for q in grid_questions(grid, Knowledge.MODEL) if q.unit is Unit.RUN]
    hand, pocket = (plan.make() for plan in cases[1].plans)

    assert score("centred-attenuation", hand) == score("centred-attenuation", pocket)
    assert score("mean-attenuation", hand) != score("mean-attenuation", pocket)
    assert score("centred-attenuation", hand) == [6, 4, -4, -6]


def test_centring_compares_a_link_with_the_others_of_its_receiver(people, score):
    dataset = Dataset("dp3t", (people,), people=True)
    pairs = next(
        q
        for q in people_questions(dataset, View())
        if q.self_calibrated and q.unit is Unit.PAIR
    )
    near, far = (plan.make() for plan in pairs.plans[:2])

    # 0 and 1 each hear one at 60 dB and one at 80 dB; 2 hears both at 80 dB.
    assert score("centred-attenuation", near) == [10]
    assert score("centred-attenuation", far) == [pytest.approx(-5)]


def test_only_centring_looks_beyond_its_link():
    looks = {s.name for s in simple_scorers() if s.calibrates is Calibrates.ALWAYS}

    assert looks == {"centred-attenuation"}


def test_answers_do_not_depend_on_what_comes_with_a_case(case):
    cases = [case([(0, 0, -60)]), case([]), case([(0, 1, -75), (1, 0, -80)])]
    for scorer in simple_scorers():
        together = scorer.answer(cases).score
        apart = np.concatenate([scorer.answer([one]).score for one in cases])
        assert together.tolist() == apart.tolist()
