"""Tables of the DP-3T measurements: what each phone heard."""

import sqlite3
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from proximity.errors import FormatError, TooLargeError
from proximity.protocol.sighting import MISSING_RSSI_DBM
from proximity.research.datasets.xz import unpack
from proximity.units import MS_PER_S

MAX_TABLE_BYTES = 256 << 20
MAX_ROWS = 1_000_000
# A view that never ends is also SQL: the query is stopped after this many steps
# of SQLite's machine, some hundred times what the largest scenario takes.
STEPS_PER_LOOK = 1_000_000
MAX_LOOKS = 500

# Above this an RSSI is a phone's way to say that it has none.
HIGHEST_RSSI_DBM = -20
# Some tables of the repository count seconds. In milliseconds this is 1973, in
# seconds it is 5138.
FIRST_MS = 100_000_000_000

HINT = "The table may be damaged: fetch it again from DP-3T/bt-measurements."
COLUMNS = "receiver_id, transmitter_id, timestamp, rssi, tx_power"


class Packets(NamedTuple):
    """What all phones of a scenario heard, by time, receiver and transmitter.

    Attributes
    ----------
    receiver, transmitter : int64[n]
        Numbers of the phones.
    t_ms : int64[n]
        Unix milliseconds.
    rssi_dbm, tx_power_dbm : int8[n]
        `MISSING_RSSI_DBM` where there is none; the sender's stated power.
    table_distance_m : float64[n]
        Distance that the table states; NaN where it states none.
    """

    receiver: NDArray[np.int64]
    transmitter: NDArray[np.int64]
    t_ms: NDArray[np.int64]
    rssi_dbm: NDArray[np.int8]
    tx_power_dbm: NDArray[np.int8]
    table_distance_m: NDArray[np.float64]


def read_packets(table: Path) -> Packets:
    """Read the table of one scenario.

    Parameters
    ----------
    table : Path
        Packed SQLite database.

    Returns
    -------
    Packets
        One for each pair and millisecond; an RSSI that is none is marked so.

    Raises
    ------
    FormatError
        If the file is damaged, too large, or not such a table.
    """
    with tempfile.NamedTemporaryFile(suffix=".sqlite") as unpacked:
        unpack(table, unpacked, max_bytes=MAX_TABLE_BYTES)
        unpacked.flush()
        try:
            rows = _read_rows(Path(unpacked.name))
        except sqlite3.Error as error:
            raise FormatError(f"{table.name} is not readable: {error}", HINT) from error
    if len(rows) > MAX_ROWS:
        raise TooLargeError(f"{table.name} has more than {MAX_ROWS} rows", HINT)
    try:
        values = np.array(rows, np.float64).reshape(len(rows), 6)
    except (TypeError, ValueError) as error:
        raise FormatError(f"{table.name} holds what is no number", HINT) from error
    return _packets(values, table.name)


def _read_rows(database: Path) -> list[tuple[object, ...]]:
    looks = iter(range(MAX_LOOKS))
    connection = sqlite3.connect(f"{database.as_uri()}?mode=ro&immutable=1", uri=True)
    try:
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 1 << 20)
        connection.set_progress_handler(
            lambda: int(next(looks, None) is None), STEPS_PER_LOOK
        )
        return connection.execute(
            # The columns are a literal of this module.
            f"SELECT {COLUMNS}, ground_truth_distance FROM results LIMIT ?",  # noqa: S608
            (MAX_ROWS + 1,),
        ).fetchall()
    finally:
        connection.close()


def _packets(values: NDArray[np.float64], name: str) -> Packets:
    receiver, transmitter, time, rssi, tx_power, distance = values.T
    bounds = (
        (receiver, 0, 1_000_000),
        (transmitter, 0, 1_000_000),
        (time, 0, 4_000_000_000_000),
        (rssi, -127, 127),
        (tx_power, -127, 127),
    )
    if not all(np.all((c >= low) & (c <= high)) for c, low, high in bounds):
        raise FormatError(f"{name} holds a number out of its range", HINT)
    in_seconds = np.all(time < FIRST_MS)
    t_ms = np.rint(time * MS_PER_S if in_seconds else time).astype(np.int64)
    order = _first_of_repeated(receiver, transmitter, t_ms)
    distance = np.where(distance < 0, np.nan, distance)
    rssi = np.where(rssi > HIGHEST_RSSI_DBM, MISSING_RSSI_DBM, rssi)
    return Packets(
        receiver[order].astype(np.int64),
        transmitter[order].astype(np.int64),
        t_ms[order],
        rssi[order].astype(np.int8),
        tx_power[order].astype(np.int8),
        distance[order],
    )


def _first_of_repeated(
    receiver: NDArray[np.float64],
    transmitter: NDArray[np.float64],
    t_ms: NDArray[np.int64],
) -> NDArray[np.intp]:
    """Order rows by time, one for each pair and millisecond: the one stored first."""
    order = np.lexsort((transmitter, receiver, t_ms))
    keys = np.stack((t_ms, receiver, transmitter))[:, order]
    fresh = np.ones(len(order), np.bool_)
    fresh[1:] = np.any(keys[:, 1:] != keys[:, :-1], axis=0)
    return order[fresh]
