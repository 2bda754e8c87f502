"""Runs of one collection seen together, near with a known chance.

A grid holds each distance equally often, so that a collection's own mean says what is
near: subtracting it looks wonderful and means nothing in the field. An episode is the
honest question: a few runs of one collection, each near with probability .1, .5 or .9,
and no way to know with which.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from proximity.research.datasets.signals import Dataset
from proximity.research.evaluation.grid import (
    Scene,
    Stretch,
    ask_of,
    item_of,
    scene_of,
    stretches_of,
)
from proximity.research.evaluation.questions import Item, Plan, Questions
from proximity.research.evaluation.scorer import Case, Knowledge, Unit

RUNS = (1, 2, 3, 4, 5)
SHARES = (0.1, 0.5, 0.9)


@dataclass(frozen=True, slots=True)
class _Pool:
    scene: Scene
    near: tuple[Stretch, ...]
    far: tuple[Stretch, ...]


def episode_questions(
    dataset: Dataset,
    knowledge: Knowledge,
    episodes: int,
    generator: np.random.Generator,
) -> list[Questions]:
    """Draw episodes from a campaign of segments.

    A collection takes part if it has both classes. A run comes twice only where an
    episode needs more of one class than the collection holds (five near ones, of the
    four distances within 6 ft).

    Parameters
    ----------
    dataset : Dataset
    knowledge : Knowledge
    episodes : int > 0
        For each number of runs and each share.
    generator : np.random.Generator

    Returns
    -------
    list of Questions
        Runs, self-calibrated: for each K one set a share, named
        `NAME/K=3/near=0.5`, and one of all three shares together, `NAME/K=3`.
    """
    pools = [
        _pool(scene_of(collection, knowledge)) for collection in dataset.collections
    ]
    found: list[Questions] = []
    for count in RUNS:
        able = [pool for pool in pools if pool.near and pool.far]
        if not able:
            continue
        together: list[Plan] = []
        for share in SHARES:
            plans = []
            for _ in range(episodes):
                pool = able[int(generator.integers(len(able)))]
                plans.append(_episode(pool, count, share, generator))
            together += plans
            name = f"{dataset.name}/K={count}/near={share:g}"
            found.append(_asked(name, plans, dataset))
        name = f"{dataset.name}/K={count}"
        found.append(_asked(name, together, dataset))
    return found


def _asked(name: str, plans: Sequence[Plan], dataset: Dataset) -> Questions:
    collections = tuple(dataset.collections)
    return Questions(
        name,
        Unit.RUN,
        self_calibrated=True,
        plans=tuple(plans),
        collections=collections,
    )


def _pool(scene: Scene) -> _Pool:
    stretches = stretches_of(scene.collection, coarse=False)
    return _Pool(
        scene,
        tuple(each for each in stretches if each.close),
        tuple(each for each in stretches if not each.close),
    )


def _episode(
    pool: _Pool, count: int, share: float, generator: np.random.Generator
) -> Plan:
    near = int(np.count_nonzero(generator.random(count) < share))
    chosen = [
        *_drawn(pool.near, near, generator),
        *_drawn(pool.far, count - near, generator),
    ]
    # In an order that does not tell which is which.
    mixed = [chosen[i] for i in generator.permutation(count).tolist()]
    return Plan(
        _Maker(pool.scene, tuple(mixed)),
        tuple(_item(stretch, pool) for stretch in mixed),
    )


def _drawn(
    stretches: Sequence[Stretch], count: int, generator: np.random.Generator
) -> list[Stretch]:
    rows = np.resize(generator.permutation(len(stretches)), count)
    return [stretches[i] for i in rows.tolist()]


def _item(stretch: Stretch, pool: _Pool) -> Item:
    return item_of(stretch, stretch.span_ms, pool.scene.collection)


@dataclass(frozen=True, slots=True)
class _Maker:
    """Builds one case, which shows the runs of one episode."""

    scene: Scene
    stretches: tuple[Stretch, ...]

    def __call__(self) -> Case:
        """Gather what may be seen."""
        asks = tuple(ask_of(each, each.span_ms, self.scene) for each in self.stretches)
        return self.scene.case(Unit.RUN, asks)
