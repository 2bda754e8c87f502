import pytest

from proximity.research.evaluation import Outcome
from proximity.research.story import Finding, Story, most_telling


@pytest.mark.parametrize(
    ("truth_min", "told_min", "outcome"),
    [
        (15.0, 12, Outcome.FOUND),
        (60.0, None, Outcome.MISSED),
        (14.9, 20, Outcome.FALSE_ALARM),
        (0.0, None, Outcome.QUIET),
    ],
)
def test_a_finding_is_judged_by_the_truth(truth_min, told_min, outcome):
    assert Finding("Bình", truth_min, told_min).outcome is outcome


def test_a_story_counts_what_its_findings_were_worth():
    findings = (Finding("Bình", 60.0, 55), Finding("Chi", 0.0, 20))
    story = Story("An", 1, 1_000, findings)

    assert [story.count(outcome) for outcome in Outcome] == [1, 0, 1, 0]


def test_the_case_with_the_most_contacts_tells_most_whatever_was_found():
    alone = [Finding("An", 0.0, 30)]
    missed = [Finding("An", 20.0, None), Finding("Bình", 20.0, None)]
    found = [Finding("An", 20.0, 20), Finding("Bình", 20.0, 20)]

    assert most_telling([alone, missed, found]) == 1
    assert most_telling([alone]) == 0
