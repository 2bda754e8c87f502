"""The DP-3T measurements: phones carried by people whom cameras followed.

Source: github.com/DP-3T/bt-measurements, experiment 05 (CC BY-ND 4.0). The files
are read as published; nothing of them is part of this package.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from proximity.errors import FormatError
from proximity.research.datasets.dp3t_table import Packets, read_packets
from proximity.research.datasets.dp3t_tracks import read_tracks
from proximity.research.truth import pair_truth
from proximity.research.world import (
    Receptions,
    Tracks,
    World,
    active_spans,
    cut_scans,
)

EXPERIMENT = "exp05-epfl-soldiers"
TABLE_NAME = re.compile(r"scenario(\d\d)-(\w+)\.sqlite\.xz")


@dataclass(frozen=True, slots=True)
class ScenarioFiles:
    """Files of one scenario that cameras followed.

    Attributes
    ----------
    name : str
        For example "lunch".
    table : Path
        Packed SQLite database of what each phone heard.
    tracks : tuple of Path
        Packed camera tracks, in time order.
    """

    name: str
    table: Path
    tracks: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class RecordedScenario:
    """One scenario as recorded.

    Attributes
    ----------
    name : str
    phones : tuple of int
        Numbers of the phones that the cameras followed, ascending.
    packets : Packets
        May name further phones, of which the cameras know nothing.
    tracks : Tracks
        Row i is `phones[i]`.
    """

    name: str
    phones: tuple[int, ...]
    packets: Packets
    tracks: Tracks


def find_scenarios(directory: Path) -> list[ScenarioFiles]:
    """List the scenarios that cameras followed.

    Parameters
    ----------
    directory : Path
        The repository's folder, or that of its experiment 05.

    Returns
    -------
    list of ScenarioFiles
        By number. Scenarios without camera tracks (the wall test) are left out.

    Raises
    ------
    FormatError
        If there is none.
    """
    inside = directory / EXPERIMENT
    folder = inside if inside.is_dir() else directory
    found = []
    for table in sorted(folder.glob("scenario*.sqlite.xz")):
        name = TABLE_NAME.fullmatch(table.name)
        if name is None:
            continue
        pattern = f"{int(name[1])}_*_part*.json.xz"
        tracks = tuple(sorted((folder / "ground_truth").glob(pattern)))
        if tracks:
            found.append(ScenarioFiles(name[2], table, tracks))
    if not found:
        raise FormatError(
            f"no scenario with camera tracks in {directory.name}",
            f"Name the folder dp3t_bt_measurements or {EXPERIMENT} in it.",
        )
    return found


def load_scenario(files: ScenarioFiles) -> RecordedScenario:
    """Read one scenario.

    Parameters
    ----------
    files : ScenarioFiles

    Returns
    -------
    RecordedScenario

    Raises
    ------
    FormatError
        If a file is damaged or not what it should be.
    """
    phones, tracks = read_tracks(files.tracks)
    return RecordedScenario(files.name, phones, read_packets(files.table), tracks)


def recorded_world(scenario: RecordedScenario, *, scan_s: int = 210) -> World:
    """Return the world of a recorded scenario.

    Parameters
    ----------
    scenario : RecordedScenario
    scan_s : int > 0
        Length of the scans into which each log is cut, seconds.

    Returns
    -------
    World
        Of the phones that the cameras followed and that sent or heard anything.
        Source: docs/explanation/measured-data.md.
    """
    packets = scenario.packets
    awake = set(packets.receiver.tolist()) | set(packets.transmitter.tolist())
    rows = [i for i, number in enumerate(scenario.phones) if number in awake]
    numbers = np.array([scenario.phones[i] for i in rows], np.int64)
    known = np.isin(packets.receiver, numbers) & np.isin(packets.transmitter, numbers)
    packets = Packets._make(column[known] for column in packets)
    spans = [
        active_spans(packets.t_ms[(packets.receiver == p) | (packets.transmitter == p)])
        for p in numbers
    ]
    clock, x_m, y_m = scenario.tracks
    tracks = Tracks(clock, x_m[rows], y_m[rows])
    return World(
        name=scenario.name,
        phones=tuple(str(number) for number in numbers),
        receptions=tuple(_receptions(packets, numbers, p) for p in numbers),
        scans=tuple(cut_scans(span, scan_s=scan_s) for span in spans),
        tracks=tracks,
        truth_min=pair_truth(tracks, spans),
    )


def _receptions(
    packets: Packets, numbers: NDArray[np.int64], receiver: int
) -> Receptions:
    heard = packets.receiver == receiver
    return Receptions(
        transmitter=np.searchsorted(numbers, packets.transmitter[heard]).astype(
            np.int64
        ),
        t_ms=packets.t_ms[heard],
        rssi_dbm=packets.rssi_dbm[heard],
        tx_power_dbm=packets.tx_power_dbm[heard],
    )
