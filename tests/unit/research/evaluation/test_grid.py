"""Runs and minutes: what is near, and what may be seen."""

from dataclasses import replace

import pytest

from proximity.research.evaluation.grid import grid_questions, stretches_of
from proximity.research.evaluation.scorer import Knowledge, Unit


def asked(dataset, knowledge=Knowledge.MODEL, **options):
    questions = grid_questions(dataset, knowledge, **options)
    return {(q.unit, q.self_calibrated): q for q in questions}


def test_six_feet_are_near(grid):
    truth = asked(grid)[Unit.RUN, False].truth()

    assert truth.positive.tolist() == [True, True, False, False] * 2
    assert truth.strata == ("hand", "pocket")
    assert truth.minutes[0] == pytest.approx(89 / 60)


def test_the_coarse_form_keeps_six_and_fifteen_feet(grid):
    truth = asked(grid, coarse=True)[Unit.RUN, False].truth()

    assert truth.positive.tolist() == [True, False] * 2


def test_a_run_of_ninety_seconds_holds_a_minute_and_half_of_one(grid):
    plans = asked(grid)[Unit.MINUTE, False].plans
    spans = [(p.make().asks[0].start_ms, p.make().asks[0].end_ms) for p in plans[:1]]

    # The second piece lasts 29 s: too short to count.
    assert len(plans) == 8
    assert [end - start for start, end in spans] == [59_999]


def test_alone_a_case_shows_its_own_run(grid):
    for plan in asked(grid)[Unit.RUN, False].plans:
        case = plan.make()
        assert len(case.sightings.t_ms) == 90


def test_self_calibrated_a_case_shows_its_collection(grid):
    plans = asked(grid)[Unit.RUN, True].plans

    assert [len(plan.items) for plan in plans] == [4, 4]
    assert [len(plan.make().sightings.t_ms) for plan in plans] == [360, 360]


def test_items_are_the_same_with_and_without_self_calibration(grid):
    questions = asked(grid)
    for unit in (Unit.RUN, Unit.MINUTE):
        alone, together = (questions[unit, c].truth() for c in (False, True))
        assert alone.positive.tolist() == together.positive.tolist()


def test_recordings_without_times_have_no_minutes(grid):
    untimed = replace(
        grid, collections=tuple(replace(c, timed=False) for c in grid.collections)
    )

    assert {unit for unit, _ in asked(untimed)} == {Unit.RUN}


def test_carriage_is_seen_only_where_it_is_known(grid):
    hand = grid.collections[0]
    placed = hand.segments[0].receiver_placement._replace(carriage="in hand")
    segments = tuple(replace(s, receiver_placement=placed) for s in hand.segments)
    dataset = replace(grid, collections=(replace(hand, segments=segments),))

    for knowledge, carriage in (
        (Knowledge.MODEL, ""),
        (Knowledge.CARRIAGE, "in hand"),
    ):
        plan = asked(dataset, knowledge)[Unit.RUN, False].plans[0]
        assert plan.make().asks[0].carriage_a == carriage


def test_segments_of_one_run_and_distance_are_one_stretch(grid):
    hand = grid.collections[0]
    same = tuple(replace(s, run="run", distance_m=1.0) for s in hand.segments[:2])
    other = tuple(replace(s, run="run") for s in hand.segments[2:])
    joined = replace(hand, segments=same + other)

    lengths = [len(s.segments) for s in stretches_of(joined, coarse=False)]

    assert lengths == [2, 1, 1]


def test_a_stated_class_stands_where_no_distance_is_given(grid):
    hand = grid.collections[0]
    stated = replace(
        hand,
        segments=tuple(
            replace(s, distance_m=None, close=i == 3)
            for i, s in enumerate(hand.segments)
        ),
    )
    found = stretches_of(stated, coarse=True)

    assert [each.close for each in found] == [False, False, False, True]


def test_listening_is_told_once_however_many_phones_were_heard(grid):
    hand = grid.collections[0]
    both = (hand.segments[0], replace(hand.segments[0], run="the other phone"))
    dataset = replace(grid, collections=(replace(hand, segments=both),))

    (plan,) = asked(dataset)[Unit.RUN, True].plans

    assert len(plan.items) == 2
    assert plan.make().listening[0].tolist() == [
        [hand.segments[0].start_ms, hand.segments[0].end_ms]
    ]
