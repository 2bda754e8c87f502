"""A Raspberry Pi and one of three senders in an office, a bus, a train, outdoors.

Source: github.com/elanfer/multi-channel-paper-data (CC BY-SA 4.0). Nothing has a time.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np

from proximity.errors import FormatError
from proximity.research.datasets.csv_table import HINT, Columns, read_table
from proximity.research.datasets.signals import (
    Collection,
    Dataset,
    Device,
    Float64,
    Segment,
    Sightings,
    clean,
    collection,
    narrow,
    numbered,
    rows_of,
)
from proximity.units import MS_PER_S

PLACES = ("bus", "office", "parking", "train")
MODELS = {"iPhone": "Apple iPhone 6S", "OnePlus": "OnePlus Nord N10 5G", "Pi": "Pi 4B"}
# One file goes on with rows of another shape, which hold no Bluetooth.
_COLUMNS = Columns(numbers=("distance", "rssiBLE"), skip_ragged=True)
_CM = 100.0


def load_multichannel(folder: Path) -> Dataset:
    """Read the campaign.

    Parameters
    ----------
    folder : Path
        Holds a folder for each place.

    Returns
    -------
    Dataset
        One collection a place, one segment for each file and distance. Times only
        keep the order: a sighting a second.

    Raises
    ------
    FormatError
        If a file is damaged, or there is none.
    """
    found = [_collection(folder, place) for place in PLACES]
    if not any(found):
        raise FormatError(f"{folder.name} has none of the places", HINT)
    return Dataset(folder.name, tuple(each for each in found if each is not None))


def _collection(folder: Path, place: str) -> Collection | None:
    files = sorted((folder / place).rglob("*.csv"))
    if not files:
        return None
    parts: list[tuple[str, Float64, Float64]] = []
    for source in files:
        table = read_table(source, _COLUMNS)
        run = source.relative_to(folder).with_suffix("").as_posix()
        metres = table.numbers["distance"] / _CM
        if not np.all((metres > 0) & (metres < _CM)):
            raise FormatError(f"{source.name} holds a distance that is none", HINT)
        parts.append((run, metres, table.numbers["rssiBLE"]))
    metres = np.concatenate([part[1] for part in parts])
    labels = [f"{run}\n{m:g}" for run, column, _ in parts for m in column.tolist()]
    kinds, segment = numbered(labels)
    # The rows of one distance together, so that a segment is one stretch.
    order = np.argsort(segment, kind="stable")
    metres, segment = metres[order], segment[order]
    rssi = np.concatenate([part[2] for part in parts])[order]
    names, sender = numbered(kind.split("\n")[0].rsplit("/", 1)[1] for kind in kinds)
    t_ms = np.arange(len(metres), dtype=np.int64) * MS_PER_S
    heard = Sightings(
        t_ms,
        narrow(rssi),
        np.zeros(len(metres), np.int32),
        (sender[segment] + 1).astype(np.int32),
        np.full(len(metres), np.nan, np.float32),
    )
    rows = clean(rows_of(heard, distance_m=metres, segment=segment))
    edges = np.searchsorted(segment, np.arange(len(kinds) + 1))
    segments = tuple(
        Segment(
            run=kind.split("\n")[0],
            receiver=0,
            sender=int(sender[i]) + 1,
            start_ms=int(t_ms[edges[i]]),
            end_ms=int(t_ms[edges[i + 1] - 1]),
            distance_m=float(kind.split("\n")[1]),
            place=place,
        )
        for i, kind in enumerate(kinds)
    )
    devices = (
        Device("receiver", MODELS["Pi"]),
        *(Device(name, MODELS.get(name, "")) for name in names),
    )
    made = collection(place, devices, rows, segments)
    return replace(made, timed=False)
