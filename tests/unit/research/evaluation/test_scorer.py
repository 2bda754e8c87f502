"""What tells a scorer from one that must be fitted."""

import pytest

from proximity.research.evaluation.default_scorer import DefaultRefit
from proximity.research.evaluation.fitted_scorers import fitted_scorers
from proximity.research.evaluation.scorer import Knowledge, RefittedScorer, Scorer
from proximity.research.evaluation.scorers import find, names


@pytest.mark.parametrize("name", names())
def test_only_a_frozen_scorer_answers(name):
    fitted = {scorer.name for scorer in fitted_scorers()} | {DefaultRefit().name}

    assert isinstance(find(name), Scorer) is (name not in fitted)


@pytest.mark.parametrize("name", names())
def test_only_what_is_refitted_takes_recordings(name):
    assert isinstance(find(name), RefittedScorer) is (name == DefaultRefit().name)


def test_more_knowledge_includes_less():
    assert Knowledge.SIGNAL < Knowledge.MODEL < Knowledge.CARRIAGE


def test_cases_are_told_apart_by_identity(case):
    assert case([]) != case([])
