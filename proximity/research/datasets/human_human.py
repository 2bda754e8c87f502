"""Two people, two phones, six ways to carry them, 0.2 to 5 m.

Source: github.com/pc-ng/rss_HumanHuman (MIT).
"""

from pathlib import Path

import numpy as np

from proximity.errors import FormatError
from proximity.research.datasets.csv_table import (
    HINT,
    Columns,
    find_table,
    read_table,
)
from proximity.research.datasets.signals import (
    Collection,
    Dataset,
    Device,
    Placement,
    Segment,
    Sightings,
    clean,
    collection,
    narrow,
    rows_of,
    spans_of,
)
from proximity.research.datasets.timeline import one_after_another

PLACES = {"H": "in hand", "P": "pocket", "B": "backpack"}
CARRIAGES = ("BB", "HB", "HH", "HP", "PB", "PP")
# The `label` column calls 2.0 m near; truth here is taken from `dist` alone.
_COLUMNS = Columns(numbers=("elapsed", "rss", "dist"), texts=("device",))
_CM = 100.0


def load_human_human(folder: Path) -> Dataset:
    """Read the campaign.

    Parameters
    ----------
    folder : Path
        Holds a file for each pair of carriages.

    Returns
    -------
    Dataset
        One collection a pair of carriages. `device` names the phone that was heard,
        as far as the description tells; the other one is taken as the receiver.
        Which of the two was carried in which place is not recorded: both placements
        are given in the order of the file's name.

    Raises
    ------
    FormatError
        If a file is missing or damaged, or names more than two phones.
    """
    return Dataset(
        folder.name, tuple(_collection(folder, carriage) for carriage in CARRIAGES)
    )


def _collection(folder: Path, carriage: str) -> Collection:
    source = find_table(folder, f"RSS_human{carriage}.csv")
    table = read_table(source, _COLUMNS)
    phone = table.texts["device"]
    if len(phone.names) > 2:
        raise FormatError(f"{source.name} names more than two phones", HINT)
    distance_m = table.numbers["dist"] / _CM
    if not np.all((distance_m > 0) & (distance_m < _CM)):
        raise FormatError(f"{source.name} holds a distance that is none", HINT)
    fresh = (np.diff(distance_m) != 0) | (np.diff(phone.code) != 0)
    segment = np.concatenate(([0], np.cumsum(fresh)))[: table.n].astype(np.int64)
    n = int(segment[-1]) + 1 if table.n else 0
    # Each segment was logged by itself; the elapsed times of two do not compare.
    t_ms = one_after_another(segment, table.numbers["elapsed"], source.name)
    receiver = (1 - phone.code).astype(np.int32)
    heard = Sightings(
        t_ms,
        narrow(table.numbers["rss"]),
        receiver,
        phone.code.astype(np.int32),
        np.full(table.n, np.nan, np.float32),
    )
    rows = clean(rows_of(heard, distance_m=distance_m, segment=segment))
    devices = tuple(Device(name, name) for name in (*phone.names, "other")[:2])
    starts = np.flatnonzero(np.diff(segment, prepend=-1))
    placements = [Placement(PLACES[letter]) for letter in carriage]
    segments = tuple(
        Segment(
            run=f"{carriage}, {distance_m[row]:g} m, {phone.names[phone.code[row]]}",
            receiver=int(receiver[row]),
            sender=int(phone.code[row]),
            start_ms=int(start),
            end_ms=int(end),
            distance_m=float(distance_m[row]),
            receiver_placement=placements[0],
            sender_placement=placements[1],
        )
        for row, (start, end) in zip(starts, spans_of(segment, t_ms, n), strict=True)
    )
    return collection(carriage, devices, rows, segments)
