"""Runs drawn together with a known chance of being near."""

from dataclasses import replace

import numpy as np
import pytest

from proximity.research.evaluation.episodes import episode_questions
from proximity.research.evaluation.scorer import Knowledge


@pytest.fixture
def drawn(grid):
    questions = episode_questions(grid, Knowledge.MODEL, 200, np.random.default_rng(0))
    return {q.name: q for q in questions}


def test_every_number_of_runs_comes_with_each_share_and_with_all(drawn):
    assert len(drawn) == 5 * 4
    assert {"grid/K=1/near=0.1", "grid/K=5/near=0.9", "grid/K=3"} <= set(drawn)
    assert all(q.self_calibrated for q in drawn.values())


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_runs_are_near_as_often_as_said(drawn, share):
    positive = drawn[f"grid/K=3/near={share}"].truth().positive

    assert positive.mean() == pytest.approx(share, abs=0.05)


def test_an_episode_shows_its_own_runs_alone(drawn):
    for plan in drawn["grid/K=2/near=0.5"].plans[:20]:
        case = plan.make()
        assert len(case.asks) == 2
        assert len(case.sightings.t_ms) == 180


def test_order_does_not_tell_which_run_is_near(drawn):
    mixed = [
        [item.positive for item in plan.items]
        for plan in drawn["grid/K=2/near=0.5"].plans
    ]

    assert [True, False] in mixed
    assert [False, True] in mixed


def test_five_near_runs_of_two_are_drawn_with_a_repeat(drawn):
    plan = next(
        plan
        for plan in drawn["grid/K=5/near=0.9"].plans
        if all(item.positive for item in plan.items)
    )

    assert len({ask.start_ms for ask in plan.make().asks}) == 2


def test_a_collection_of_one_class_takes_no_part(grid):
    near = grid.collections[0].segments[:2]
    lone = replace(grid, collections=(replace(grid.collections[0], segments=near),))

    assert episode_questions(lone, Knowledge.MODEL, 1, np.random.default_rng(0)) == []
