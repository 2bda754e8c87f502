"""What was heard: one advertisement, and the columns of many."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# A Bluetooth controller's way to say that it did not measure (Core, 7.8.10).
MISSING_RSSI_DBM = 127


@dataclass(frozen=True, slots=True)
class Sighting:
    """One advertisement heard.

    Attributes
    ----------
    t_ms : int
        Unix time, milliseconds.
    rssi_dbm : int | None
        -127..20, or None where the radio did not measure it.
    scheme : str
        Name of the scheme that sent it, for example "gaen".
    ephemeral_id : bytes
        The rolling bytes; 16 for gaen, 12 for bluezone.
    metadata : bytes
        Encrypted metadata; 4 bytes for gaen, empty for schemes that have none.
    address : bytes | None
        The sender's 6-byte device address, most significant first, if known.
    """

    t_ms: int
    rssi_dbm: int | None
    scheme: str
    ephemeral_id: bytes
    metadata: bytes = b""
    address: bytes | None = None

    def __repr__(self) -> str:
        """Tell the kind and the time, never the ID or the address."""
        return f"<Sighting {self.scheme} t_ms={self.t_ms}>"


class Encounters(NamedTuple):
    """Sightings in columns, one row for each series of one gaen ephemeral ID.

    The metadata under an ID is not authenticated: a copy with other metadata has its
    own row, so that it changes nothing about what the true sender sent.

    Attributes
    ----------
    ephemeral_id : uint8[n, 16]
    metadata : uint8[n, 4]
        Encrypted metadata of every sighting of the row.
    offsets : int64[n + 1]
        Row i holds sightings `offsets[i]:offsets[i + 1]`.
    t_ms : int64[m]
        Unix milliseconds, ascending within a row.
    rssi_dbm : int8[m]
        `MISSING_RSSI_DBM` where it was not measured.
    """

    ephemeral_id: NDArray[np.uint8]
    metadata: NDArray[np.uint8]
    offsets: NDArray[np.int64]
    t_ms: NDArray[np.int64]
    rssi_dbm: NDArray[np.int8]

    def __repr__(self) -> str:
        """Tell how many rows there are, never whose."""
        return f"<Encounters n={len(self.ephemeral_id)}>"


class Scans(NamedTuple):
    """Listening periods in the order in which they were recorded.

    Attributes
    ----------
    start_ms, end_ms : int64[k]
        Unix milliseconds by the wall clock of the device.
    monotonic_ms : int64[k]
        Monotonic milliseconds at the start; -1 where unknown.
    """

    start_ms: NDArray[np.int64]
    end_ms: NDArray[np.int64]
    monotonic_ms: NDArray[np.int64]


def group_encounters(sightings: Iterable[Sighting]) -> Encounters:
    """Gather gaen sightings into time-ordered rows of one ID and metadata.

    Parameters
    ----------
    sightings : iterable of Sighting
        Any order; those of other schemes are left out, and those without
        metadata.

    Returns
    -------
    Encounters
        Rows in the order of their first sighting.
    """
    series: dict[tuple[bytes, bytes], list[Sighting]] = {}
    for sighting in sorted(sightings, key=lambda s: s.t_ms):
        if sighting.scheme == "gaen" and sighting.metadata:
            sent = (sighting.ephemeral_id, sighting.metadata)
            series.setdefault(sent, []).append(sighting)
    rows = list(series.values())
    flat = [sighting for row in rows for sighting in row]
    return Encounters(
        ephemeral_id=_byte_rows([row[0].ephemeral_id for row in rows], 16),
        metadata=_byte_rows([row[0].metadata for row in rows], 4),
        offsets=np.cumsum([0, *map(len, rows)], dtype=np.int64),
        t_ms=np.array([s.t_ms for s in flat], np.int64),
        rssi_dbm=np.array([_rssi_column_value(s) for s in flat], np.int8),
    )


def _byte_rows(values: list[bytes], width: int) -> NDArray[np.uint8]:
    return np.frombuffer(b"".join(values), np.uint8).reshape(len(values), width)


def _rssi_column_value(sighting: Sighting) -> int:
    return MISSING_RSSI_DBM if sighting.rssi_dbm is None else sighting.rssi_dbm
