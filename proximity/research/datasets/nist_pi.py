"""Two Raspberry Pis in line of sight, 0.5 to 4 m, hours at each distance.

Source: github.com/ececli/Exposure-Notification-on-RPi (NIST, public domain).
"""

import re
from pathlib import Path

import numpy as np

from proximity.errors import FormatError
from proximity.research.datasets.csv_table import HINT, Columns, Table, read_table
from proximity.research.datasets.signals import (
    Bools,
    Dataset,
    Device,
    Rows,
    Segment,
    Sightings,
    clean,
    collection,
    join,
    narrow,
    rows_of,
)
from proximity.research.datasets.timeline import milliseconds

LOG = re.compile(r"ContactTracingData_(\d{2,3})cm_Device_([AB])\.csv(\.xz)?")
# The IDs that the two sent. Some rows hold a shifted packet instead, which shows in
# its ID and mostly in an impossible RSSI.
IDS = ("a1020304050607080910111213141516", "b1020304050607080910111213141516")
TX_POWER_DBM = 12.0
_COLUMNS = Columns(numbers=("Timestamp", "RSSI"), texts=("RPI",))
_CM = 100


def load_nist_pi(folder: Path) -> Dataset:
    """Read the campaign.

    Parameters
    ----------
    folder : Path
        Holds a log for each device and distance.

    Returns
    -------
    Dataset
        One collection: the same two devices throughout. Rows with a damaged ID are
        left out.

    Raises
    ------
    FormatError
        If a file is damaged, or there is none.
    """
    parts: list[Rows] = []
    segments: list[Segment] = []
    for source in sorted(folder.iterdir()) if folder.is_dir() else []:
        log = LOG.fullmatch(source.name)
        if log is None:
            continue
        table = read_table(source, _COLUMNS)
        intact = _intact(table)
        if not intact.any():
            continue
        distance_m = int(log[1]) / _CM
        receiver = "AB".index(log[2])
        rows = _rows(table, intact, receiver, distance_m)
        rows = rows._replace(segment=np.full_like(rows.segment, len(segments)))
        t_ms = rows.sightings.t_ms
        segments.append(
            Segment(
                run=f"{distance_m:g} m, {log[2]}",
                receiver=receiver,
                sender=1 - receiver,
                start_ms=int(t_ms.min()),
                end_ms=int(t_ms.max()),
                distance_m=distance_m,
            )
        )
        parts.append(rows)
    if not parts:
        raise FormatError(f"{folder.name} holds no log of the two devices", HINT)
    devices = (Device("A", "Raspberry Pi 3"), Device("B", "Raspberry Pi 3"))
    found = collection("pair", devices, clean(join(parts)), tuple(segments))
    return Dataset(folder.name, (found,))


def _intact(table: Table) -> Bools:
    ids = table.texts["RPI"]
    return np.isin(ids.code, [i for i, name in enumerate(ids.names) if name in IDS])


def _rows(table: Table, intact: Bools, receiver: int, distance_m: float) -> Rows:
    t_ms = milliseconds(table.numbers["Timestamp"][intact], "a log")
    n = len(t_ms)
    heard = Sightings(
        t_ms,
        narrow(table.numbers["RSSI"][intact]),
        np.full(n, receiver, np.int32),
        np.full(n, 1 - receiver, np.int32),
        np.full(n, TX_POWER_DBM, np.float32),
    )
    return rows_of(heard, distance_m=np.full(n, distance_m))
