"""Tables of the DP-3T measurements: what each phone heard."""

import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from proximity.errors import FormatError, TooLargeError
from proximity.protocol.sighting import MISSING_RSSI_DBM
from proximity.research.datasets.xz import PACKED, unpack
from proximity.units import MS_PER_S

MAX_TABLE_BYTES = 2 << 30
MAX_ROWS = 12_000_000
BLOCK = 1 << 16
MAX_MODELS = 10_000
# A view that never ends is also SQL: the query is stopped after this many steps
# of SQLite's machine, some hundred times what the largest scenario takes.
STEPS_PER_LOOK = 1_000_000
MAX_LOOKS = 500

# Above this an RSSI is a phone's way to say that it has none.
HIGHEST_RSSI_DBM = -20
# Further off, a power fits in no advertisement and no report of a radio.
FARTHEST_DBM = 127
# What the tables state where the power was encrypted.
MISSING_TX_POWER_DBM = 0
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
        `MISSING_RSSI_DBM` where there is none; the sender's stated power,
        `MISSING_TX_POWER_DBM` where it stated none.
    table_distance_m : float64[n]
        Distance that the table states; NaN where it states none.
    """

    receiver: NDArray[np.int64]
    transmitter: NDArray[np.int64]
    t_ms: NDArray[np.int64]
    rssi_dbm: NDArray[np.int8]
    tx_power_dbm: NDArray[np.int8]
    table_distance_m: NDArray[np.float64]


class Recording(NamedTuple):
    """The table of one scenario.

    Attributes
    ----------
    packets : Packets
    models : dict of int to str
        Model of each phone whose model the table tells without contradiction.
    """

    packets: Packets
    models: dict[int, str]


def read_packets(table: Path) -> Packets:
    """Read the packets of one scenario; see `read_recording`."""
    return read_recording(table).packets


def read_recording(table: Path) -> Recording:
    """Read the table of one scenario.

    Parameters
    ----------
    table : Path
        SQLite database, packed if its name ends in .xz.

    Returns
    -------
    Recording
        One packet for each pair and millisecond. An RSSI or a transmit power that is
        none, or that no radio states, is marked missing: one such row is no damage.

    Raises
    ------
    FormatError
        If the file is damaged, too large, or not such a table.
    """
    if not table.name.endswith(PACKED):
        return _read_database(table, table.name)
    with tempfile.NamedTemporaryFile(suffix=".sqlite") as unpacked:
        unpack(table, unpacked, max_bytes=MAX_TABLE_BYTES)
        unpacked.flush()
        return _read_database(Path(unpacked.name), table.name)


def _read_database(database: Path, name: str) -> Recording:
    try:
        with closing(_connect(database)) as connection:
            values = _read_values(connection)
            models = _read_models(connection)
    except sqlite3.Error as error:
        raise FormatError(f"{name} is not readable: {error}", HINT) from error
    except (TypeError, ValueError, OverflowError) as error:
        raise FormatError(f"{name} holds what is no number", HINT) from error
    if len(values) > MAX_ROWS:
        raise TooLargeError(f"{name} has more than {MAX_ROWS} rows", HINT)
    return Recording(_packets(values, name), models)


def _connect(database: Path) -> sqlite3.Connection:
    looks = iter(range(MAX_LOOKS))
    uri = f"{database.absolute().as_uri()}?mode=ro&immutable=1"
    connection = sqlite3.connect(uri, uri=True)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 1 << 20)
    connection.set_progress_handler(
        lambda: int(next(looks, None) is None), STEPS_PER_LOOK
    )
    return connection


def _read_values(connection: sqlite3.Connection) -> NDArray[np.float64]:
    blocks = [np.zeros((0, 6))]
    cursor = connection.execute(
        # The columns are a literal of this module.
        f"SELECT {COLUMNS}, ground_truth_distance FROM results LIMIT ?",  # noqa: S608
        (MAX_ROWS + 1,),
    )
    while rows := cursor.fetchmany(BLOCK):
        blocks.append(np.array(rows, np.float64).reshape(len(rows), 6))
    return np.concatenate(blocks)


def _read_models(connection: sqlite3.Connection) -> dict[int, str]:
    """Return the model of each phone, as its own log states it.

    Some tables repeat the receiver's model where the transmitter's should be, so that
    a phone seems to have many: the transmitter's column is believed only where it
    contradicts neither itself nor any receiver.
    """
    own = _models_of(connection, "receiver")
    others = _models_of(connection, "transmitter")
    contradicted = any(
        len(models) > 1 or models != own.get(phone, models)
        for phone, models in others.items()
    )
    known = own if contradicted else others | own
    return {phone: min(m) for phone, m in known.items() if len(m) == 1}


def _models_of(connection: sqlite3.Connection, side: str) -> dict[int, set[str]]:
    found: dict[int, set[str]] = {}
    try:
        rows = connection.execute(
            # `side` is a literal of this module.
            f"SELECT DISTINCT {side}_id, {side}_model FROM results LIMIT ?",  # noqa: S608
            (MAX_MODELS,),
        ).fetchall()
    except sqlite3.OperationalError:
        # Tables without models are tables all the same.
        return found
    for phone, model in rows:
        if isinstance(phone, int) and isinstance(model, str) and model:
            found.setdefault(phone, set()).add(model)
    return found


def _packets(values: NDArray[np.float64], name: str) -> Packets:
    receiver, transmitter, time, rssi, tx_power, distance = values.T
    bounds = (
        (receiver, 0, 1_000_000),
        (transmitter, 0, 1_000_000),
        (time, 0, 4_000_000_000_000),
    )
    if not all(np.all((c >= low) & (c <= high)) for c, low, high in bounds):
        raise FormatError(f"{name} holds a number out of its range", HINT)
    in_seconds = np.all(time < FIRST_MS)
    t_ms = np.rint(time * MS_PER_S if in_seconds else time).astype(np.int64)
    order = _first_of_repeated(receiver, transmitter, t_ms)
    distance = np.where(distance < 0, np.nan, distance)
    measured = (rssi >= -FARTHEST_DBM) & (rssi <= HIGHEST_RSSI_DBM)
    rssi = np.where(measured, rssi, MISSING_RSSI_DBM)
    stated = np.abs(tx_power) <= FARTHEST_DBM
    tx_power = np.where(stated, tx_power, MISSING_TX_POWER_DBM)
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
