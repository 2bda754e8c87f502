"""Ways to part cases into training and test that cannot leak.

Nothing that was recorded together is parted: there is no way to ask for a random
split of items. A case keeps its asks.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from proximity.research.datasets.signals import Collection
from proximity.research.evaluation.questions import Plan, Questions
from proximity.research.evaluation.scorer import Unit


class Split(StrEnum):
    """What is left out in turn.

    COLLECTION : a scenario of people, or a group of a grid. In a campaign of people
        the same phones may come back in other scenarios.
    PHONE : of people, everything that a phone took part in; what it shared with a
        phone that stays is in neither part.
    """

    COLLECTION = "collection"
    PHONE = "phone"


class Fold(NamedTuple):
    """One part left out.

    Attributes
    ----------
    left_out : tuple of str
        Names of what training must not see.
    train, test : tuple of int
        Indices of plans.
    """

    left_out: tuple[str, ...]
    train: tuple[int, ...]
    test: tuple[int, ...]


def folds(questions: Questions, split: Split) -> Iterator[Fold]:
    """Yield the folds of a split.

    Every case is tested in exactly one fold. With `Split.PHONE` it is that of the
    first of its two phones, by name; training leaves out every case of that phone
    and of the other one.

    Parameters
    ----------
    questions : Questions
    split : Split

    Raises
    ------
    ValueError
        If phones are asked for where items are no pairs of phones.
    """
    people = questions.unit in (Unit.PAIR, Unit.WINDOW)
    if split is Split.PHONE and not people:
        raise ValueError("only pairs of people can be parted by phone")
    keys = [_key(plan, split) for plan in questions.plans]
    for left_out in sorted(set(keys)):
        taken = set(left_out)
        test = tuple(i for i, key in enumerate(keys) if key == left_out)
        train = tuple(i for i, key in enumerate(keys) if not taken & set(key))
        yield Fold(left_out, train, test)


def without(
    collections: Sequence[Collection], left_out: Sequence[str], split: Split
) -> list[Collection]:
    """Return collections as a fold may see them.

    Parameters
    ----------
    collections : sequence of Collection
    left_out : sequence of str
        Of the fold.
    split : Split
        Without `PHONE`, whole collections are left out; with it, every sighting that
        one of the phones made or was seen in.
    """
    if split is Split.COLLECTION:
        return [each for each in collections if each.name not in left_out]
    return [_without_phones(each, left_out) for each in collections]


def _without_phones(collection: Collection, names: Sequence[str]) -> Collection:
    taken = np.array([each.name in names for each in collection.devices], np.bool_)
    heard = collection.sightings
    kept = ~(taken[heard.receiver] | taken[heard.sender])
    return replace(
        collection,
        sightings=type(heard)._make(column[kept] for column in heard),
        distance_m=collection.distance_m[kept],
        segment=None if collection.segment is None else collection.segment[kept],
    )


def _key(plan: Plan, split: Split) -> tuple[str, ...]:
    item = plan.items[0]
    if split is Split.COLLECTION:
        return (item.stratum,)
    return tuple(sorted(item.clusters))
