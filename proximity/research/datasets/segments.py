"""Campaigns in the segments form: `segments.csv` and `samples.csv.xz`.

A segment is a stretch at one distance and one angle; segments of one run follow each
other on one clock; runs of one group were recorded by the same people with the same
phones and may not be parted between training and test.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from proximity.errors import FormatError
from proximity.research.datasets.csv_table import (
    HINT,
    Columns,
    Table,
    find_table,
    number,
    read_records,
    read_table,
)
from proximity.research.datasets.signals import (
    Collection,
    Dataset,
    Device,
    Float64,
    Int64,
    Placement,
    Segment,
    Sightings,
    clean,
    collection,
    narrow,
    numbered,
    rows_of,
    spans_of,
)
from proximity.research.datasets.timeline import one_after_another

SEGMENTS = "segments.csv"
SAMPLES = "samples.csv"
FOOT_M = 0.3048
MAX_DISTANCE_M = 1_000.0
_CLASSES = {"1": True, "true": True, "0": False, "false": False}
_SAMPLES = Columns(("seg_id", "t_s", "rssi_dbm"), optional=("txpower_adv",))


@dataclass(frozen=True, slots=True)
class _Listed:
    """One line of `segments.csv`."""

    number: int
    group: str
    segment: Segment
    receiver_model: str
    sender_model: str


def load_segments(folder: Path) -> Dataset:
    """Read a campaign in the segments form.

    Parameters
    ----------
    folder : Path
        Holds `segments.csv` and `samples.csv`, either of them packed or not.

    Returns
    -------
    Dataset
        One collection a group. Segments without samples are left out, and those of
        which neither distance nor class is known, with their samples. The clock of a
        collection places its runs one after another.

    Raises
    ------
    FormatError
        If a file is missing, damaged, or the two do not fit together.
    """
    listed = [_listed(r) for r in read_records(find_table(folder, SEGMENTS))]
    source = find_table(folder, SAMPLES)
    samples = read_table(source, _SAMPLES)
    numbers = np.array([each.number for each in listed], np.int64)
    if len(np.unique(numbers)) != len(numbers):
        raise FormatError(f"{folder.name} lists a segment twice", HINT)
    line = _line_of(numbers, samples.numbers["seg_id"], source.name)
    names, group_of_line = numbered(each.group for each in listed)
    group = group_of_line[line]
    # One sort instead of a pass for each group.
    order = np.argsort(group, kind="stable")
    known = np.array([_is_known(each.segment) for each in listed], np.bool_)
    order = order[known[line[order]]]
    edges = np.searchsorted(group[order], np.arange(len(names) + 1))
    return Dataset(
        folder.name,
        tuple(
            _collection(name, listed, line, (samples, order[a:b]))
            for name, a, b in zip(names, edges[:-1], edges[1:], strict=True)
            if b > a
        ),
    )


def _listed(record: dict[str, str]) -> _Listed:
    index = number(record, "seg_id")
    if index is None or index != int(index) or not 0 <= index < 1 << 40:
        raise FormatError("a segment has no seg_id", HINT)
    segment = Segment(
        run=record.get("run", ""),
        receiver=0,
        sender=1,
        start_ms=0,
        end_ms=0,
        distance_m=_distance(record),
        close=_CLASSES.get(record.get("label_close", "").strip().lower()),
        angle_deg=number(record, "angle_deg"),
        receiver_placement=_placement(record, "rx"),
        sender_placement=_placement(record, "tx"),
        place=record.get("environment", ""),
    )
    group = record.get("group") or segment.run
    models = record.get("rx_model", ""), record.get("tx_model", "")
    return _Listed(int(index), group, segment, *models)


def _is_known(segment: Segment) -> bool:
    return segment.distance_m is not None or segment.close is not None


def _placement(record: dict[str, str], side: str) -> Placement:
    return Placement(record.get(f"{side}_location", ""), record.get(f"{side}_pose", ""))


def _distance(record: dict[str, str]) -> float | None:
    metres, feet = number(record, "dist_m"), number(record, "range_ft")
    if metres is None and feet is not None:
        metres = feet * FOOT_M
    if metres is not None and not 0 <= metres <= MAX_DISTANCE_M:
        raise FormatError("a segment has a distance that is none", HINT)
    return metres


def _line_of(numbers: Int64, wanted: Float64, name: str) -> Int64:
    """Return the line of `segments.csv` of each sample."""
    order = np.argsort(numbers, kind="stable")
    place = np.searchsorted(numbers[order], wanted)
    known = place < len(numbers)
    known[known] = numbers[order][place[known]] == wanted[known]
    if not np.all(known):
        raise FormatError(f"{name} names a segment that is not listed", HINT)
    line: Int64 = order[place]
    return line


def _collection(
    name: str, listed: Sequence[_Listed], line: Int64, part: tuple[Table, Int64]
) -> Collection:
    samples, chosen = part
    # Lines in the order of the file: so are the runs.
    lines, index = np.unique(line[chosen], return_inverse=True)
    mine = [listed[i] for i in lines.tolist()]
    _, run = numbered(each.segment.run for each in mine)
    devices, links = _devices(mine)
    column = {title: values[chosen] for title, values in samples.numbers.items()}
    t_ms = one_after_another(run[index], column["t_s"], SAMPLES)
    metres = [each.segment.distance_m for each in mine]
    heard = Sightings(
        t_ms,
        narrow(column["rssi_dbm"]),
        links[index, 0].astype(np.int32),
        links[index, 1].astype(np.int32),
        narrow(column["txpower_adv"]),
    )
    distance = np.array([np.nan if m is None else m for m in metres])
    rows = clean(rows_of(heard, distance_m=distance[index], segment=index))
    spans = spans_of(index, t_ms, len(mine))
    return collection(
        name,
        devices,
        rows,
        tuple(
            replace(
                each.segment,
                receiver=int(link[0]),
                sender=int(link[1]),
                start_ms=int(span[0]),
                end_ms=int(span[1]),
            )
            for each, link, span in zip(mine, links, spans, strict=True)
        ),
    )


def _devices(mine: Sequence[_Listed]) -> tuple[tuple[Device, ...], Int64]:
    """Return the devices of a group, and those of each of its segments."""
    names = [
        (f"receiver {each.receiver_model}", f"sender {each.sender_model}")
        for each in mine
    ]
    known, index = numbered(name for both in names for name in both)
    devices = tuple(Device(name.strip(), name.split(" ", 1)[1]) for name in known)
    return devices, index.reshape(-1, 2)
