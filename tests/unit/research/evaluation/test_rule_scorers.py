"""Published rules on cases."""

import numpy as np
import pytest

from proximity.research.evaluation.rule_scorers import rule_scorer
from proximity.research.evaluation.scorer import Unit
from proximity.scoring.config import names


def side_by_side(minutes, rssi=-50, receiver=0):
    return [(60 * minute + 1, receiver, rssi) for minute in range(minutes)]


@pytest.mark.parametrize("name", names())
def test_half_an_hour_side_by_side_alerts(case, name):
    rule = rule_scorer(name)
    one = case(side_by_side(30), seconds=1_800)

    assert rule.answer([one]).score[0] >= rule.threshold(Unit.PAIR)


@pytest.mark.parametrize("name", names())
def test_silence_scores_nothing(case, name):
    answers = rule_scorer(name).answer([case([])])

    assert answers.score.tolist() == [0]
    assert answers.minutes.tolist() == [0]


def test_the_larger_of_both_directions_counts(case):
    rule = rule_scorer("en-v2")
    one, both = (
        case(rows, seconds=1_800)
        for rows in (
            side_by_side(30),
            sorted([*side_by_side(30), *side_by_side(5, receiver=1)]),
        )
    )

    assert rule.answer([one]).score.tolist() == rule.answer([both]).score.tolist()


def test_an_unmeasured_rssi_exposes_nobody(case):
    assert rule_scorer("en-v2").answer([case(side_by_side(30, 127))]).score[0] == 0


def test_answers_do_not_depend_on_what_comes_with_a_case(case):
    cases = [case(side_by_side(9)), case([]), case(side_by_side(19, -68))]
    rule = rule_scorer("nhs")
    together = rule.answer(cases).score
    apart = np.concatenate([rule.answer([one]).score for one in cases])

    assert together.tolist() == apart.tolist()


def test_midnight_does_not_part_what_belongs_together(case):
    rule = rule_scorer("cwa")
    noon = case(side_by_side(30), seconds=1_800)
    late = case([(t + 13 * 3_600 + 2_700, r, d) for t, r, d in side_by_side(30)])
    moved = case([], seconds=1_800)
    shift = 13 * 3_600_000 + 2_700_000
    spans = noon.listening[0] + shift
    late = type(late)(
        late.unit,
        late.devices,
        late.sightings,
        (spans, spans),
        (moved.asks[0]._replace(end_ms=moved.asks[0].end_ms + shift),),
        calibrated_power=True,
    )

    assert rule.answer([late]).score[0] == pytest.approx(rule.answer([noon]).score[0])
