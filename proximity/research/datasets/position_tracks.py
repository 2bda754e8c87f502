"""One beacon carried past twelve sensors on walls, its position known throughout.

Source: github.com/philotuxo/Position-Annotated-BLE-RSSI-Dataset (CC0 1.0). Not phone
to phone: sensors hang at 1.2 to 2.3 m.
"""

import json
from pathlib import Path

import numpy as np

from proximity.errors import FormatError
from proximity.research.datasets.csv_table import HINT, Columns, find_table, read_table
from proximity.research.datasets.signals import (
    Collection,
    Dataset,
    Device,
    Float64,
    Sightings,
    clean,
    collection,
    narrow,
    rows_of,
)
from proximity.research.datasets.timeline import milliseconds

_SENSORS = "tetam.dev"
_PREFIX = "Dongles:"
MAX_SENSORS_BYTES = 1 << 16
_TURN = tuple(f"r{i}" for i in range(9))
_COLUMNS = Columns(
    numbers=("t_s", "rssi", "x", "y", "z"),
    texts=("sensor",),
    header=("t_s", "sensor", "beacon", "rssi", "x", "y", "z", *_TURN),
)


def load_position_tracks(folder: Path) -> Dataset:
    """Read the campaign.

    Parameters
    ----------
    folder : Path
        Holds `tetam.dev`, the places of the sensors, and a file for each walk.

    Returns
    -------
    Dataset
        One collection a walk. Device 0 is the beacon; the distance of a sighting is
        that in space.

    Raises
    ------
    FormatError
        If a file is damaged or missing, or names a sensor without a place.
    """
    sensors = _sensors(folder)
    walks = sorted([*folder.glob("*.mbd"), *folder.glob("*.mbd.xz")])
    if not walks:
        raise FormatError(f"{folder.name} holds no walk", HINT)
    return Dataset(folder.name, tuple(_walk(walk, sensors) for walk in walks))


def _sensors(folder: Path) -> dict[str, tuple[str, list[float]]]:
    """Return the name and the place of each sensor by its address."""
    with find_table(folder, _SENSORS).open("rb") as stream:
        text = stream.read(MAX_SENSORS_BYTES).decode("utf-8", "replace")
    found: dict[str, tuple[str, list[float]]] = {}
    try:
        line = next(line for line in text.splitlines() if line.startswith(_PREFIX))
        for address, (place, _, name) in json.loads(line[len(_PREFIX) :]).items():
            found[address] = str(name), [float(number) for number in place]
        if not all(len(place) == 3 for _, place in found.values()):
            raise ValueError("a place has three coordinates")
    except (StopIteration, ValueError, TypeError, AttributeError, RecursionError):
        message = f"{_SENSORS} does not list the places of sensors"
        raise FormatError(message, HINT) from None
    return found


def _walk(source: Path, sensors: dict[str, tuple[str, list[float]]]) -> Collection:
    table = read_table(source, _COLUMNS)
    column = table.texts["sensor"]
    unknown = [address for address in column.names if address not in sensors]
    if unknown:
        raise FormatError(f"{source.name} names a sensor without a place", HINT)
    placed = [sensors[address] for address in column.names]
    places = np.array([place for _, place in placed]).reshape(-1, 3)
    beacon: Float64 = np.stack([table.numbers[axis] for axis in "xyz"], axis=1)
    distance_m = np.sqrt(np.sum((beacon - places[column.code]) ** 2, axis=1))
    heard = Sightings(
        milliseconds(table.numbers["t_s"], source.name),
        narrow(table.numbers["rssi"]),
        (column.code + 1).astype(np.int32),
        np.zeros(table.n, np.int32),
        np.full(table.n, np.nan, np.float32),
    )
    # Sensors hear one advertisement within a millisecond of each other; that is no
    # repetition, for a link is one sensor's.
    rows = clean(rows_of(heard, distance_m=distance_m))
    devices = (Device("beacon"), *(Device(name) for name, _ in placed))
    name = source.name.split(".", 1)[0]
    return collection(name, devices, rows, ())
