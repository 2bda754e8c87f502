"""Questions about people who moved freely: pairs, and windows of 240 s."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from proximity.research.datasets.signals import Collection, Dataset, Device, Int64
from proximity.research.evaluation.pair_distance import (
    PairDistance,
    pair_distances,
    span_of,
    start_of,
)
from proximity.research.evaluation.questions import (
    Item,
    Links,
    Plan,
    Questions,
    shown,
)
from proximity.research.evaluation.scorer import Ask, Case, Knowledge, Unit
from proximity.research.truth import CONTACT_MIN, SEEN_MIN
from proximity.research.world import active_spans
from proximity.units import MS_PER_S

WINDOW_S = 240
# A window counts if the pair was seen for at least this part of it.
SEEN_SHARE = 0.5
_NONE = np.zeros((0, 2), np.int64)


@dataclass(frozen=True, slots=True)
class View:
    """What is known when people are judged.

    Attributes
    ----------
    knowledge : Knowledge
    one_device : bool
        Only what one of the two heard is seen, and each is asked in turn; otherwise
        both of a pair put together what they heard.
    """

    knowledge: Knowledge = Knowledge.MODEL
    one_device: bool = False


@dataclass(frozen=True, slots=True)
class _Scene:
    """A collection with what its cases share."""

    collection: Collection
    links: Links
    devices: tuple[Device, ...]
    listening: tuple[Int64, ...]


def people_questions(dataset: Dataset, view: View) -> list[Questions]:
    """Return what is asked about a campaign of people.

    Parameters
    ----------
    dataset : Dataset
    view : View

    Returns
    -------
    list of Questions
        Pairs and windows, each without and with self-calibration. The items of both
        are the same, in the same order.
    """
    pairs: dict[bool, list[Plan]] = {False: [], True: []}
    windows: dict[bool, list[Plan]] = {False: [], True: []}
    for collection in dataset.collections:
        scene = _scene(collection, view)
        for truth in pair_distances(collection, scene.links):
            for receivers in _sides(truth, one_device=view.one_device):
                _add_pair(pairs, scene, truth, receivers)
                _add_windows(windows, scene, truth, receivers)
    return [
        Questions(
            dataset.name,
            unit,
            calibrated,
            tuple(plans[calibrated]),
            tuple(dataset.collections),
        )
        for unit, plans in ((Unit.PAIR, pairs), (Unit.WINDOW, windows))
        for calibrated in (False, True)
    ]


def _scene(collection: Collection, view: View) -> _Scene:
    links = Links(collection)
    devices = shown(collection.devices, view.knowledge)
    listening = tuple(
        active_spans(links.times(links.of_receiver(device)))
        for device in range(len(devices))
    )
    return _Scene(collection, links, devices, listening)


def _sides(truth: PairDistance, *, one_device: bool) -> list[tuple[int, ...]]:
    """Return, for each question, the devices whose sightings are seen."""
    if one_device:
        return [(truth.a,), (truth.b,)]
    return [(truth.a, truth.b)]


def _add_pair(
    plans: dict[bool, list[Plan]],
    scene: _Scene,
    truth: PairDistance,
    receivers: tuple[int, ...],
) -> None:
    if truth.minutes[truth.seen].sum() < SEEN_MIN:
        return
    span = span_of(scene.collection)
    if span is None:
        return
    # A phone that was silent for a while does not make its owner less exposed.
    minutes = float(truth.minutes[truth.near].sum())
    item = _item(scene, truth, positive=minutes >= CONTACT_MIN, minutes=minutes)
    ask = _ask(truth, receivers, span)
    for calibrated, found in plans.items():
        make = _Maker(scene, Unit.PAIR, receivers, (ask,), calibrated)
        found.append(Plan(make, (item,)))


def _add_windows(
    plans: dict[bool, list[Plan]],
    scene: _Scene,
    truth: PairDistance,
    receivers: tuple[int, ...],
) -> None:
    asks, items = [], []
    for ask in _windows(scene, truth, receivers):
        seen, near = truth.within(ask.start_ms, ask.end_ms)
        if seen * 60 < SEEN_SHARE * WINDOW_S:
            continue
        asks.append(ask)
        items.append(_item(scene, truth, positive=near >= seen / 2, minutes=near))
    if not asks:
        return
    for ask, item in zip(asks, items, strict=True):
        alone = _Maker(scene, Unit.WINDOW, receivers, (ask,), calibrated=False)
        plans[False].append(Plan(alone, (item,)))
    together = _Maker(scene, Unit.WINDOW, receivers, tuple(asks), calibrated=True)
    plans[True].append(Plan(together, tuple(items)))


def _windows(
    scene: _Scene, truth: PairDistance, receivers: tuple[int, ...]
) -> Iterator[Ask]:
    """Yield the windows in which one of the two was heard."""
    start = start_of(scene.collection)
    length = WINDOW_S * MS_PER_S
    both = truth.a, truth.b
    rows = [
        scene.links.of_link(receiver, sender)
        for receiver in receivers
        for sender in both
        if sender != receiver
    ]
    times = scene.links.times(np.concatenate(rows))
    for number in np.unique((times - start) // length).tolist():
        begin = start + number * length
        yield _ask(truth, receivers, (begin, begin + length - 1))


def _ask(
    truth: PairDistance, receivers: tuple[int, ...], span_ms: tuple[int, int]
) -> Ask:
    """Return a question whose first device is one that listened."""
    other = truth.a if receivers[0] == truth.b else truth.b
    return Ask(receivers[0], other, *span_ms)


def _item(
    scene: _Scene, truth: PairDistance, *, positive: bool, minutes: float
) -> Item:
    # One name is one phone, and one person, in every scenario of the campaign.
    phones = (
        scene.collection.devices[truth.a].name,
        scene.collection.devices[truth.b].name,
    )
    return Item(positive, minutes, scene.collection.name, phones)


@dataclass(frozen=True, slots=True)
class _Maker:
    """Builds one case."""

    scene: _Scene
    unit: Unit
    receivers: tuple[int, ...]
    asks: tuple[Ask, ...]
    calibrated: bool

    def __call__(self) -> Case:
        """Gather what may be seen."""
        scene, links = self.scene, self.scene.links
        a, b = self.asks[0].a, self.asks[0].b
        if self.calibrated:
            rows = [links.of_receiver(receiver) for receiver in self.receivers]
        else:
            rows = [links.of_link(r, a if r == b else b) for r in self.receivers]
        sightings = links.take(*rows)
        listening = [_NONE] * len(scene.devices)
        for receiver in self.receivers:
            listening[receiver] = scene.listening[receiver]
        if not self.calibrated:
            span = self.asks[0].start_ms, self.asks[0].end_ms
            first, end = np.searchsorted(sightings.t_ms, (span[0], span[1] + 1))
            sightings = type(sightings)._make(c[first:end] for c in sightings)
            listening = [_cut(spans, *span) for spans in listening]
        return Case(
            self.unit,
            scene.devices,
            sightings,
            tuple(listening),
            self.asks,
            scene.collection.calibrated_power,
        )


def _cut(spans: Int64, start_ms: int, end_ms: int) -> Int64:
    """Return the parts of spans that lie within a time."""
    cut = np.clip(spans, start_ms, end_ms)
    kept: Int64 = cut[(spans[:, 0] <= end_ms) & (spans[:, 1] >= start_ms)]
    return kept
