"""One person with up to four phones at 6 ft: five places, eight body angles.

Source: github.com/mitll/BLE-RSSI-Various-Static-Configurations (CC BY 4.0). There is
no far class: it shows how bodies and walls spread the signal, and nothing else.
"""

from pathlib import Path

import numpy as np

from proximity.errors import TooLargeError
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
    numbered,
    rows_of,
    spans_of,
)
from proximity.research.datasets.timeline import one_after_another

DISTANCE_M = 1.8288
MAX_PLACES = 1_000
# Where the phone of each name was, by the description that came with the data.
CARRIAGE = {
    "TestPhone1": "front pants pocket",
    "TestPhone2": "in purse",
    "TestPhone3": "rear pants pocket",
    "TestPhone4": "at ear",
}
_COLUMNS = Columns(
    numbers=("angle_deg", "t_s", "rssi_dbm"),
    texts=("environment", "receiver", "tx_name"),
    optional=("txpower_adv",),
)


def load_static_6ft(folder: Path) -> Dataset:
    """Read the campaign.

    Parameters
    ----------
    folder : Path
        Holds `samples.csv.xz`.

    Returns
    -------
    Dataset
        One collection a place. Rows whose name a bit error broke are left out.

    Raises
    ------
    FormatError
        If the file is missing or damaged.
    """
    table = read_table(find_table(folder, "samples.csv"), _COLUMNS)
    environment, receiver, sender = (table.texts[name] for name in _COLUMNS.texts)
    angle = table.numbers["angle_deg"]
    intact = np.isin(sender.code, [sender.names.index(n) for n in _known(sender.names)])
    if len(environment.names) > MAX_PLACES:
        message = f"samples.csv names more than {MAX_PLACES} places"
        raise TooLargeError(message, HINT)
    found: list[Collection] = []
    for code, place in enumerate(environment.names):
        chosen = np.flatnonzero(intact & (environment.code == code))
        keys = [
            (receiver.names[r], f"{a:g}", sender.names[s])
            for r, a, s in zip(
                receiver.code[chosen].tolist(),
                angle[chosen].tolist(),
                sender.code[chosen].tolist(),
                strict=True,
            )
        ]
        if not keys:
            continue
        _, log = numbered(f"{place}, {r}, {a}" for r, a, _ in keys)
        t_ms = one_after_another(log, table.numbers["t_s"][chosen], "samples.csv")
        names, index = numbered(name for r, _, s in keys for name in (r, s))
        link = index.reshape(-1, 2)
        kinds, segment = numbered("\n".join(key) for key in keys)
        heard = Sightings(
            t_ms,
            narrow(table.numbers["rssi_dbm"][chosen]),
            link[:, 0].astype(np.int32),
            link[:, 1].astype(np.int32),
            narrow(table.numbers["txpower_adv"][chosen]),
        )
        distance = np.full(len(keys), DISTANCE_M)
        rows = clean(rows_of(heard, distance_m=distance, segment=segment))
        spans = spans_of(segment, t_ms, len(kinds))
        segments = tuple(
            _segment(kind.split("\n"), place, names, (int(a), int(b)))
            for kind, (a, b) in zip(kinds, spans, strict=True)
        )
        devices = tuple(Device(name) for name in names)
        found.append(collection(place, devices, rows, segments))
    return Dataset(folder.name, tuple(found))


def _known(names: tuple[str, ...]) -> list[str]:
    return [name for name in names if name in CARRIAGE]


def _segment(
    key: list[str], place: str, names: tuple[str, ...], span_ms: tuple[int, int]
) -> Segment:
    receiver, angle, sender = key
    return Segment(
        run=f"{place}, {receiver}, {angle}",
        receiver=names.index(receiver),
        sender=names.index(sender),
        start_ms=span_ms[0],
        end_ms=span_ms[1],
        distance_m=DISTANCE_M,
        angle_deg=float(angle),
        sender_placement=Placement(CARRIAGE[sender]),
        place=place,
    )
