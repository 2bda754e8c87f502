"""Receptions: every advertisement a device heard, as heard, in columns."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from proximity.errors import TooLargeError
from proximity.protocol.sighting import MISSING_RSSI_DBM

MAX_RECEPTIONS = 5_000_000
MAX_SCANS = 1_000_000
MAX_BROADCASTS = 1_000_000
MAX_BROADCAST_BYTES = 64 * 2**20
# The longest advertising data of an extended advertisement (Core, 7.8.54).
MAX_DATA_BYTES = 1_650
ADDRESS_BYTES = 6
# The last millisecond of year 9999; RFC 3339 has no later year.
MAX_T_MS = 253_402_300_799_999
LEAST_RSSI_DBM, MOST_RSSI_DBM = -127, 20


class Broadcast(NamedTuple):
    """What a sender repeats: its address, if known, and its advertising data.

    Attributes
    ----------
    address : bytes | None
        6 bytes, most significant first.
    data : bytes
        Advertising data as heard, 0..1,650 bytes, well-formed or not.
    """

    address: bytes | None
    data: bytes

    def __repr__(self) -> str:
        """Tell the length, never the address or the data."""
        return f"<Broadcast {len(self.data)} bytes>"


class Receptions(NamedTuple):
    """Every advertisement heard, in the order of recording.

    Attributes
    ----------
    t_ms : int64[m]
        Unix milliseconds, 0..`MAX_T_MS`; need not ascend.
    rssi_dbm : int8[m]
        -127..20, or `MISSING_RSSI_DBM`.
    broadcast : int32[m]
        Index into `broadcasts`.
    broadcasts : tuple of Broadcast
        Each once.
    """

    t_ms: NDArray[np.int64]
    rssi_dbm: NDArray[np.int8]
    broadcast: NDArray[np.int32]
    broadcasts: tuple[Broadcast, ...]

    def __repr__(self) -> str:
        """Tell how many there are, never what was heard."""
        return f"<Receptions n={len(self.t_ms)}>"


def gather_receptions(
    heard: Iterable[tuple[int, int | None, Broadcast]],
) -> Receptions:
    """Gather receptions into columns.

    Parameters
    ----------
    heard : iterable of (t_ms, rssi_dbm, broadcast)
        In the order of recording; an RSSI of None was not measured.

    Returns
    -------
    Receptions
        Broadcasts are in the order in which they were heard first.

    Raises
    ------
    TooLargeError
        If there are more than 5,000,000 receptions, 1,000,000 distinct broadcasts,
        or 64 MiB of distinct advertising data.
    """
    index_of: dict[Broadcast, int] = {}
    t_ms: list[int] = []
    rssi_dbm: list[int] = []
    index: list[int] = []
    n_bytes = 0
    for t, rssi, broadcast in heard:
        if broadcast not in index_of:
            n_bytes += len(broadcast.data)
            check_broadcasts(len(index_of) + 1, n_bytes)
            index_of[broadcast] = len(index_of)
        check_receptions(len(t_ms) + 1)
        t_ms.append(t)
        rssi_dbm.append(MISSING_RSSI_DBM if rssi is None else rssi)
        index.append(index_of[broadcast])
    return Receptions(
        np.array(t_ms, np.int64),
        np.array(rssi_dbm, np.int8),
        np.array(index, np.int32),
        tuple(index_of),
    )


def check_receptions(n: int) -> None:
    """Raise `TooLargeError` if a recording may not hold `n` receptions."""
    _check(n, MAX_RECEPTIONS, "receptions")


def check_scans(n: int) -> None:
    """Raise `TooLargeError` if a recording may not hold `n` scans."""
    _check(n, MAX_SCANS, "scans")


def check_broadcasts(n: int, n_bytes: int) -> None:
    """Raise `TooLargeError` if a recording may not hold so many broadcasts."""
    _check(n, MAX_BROADCASTS, "distinct broadcasts")
    _check(n_bytes, MAX_BROADCAST_BYTES, "bytes of distinct advertising data")


def _check(n: int, limit: int, what: str) -> None:
    if n > limit:
        raise TooLargeError(
            f"the recording holds more than {limit:,} {what}",
            "Cut it into shorter recordings and use each.",
        )
