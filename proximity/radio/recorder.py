"""Records what a scanner hears, as `protocol.recording` keeps it."""

import asyncio

import numpy as np

from proximity.protocol.reception import (
    MAX_DATA_BYTES,
    Broadcast,
    Receptions,
    check_broadcasts,
    check_receptions,
    check_scans,
    gather_receptions,
)
from proximity.protocol.sighting import Scans
from proximity.radio.scanner import Heard, Scanner, ScanReport
from proximity.units import MS_PER_S, Clock


class Recorder:
    """Keeps everything that is heard, whoever sent it, within a recording's bounds.

    Parameters
    ----------
    clock : Clock
        Tells when a scan ended that was interrupted.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heard: list[tuple[int, int | None, Broadcast]] = []
        self._known: dict[Broadcast, Broadcast] = {}
        self._known_bytes = 0
        self._scans: list[tuple[int, int, int]] = []

    async def record(self, scanner: Scanner, seconds: float) -> None:
        """Record one scan; of one that is interrupted, what it heard until then.

        Parameters
        ----------
        scanner : Scanner
        seconds : float
            Length of the scan, > 0.

        Raises
        ------
        RadioError
            As `Scanner.listen` raises it.
        TooLargeError
            If the recording would exceed a bound of `protocol.reception`.
        """
        start_ms, monotonic_ms = self._wall_ms(), self._monotonic_ms()
        before = len(self._heard)
        try:
            async for each in scanner.listen(seconds):
                self._take(each)
        except asyncio.CancelledError:
            lasted_ms = self._monotonic_ms() - monotonic_ms
            self._add_scan(start_ms, start_ms + lasted_ms, monotonic_ms)
            raise
        except Exception:
            # Until when the radio listened is known only from what it heard last; a
            # scan that never ran would pass for silence.
            if len(self._heard) > before:
                self._add_scan(start_ms, self._heard[-1][0], monotonic_ms)
            raise

    def recorded(self) -> tuple[Receptions, Scans]:
        """Return all that was recorded so far."""
        columns = np.array(self._scans, np.int64).reshape(-1, 3).T
        return gather_receptions(self._heard), Scans(*columns)

    def _take(self, each: Heard | ScanReport) -> None:
        if isinstance(each, ScanReport):
            self._add_scan(each.start_ms, each.end_ms, each.monotonic_ms)
        elif len(each.data) <= MAX_DATA_BYTES:
            broadcast = Broadcast(each.address, each.data)
            if broadcast not in self._known:
                self._known_bytes += len(each.data)
                check_broadcasts(len(self._known) + 1, self._known_bytes)
            check_receptions(len(self._heard) + 1)
            broadcast = self._known.setdefault(broadcast, broadcast)
            self._heard.append((each.t_wall_ms, each.rssi_dbm, broadcast))

    def _add_scan(self, start_ms: int, end_ms: int, monotonic_ms: int) -> None:
        check_scans(len(self._scans) + 1)
        # The clock may have been set back meanwhile.
        self._scans.append((start_ms, max(start_ms, end_ms), monotonic_ms))

    def _wall_ms(self) -> int:
        return int(self._clock.wall() * MS_PER_S)

    def _monotonic_ms(self) -> int:
        return int(self._clock.monotonic() * MS_PER_S)
