"""Any experiment of DP-3T's repository, in the typed form.

Some have camera tracks and some only a distance at each packet; some count seconds;
some hide the transmit power (0), repeat the receiver's model as the sender's, or lie
unpacked. The demo reads experiment 05 alone, see `dp3t`.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from proximity.errors import FormatError, TooLargeError
from proximity.protocol.sighting import MISSING_RSSI_DBM
from proximity.research.datasets.dp3t_table import Packets, read_recording
from proximity.research.datasets.dp3t_tracks import read_tracks
from proximity.research.datasets.signals import (
    Collection,
    Dataset,
    Device,
    Float32,
    Float64,
    Int32,
    Int64,
    Sightings,
    clean,
    rows_of,
)
from proximity.research.datasets.xz import PACKED
from proximity.research.world import Tracks

_TABLE = re.compile(r"(?:scenario)?(\d*)-?(.*)\.sqlite(?:\.xz)?")
_TRACKS = "ground_truth"
MAX_EXPERIMENTS = 1_000
# No experiment has a hundred.
MAX_PHONES = 1_000


@dataclass(frozen=True, slots=True)
class _Scenario:
    name: str
    table: Path
    tracks: tuple[Path, ...]


def load_dp3t(directory: Path) -> list[Dataset]:
    """Read an experiment, or every experiment of a folder.

    Parameters
    ----------
    directory : Path
        The folder of one experiment, with a table for each scenario; or their parent.

    Returns
    -------
    list of Dataset
        One for each experiment that has a table, by name; a collection a scenario.

    Raises
    ------
    FormatError
        If there is no table, or a file is damaged.
    """
    folders = [directory]
    if not _tables(directory) and directory.is_dir():
        folders = sorted(child for child in directory.iterdir() if child.is_dir())
    found = [
        Dataset(
            folder.resolve().name,
            tuple(_collection(each) for each in _scenarios(folder)),
            people=True,
        )
        for folder in folders[:MAX_EXPERIMENTS]
        if _tables(folder)
    ]
    if not found:
        raise FormatError(
            f"{directory.name} holds no table of an experiment",
            "Name the folder of an experiment, or the folder that holds experiments.",
        )
    return found


def _tables(folder: Path) -> list[Path]:
    """Return the tables of a folder, each once: what is unpacked already goes first."""
    packed = {path.name: path for path in sorted(folder.glob("*.sqlite.xz"))}
    plain = {f"{path.name}{PACKED}": path for path in sorted(folder.glob("*.sqlite"))}
    return [path for _, path in sorted((packed | plain).items())]


def _scenarios(folder: Path) -> list[_Scenario]:
    tables = _tables(folder)
    parsed = [_TABLE.fullmatch(table.name) for table in tables]
    names = [match[2] if match and match[2] else "scenario" for match in parsed]
    found = []
    for table, match, name in zip(tables, parsed, names, strict=True):
        number = match[1] if match else ""
        # Two scenarios of one name are told apart by their number.
        unique = name if names.count(name) == 1 else f"{number}-{name}"
        found.append(_Scenario(unique, table, _tracks_of(folder, number)))
    return found


def _tracks_of(folder: Path, number: str) -> tuple[Path, ...]:
    if not number:
        return ()
    pattern = f"{int(number)}_*.json*"
    parts = sorted((folder / _TRACKS).glob(pattern), reverse=True)
    # A part that lies there packed and unpacked counts once.
    once = {part.name.removesuffix(PACKED): part for part in parts}
    # part10 follows part9.
    return tuple(once[name] for name in sorted(once, key=lambda n: (len(n), n)))


def _collection(scenario: _Scenario) -> Collection:
    recording = read_recording(scenario.table)
    packets = recording.packets
    phones, tracks = _filmed(scenario, packets)
    numbers = np.unique(
        np.concatenate([packets.receiver, packets.transmitter, np.array(phones, int)])
    )
    if len(numbers) > MAX_PHONES:
        message = f"{scenario.table.name} names more than {MAX_PHONES} phones"
        raise TooLargeError(message, "This is not one of the published files.")
    devices = tuple(
        Device(str(number), recording.models.get(number, ""))
        for number in numbers.tolist()
    )
    # 0 dBm is what tables hold where the metadata stayed encrypted.
    power = packets.tx_power_dbm.astype(np.float32)
    heard = Sightings(
        packets.t_ms,
        _measured(packets),
        _index(numbers, packets.receiver),
        _index(numbers, packets.transmitter),
        np.where(power == 0, np.float32(np.nan), power).astype(np.float32),
    )
    rows = clean(rows_of(heard, distance_m=packets.table_distance_m))
    return Collection(
        scenario.name,
        devices,
        rows.sightings,
        rows.distance_m,
        tracks=None if tracks is None else _placed(tracks, phones, numbers),
        calibrated_power=True,
    )


def _filmed(
    scenario: _Scenario, packets: Packets
) -> tuple[tuple[int, ...], Tracks | None]:
    """Return the tracks, unless there are none or they are of another time."""
    if not scenario.tracks:
        return (), None
    phones, tracks = read_tracks(scenario.tracks)
    if len(packets.t_ms) == 0 or (
        tracks.t_ms[0] > packets.t_ms[-1] or tracks.t_ms[-1] < packets.t_ms[0]
    ):
        return (), None
    return phones, tracks


def _measured(packets: Packets) -> Float32:
    missing = packets.rssi_dbm == MISSING_RSSI_DBM
    rssi = np.where(missing, np.nan, packets.rssi_dbm)
    return rssi.astype(np.float32)


def _index(numbers: Int64, which: Int64) -> Int32:
    return np.searchsorted(numbers, which).astype(np.int32)


def _placed(tracks: Tracks, phones: tuple[int, ...], numbers: Int64) -> Tracks:
    """Return the tracks with a row for each device, empty for those not filmed."""
    rows = np.searchsorted(numbers, phones)
    shape = (len(numbers), len(tracks.t_ms))
    places: list[Float64] = []
    for axis in (tracks.x_m, tracks.y_m):
        full = np.full(shape, np.nan)
        full[rows] = axis
        places.append(full)
    return Tracks(tracks.t_ms, places[0], places[1])
