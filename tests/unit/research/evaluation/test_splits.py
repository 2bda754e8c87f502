"""Nothing that was recorded together is parted."""

import numpy as np
import pytest

from proximity.research.evaluation.questions import Item, Plan, Questions
from proximity.research.evaluation.scorer import Unit
from proximity.research.evaluation.splits import Split, folds, without


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

    assert (first.left_out, first.test, first.train) == (("lunch",), (0, 1), (2, 3))
    assert (second.left_out, second.test, second.train) == (("party",), (2, 3), (0, 1))


def test_a_phone_takes_everything_it_shared_along():
    by_name = {fold.left_out: fold for fold in folds(questions(PAIRS), Split.PHONE)}

    # Phones 1 and 2 are tested; whatever either of them took part in is not seen.
    assert by_name["1", "2"].test == (0, 2)
    assert by_name["1", "2"].train == (3,)


def test_runs_of_a_grid_have_no_phones_to_leave_out():
    with pytest.raises(ValueError, match="phone"):
        list(folds(questions(PAIRS, Unit.RUN), Split.PHONE))


def test_there_is_no_random_split():
    assert {split.value for split in Split} == {"collection", "phone"}


def heard_by_names(collection):
    names = np.array([device.name for device in collection.devices])
    return {*names[collection.sightings.receiver], *names[collection.sightings.sender]}


def test_nothing_of_a_collection_that_was_left_out_is_seen(grid):
    (left,) = without(grid.collections, ("hand",), Split.COLLECTION)

    assert left is grid.collections[1]
    assert without(grid.collections, ("hand", "pocket"), Split.COLLECTION) == []


def test_nothing_that_a_phone_left_out_sent_or_heard_is_seen(people):
    (left,) = without([people], ("0",), Split.PHONE)

    assert heard_by_names(people) == {"0", "1", "2"}
    assert heard_by_names(left) == {"1", "2"}
    # All that the others heard of each other stays, with its truth.
    both = 2 * 20
    assert {len(column) for column in left.sightings} == {both}
    assert left.distance_m.tolist() == [9.0] * both
    assert left.devices == people.devices


def test_segments_of_what_is_left_stay_beside_it(grid):
    (one, _) = grid.collections
    kept = without([one], ("nobody",), Split.PHONE)[0]
    none = without([one], ("sender",), Split.PHONE)[0]

    assert kept.segment.tolist() == one.segment.tolist()
    assert len(none.segment) == len(none.distance_m) == len(none.sightings.t_ms) == 0
