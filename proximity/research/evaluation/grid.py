"""Questions about runs at one distance: a run, and 60 s of one."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from proximity.research.datasets.signals import (
    Collection,
    Dataset,
    Device,
    Int64,
    Segment,
)
from proximity.research.evaluation.questions import (
    Item,
    Links,
    Plan,
    Questions,
    shown,
)
from proximity.research.evaluation.scorer import Ask, Case, Knowledge, Unit
from proximity.units import MS_PER_S

# 6 ft by tape is 1.8288 m.
CLOSE_M = 1.83
COARSE_M = (1.8288, 4.572)
COARSE_TOLERANCE_M = 0.01
PIECE_S = 60
# The last piece of a run counts if it is at least this long, or the only one.
SHORTEST_PIECE_S = 30


@dataclass(frozen=True, slots=True)
class Stretch:
    """Consecutive segments of one run, at one distance, between two devices."""

    segments: tuple[Segment, ...]

    @property
    def close(self) -> bool:
        """Whether it was within 6 ft."""
        first = self.segments[0]
        if first.distance_m is None:
            return bool(first.close)
        return first.distance_m <= CLOSE_M

    @property
    def span_ms(self) -> tuple[int, int]:
        """First and last millisecond."""
        return (
            min(segment.start_ms for segment in self.segments),
            max(segment.end_ms for segment in self.segments),
        )


@dataclass(frozen=True, slots=True)
class Scene:
    """A collection with what its cases share."""

    collection: Collection
    links: Links
    devices: tuple[Device, ...]
    knowledge: Knowledge

    def case(self, unit: Unit, asks: Sequence[Ask]) -> Case:
        """Return a case that shows what its asks are about, and nothing else."""
        rows = []
        spans: dict[int, list[tuple[int, int]]] = {}
        for ask in dict.fromkeys(asks):
            link = self.links.of_link(ask.a, ask.b)
            times = self.links.times(link)
            first, end = np.searchsorted(times, (ask.start_ms, ask.end_ms + 1))
            rows.append(link[first:end])
            spans.setdefault(ask.a, []).append((ask.start_ms, ask.end_ms))
        return Case(
            unit,
            self.devices,
            self.links.take(np.unique(np.concatenate(rows))),
            tuple(_merged(spans.get(i, [])) for i in range(len(self.devices))),
            tuple(asks),
            self.collection.calibrated_power,
        )


def grid_questions(
    dataset: Dataset, knowledge: Knowledge, *, coarse: bool = False
) -> list[Questions]:
    """Return what is asked about a campaign of segments.

    With self-calibration a case shows its whole collection. A collection that holds a
    balanced grid of distances gives itself away by its mean then; `episodes` asks the
    honest question.

    Parameters
    ----------
    dataset : Dataset
    knowledge : Knowledge
    coarse : bool
        Only runs at 6 ft (near) and 15 ft (far), as TC4TL's coarse form has them.

    Returns
    -------
    list of Questions
        Runs and, where times were recorded, minutes; each without and with
        self-calibration. The items of both are the same, in the same order.
    """
    units = [Unit.RUN]
    if all(collection.timed for collection in dataset.collections):
        units.append(Unit.MINUTE)
    plans: dict[tuple[Unit, bool], list[Plan]] = {
        (unit, calibrated): [] for unit in units for calibrated in (False, True)
    }
    for collection in dataset.collections:
        scene = scene_of(collection, knowledge)
        stretches = stretches_of(collection, coarse=coarse)
        for unit in units:
            asks, items = [], []
            for stretch in stretches:
                for span in _pieces(stretch, scene, unit):
                    asks.append(ask_of(stretch, span, scene))
                    items.append(item_of(stretch, span, collection))
            if asks:
                alone = [
                    Plan(_Maker(scene, unit, (ask,)), (item,))
                    for ask, item in zip(asks, items, strict=True)
                ]
                plans[unit, False] += alone
                together = Plan(_Maker(scene, unit, tuple(asks)), tuple(items))
                plans[unit, True].append(together)
    return [
        Questions(
            dataset.name, unit, calibrated, tuple(found), tuple(dataset.collections)
        )
        for (unit, calibrated), found in plans.items()
    ]


def scene_of(collection: Collection, knowledge: Knowledge) -> Scene:
    """Return a collection with what its cases share."""
    devices = shown(collection.devices, knowledge)
    return Scene(collection, Links(collection), devices, knowledge)


def stretches_of(collection: Collection, *, coarse: bool) -> list[Stretch]:
    """Return the runs of a collection, each at one distance."""
    found = [
        Stretch(tuple(group))
        for _, group in groupby(
            collection.segments,
            lambda s: (s.run, s.distance_m, s.close, s.receiver, s.sender),
        )
    ]
    return [each for each in found if not coarse or _is_coarse(each)]


def ask_of(stretch: Stretch, span_ms: tuple[int, int], scene: Scene) -> Ask:
    """Return the question about one span of a run."""
    first = stretch.segments[0]
    if scene.knowledge < Knowledge.CARRIAGE:
        return Ask(first.receiver, first.sender, *span_ms)
    return Ask(
        first.receiver,
        first.sender,
        *span_ms,
        first.receiver_placement.carriage,
        first.sender_placement.carriage,
    )


def item_of(stretch: Stretch, span_ms: tuple[int, int], collection: Collection) -> Item:
    """Return the truth about one span of a run."""
    minutes = (span_ms[1] - span_ms[0]) / (60 * MS_PER_S) if stretch.close else 0.0
    metres = stretch.segments[0].distance_m
    return Item(
        stretch.close,
        minutes,
        collection.name,
        (collection.name,),
        math.nan if metres is None else metres,
    )


def _merged(spans: Sequence[tuple[int, int]]) -> Int64:
    """Return spans in order, those that touch as one."""
    found: list[list[int]] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1] + 1:
            found[-1][1] = max(found[-1][1], end)
        else:
            found.append([start, end])
    return np.array(found, np.int64).reshape(-1, 2)


def _is_coarse(stretch: Stretch) -> bool:
    metres = stretch.segments[0].distance_m
    return metres is None or any(
        abs(metres - coarse) <= COARSE_TOLERANCE_M for coarse in COARSE_M
    )


def _pieces(stretch: Stretch, scene: Scene, unit: Unit) -> Iterator[tuple[int, int]]:
    """Yield the spans of a run that are asked about and that hold a sighting."""
    start, end = stretch.span_ms
    if unit is Unit.RUN:
        yield start, end
        return
    first = stretch.segments[0]
    times = scene.links.times(scene.links.of_link(first.receiver, first.sender))
    length = PIECE_S * MS_PER_S
    mine = times[(times >= start) & (times <= end)]
    for number in np.unique((mine - start) // length).tolist():
        begin = start + number * length
        until = min(begin + length - 1, end)
        if until - begin >= SHORTEST_PIECE_S * MS_PER_S or begin == start:
            yield begin, until


@dataclass(frozen=True, slots=True)
class _Maker:
    """Builds one case, which shows the spans that are asked about."""

    scene: Scene
    unit: Unit
    asks: tuple[Ask, ...]

    def __call__(self) -> Case:
        """Gather what may be seen."""
        return self.scene.case(self.unit, self.asks)
