"""Twenty phone models at 2 m in an anechoic chamber: one mean RSSI each.

Source: github.com/opentrace-community/opentrace-calibration (GPL-3.0). It shows how
far models differ (20.7 dB); there is nothing in it to tell near from far.
"""

from pathlib import Path

import numpy as np

from proximity.errors import FormatError
from proximity.research.datasets.csv_table import (
    HINT,
    find_table,
    number,
    read_records,
)
from proximity.research.datasets.signals import (
    Dataset,
    Device,
    Segment,
    Sightings,
    clean,
    collection,
    narrow,
    rows_of,
)
from proximity.units import MS_PER_S

_DISTANCE, _AVERAGE = "Distance (m)", "Average (dBm)"


def load_device_2m(folder: Path) -> Dataset:
    """Read the table.

    Parameters
    ----------
    folder : Path
        Holds `Device Data.csv`.

    Returns
    -------
    Dataset
        One collection. Device 0 stands for the other end, which the table does not
        describe; each model has one segment with one sighting, its mean RSSI.

    Raises
    ------
    FormatError
        If the file is missing or damaged.
    """
    records = read_records(find_table(folder, "Device Data.csv"))
    measured = [(number(r, _DISTANCE), number(r, _AVERAGE)) for r in records]
    distance = np.array([np.nan if m is None else m for m, _ in measured])
    if not records or not np.all((distance >= 0) & (distance < 1_000)):
        raise FormatError(f"{folder.name} holds a model without a distance", HINT)
    n = len(records)
    t_ms = np.arange(n, dtype=np.int64) * MS_PER_S
    models = [f"{r.get('Manufacturer')} {r.get('Device Name')}" for r in records]
    heard = Sightings(
        t_ms,
        narrow(np.array([np.nan if rssi is None else rssi for _, rssi in measured])),
        np.zeros(n, np.int32),
        np.arange(1, n + 1, dtype=np.int32),
        np.full(n, np.nan, np.float32),
    )
    rows = clean(rows_of(heard, distance_m=distance, segment=np.arange(n)))
    segments = tuple(
        Segment(model, 0, i + 1, int(t), int(t), float(metres))
        for i, (model, t, metres) in enumerate(zip(models, t_ms, distance, strict=True))
    )
    devices = (Device("chamber"), *(Device(model, model) for model in models))
    return Dataset(folder.name, (collection("chamber", devices, rows, segments),))
