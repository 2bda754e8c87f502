"""Nothing that was recorded together is parted."""

import pytest

from proximity.research.evaluation.questions import Item, Plan, Questions
from proximity.research.evaluation.scorer import Unit
from proximity.research.evaluation.splits import Split, folds


def questions(items, unit=Unit.PAIR):
    plans = tuple(
        Plan(lambda: None, (Item(True, 0.0, stratum, phones),))
        for stratum, phones in items
    )
    return Questions("data", unit, self_calibrated=False, plans=plans)


PAIRS = [
    ("lunch", ("1", "2")),
    ("lunch", ("2", "3")),
    ("party", ("1", "2")),
    ("party", ("3", "4")),
]


@pytest.mark.parametrize("split", list(Split))
def test_every_case_is_tested_once_and_never_by_what_it_trained(split):
    parts = list(folds(questions(PAIRS), split))

    assert sorted(i for fold in parts for i in fold.test) == [0, 1, 2, 3]
    assert all(not set(fold.train) & set(fold.test) for fold in parts)


def test_a_collection_is_left_out_whole():
    first, second = folds(questions(PAIRS), Split.COLLECTION)

    assert (first.name, first.test, first.train) == ("lunch", (0, 1), (2, 3))
    assert (second.name, second.test, second.train) == ("party", (2, 3), (0, 1))


def test_a_phone_takes_everything_it_shared_along():
    by_name = {fold.name: fold for fold in folds(questions(PAIRS), Split.PHONE)}

    # Phones 1 and 2 are tested; whatever either of them took part in is not seen.
    assert by_name["1 and 2"].test == (0, 2)
    assert by_name["1 and 2"].train == (3,)


def test_runs_of_a_grid_have_no_phones_to_leave_out():
    with pytest.raises(ValueError, match="phone"):
        list(folds(questions(PAIRS, Unit.RUN), Split.PHONE))


def test_there_is_no_random_split():
    assert {split.value for split in Split} == {"collection", "phone"}
