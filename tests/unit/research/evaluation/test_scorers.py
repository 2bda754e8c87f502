"""Scorers by name."""

import pytest

from proximity.research.evaluation.scorer import Unit
from proximity.research.evaluation.scorers import SIMPLE, find, names


def test_every_name_is_found_and_is_its_own():
    assert len(set(names())) == len(names())
    assert {find(name).name for name in names()} == set(names())
    assert set(SIMPLE) <= set(names())


def test_an_unknown_name_is_refused():
    with pytest.raises(KeyError):
        find("oracle")


@pytest.mark.parametrize(
    ("name", "threshold"),
    [
        ("cwa", 15.0),
        ("cwa-2021-03", 13.0),
        ("german-minutes", 15.0),
        ("mean-attenuation", -63.0),
        ("packet-count", None),
        ("logistic-attenuation", 0.5),
    ],
)
def test_thresholds_of_pairs_are_those_of_the_documentation(name, threshold):
    assert find(name).threshold(Unit.PAIR) == threshold


def test_a_rule_says_nothing_of_less_than_a_pair():
    assert find("en-v2").threshold(Unit.WINDOW) is None
    assert find("german-minutes").threshold(Unit.RUN) is None
