"""Figures of a rule, against values that can be checked by hand."""

import numpy as np
import pytest

from proximity.research.evaluation import (
    Outcome,
    PairVerdict,
    instructive_pairs,
    judge,
    outcome,
    roc_curve,
    rule_figures,
)
from proximity.research.evaluation.ranking import area_under_curve
from proximity.research.evaluation.verdicts import bootstrap_interval

RULE = "cwa-2020-12"


def verdict(a, b, truth_min, value, *, scenario="lunch"):
    return PairVerdict(
        scenario, a, b, truth_min, {RULE: float(value)}, {RULE: value >= 15}
    )


def auc(value, positive):
    return area_under_curve(np.array(value, np.float64), np.array(positive, np.bool_))


def test_auc_is_one_when_every_contact_has_the_larger_number():
    assert auc([1, 2, 3, 4], [0, 0, 1, 1]) == 1


def test_auc_counts_a_tie_as_one_half():
    # Of four comparisons one is won, one tied, two lost.
    assert auc([2, 3, 2, 1], [0, 0, 1, 1]) == pytest.approx(0.125)
    assert auc([5, 5], [0, 1]) == 0.5


@pytest.mark.parametrize("positive", [[0, 0], [1, 1]])
def test_auc_is_unknown_when_one_class_is_empty(positive):
    assert auc([1, 2], positive) is None
    assert auc([], []) is None


def test_roc_curve_runs_from_nothing_to_everything():
    curve = roc_curve(np.array([3.0, 2, 2, 1]), np.array([True, True, False, False]))

    assert curve.tolist() == [[0, 0], [0, 0.5], [0.5, 1], [1, 1]]


def test_rates_are_shares_of_contacts_and_of_others():
    pairs = [
        verdict("1", "2", 20, 30),
        verdict("1", "3", 16, 5),
        verdict("2", "3", 3, 18),
        verdict("3", "4", 0, 0),
        verdict("2", "4", 1, 2),
    ]

    figures = rule_figures(pairs, RULE, np.random.default_rng(0))

    assert (figures.pairs, figures.contacts) == (5, 2)
    # 30 beats 18, 0 and 2; 5 beats 0 and 2: five of six.
    assert figures.auc == pytest.approx(5 / 6)
    assert figures.true_positive_rate == pytest.approx(1 / 2)
    assert figures.false_positive_rate == pytest.approx(1 / 3)


def test_interval_holds_the_auc_and_repeats_with_the_seed():
    generator = np.random.default_rng(5)
    people = [(f"{i}", f"{j}") for i in range(8) for j in range(i)]
    value = generator.random(len(people))
    positive = value + generator.normal(0, 0.4, len(people)) > 0.6

    low, high = bootstrap_interval(value, positive, people, np.random.default_rng(1))
    again = bootstrap_interval(value, positive, people, np.random.default_rng(1))

    assert (low, high) == again
    assert 0 <= low < area_under_curve(value, positive) < high <= 1


def test_saying_everything_ten_times_does_not_make_it_surer():
    people = [("1", "2"), ("1", "3"), ("2", "4"), ("3", "4"), ("2", "3"), ("1", "4")]
    value = np.array([1.0, 4, 2, 3, 6, 5])
    positive = np.array([0, 1, 0, 1, 1, 0], np.bool_)

    once = bootstrap_interval(value, positive, people, np.random.default_rng(2))
    often = bootstrap_interval(
        np.tile(value, 10), np.tile(positive, 10), people * 10, np.random.default_rng(2)
    )

    assert often == pytest.approx(once)


def test_interval_is_unknown_without_both_classes():
    people = [("1", "2"), ("1", "3")]
    value, nobody = np.array([1.0, 2.0]), np.zeros(2, np.bool_)

    assert bootstrap_interval(value, nobody, people, np.random.default_rng(0)) is None
    assert (
        bootstrap_interval(value[:0], nobody[:0], [], np.random.default_rng(0)) is None
    )


def test_a_rule_without_pairs_has_no_figures():
    figures = rule_figures([], RULE, np.random.default_rng(0))

    assert figures.auc is None
    assert figures.interval is None
    assert figures.true_positive_rate is None


@pytest.mark.parametrize(
    ("truth_min", "value", "expected"),
    [
        (15, 15, Outcome.FOUND),
        (15, 14, Outcome.MISSED),
        (14, 15, Outcome.FALSE_ALARM),
        (0, 0, Outcome.QUIET),
    ],
)
def test_outcome_compares_the_alert_with_the_truth(truth_min, value, expected):
    assert outcome(verdict("1", "2", truth_min, value), RULE) == expected
    assert judge(truth_min, alert=value >= 15) == expected


def test_instructive_pairs_are_the_hardest_of_each_outcome():
    pairs = [
        verdict("1", "2", 60, 90),
        verdict("1", "3", 16, 20),
        verdict("1", "4", 22, 3),
        verdict("1", "5", 31, 3),
        verdict("2", "3", 14, 40),
        verdict("2", "4", 0, 16),
        verdict("2", "5", 0, 0),
        verdict("3", "4", 12, 9),
        verdict("3", "5", 17, 18, scenario="train"),
    ]

    picked = instructive_pairs(pairs, RULE)

    assert [(p.a, p.b) for p in picked] == [
        ("1", "3"),
        ("1", "5"),
        ("2", "4"),
        ("3", "4"),
        ("3", "5"),
    ]
