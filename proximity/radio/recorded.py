"""A scanner that replays a recording: what was heard then is heard again."""

import asyncio
from collections.abc import AsyncIterator

import numpy as np

from proximity.errors import RadioOffError
from proximity.protocol.carrier import Carrier
from proximity.protocol.recording import Recording
from proximity.protocol.sighting import MISSING_RSSI_DBM
from proximity.radio.capabilities import Capabilities
from proximity.radio.scanner import Heard, ScanReport
from proximity.units import MS_PER_S, Clock

BACKEND = "recorded"


class RecordedScanner:
    """Replays a recording from the first call of `listen` on.

    What falls between two scans is missed, as a radio that is off misses it.

    Parameters
    ----------
    recording : Recording
        Its profile is that of what is heard.
    clock : Clock
        Gives the times of what is heard; the replay keeps to its monotonic time,
        which must go on while the event loop sleeps.
    """

    capabilities = Capabilities(
        all_rssi=True,
        interval_control=False,
        address_rotation=False,
        carriers=frozenset(Carrier),
        privileged=False,
    )

    def __init__(self, recording: Recording, clock: Clock) -> None:
        receptions = recording.receptions
        self._order = np.argsort(receptions.t_ms, kind="stable")
        self._t_ms = receptions.t_ms[self._order]
        self._receptions = receptions
        ends = [*recording.scans.end_ms.tolist(), *self._t_ms[-1:].tolist()]
        starts = [*recording.scans.start_ms.tolist(), *self._t_ms[:1].tolist()]
        self._first_ms = min(starts, default=0)
        self._last_ms = max(ends, default=-1)
        self._profile = recording.profile
        self._clock = clock
        self._ahead_ms: int | None = None

    async def listen(self, seconds: float) -> AsyncIterator[Heard | ScanReport]:
        """Replay the next seconds; see `Scanner.listen`.

        Raises
        ------
        RadioOffError
            If the recording is over before the scan begins.
        """
        start_ms, monotonic_ms = self._wall_ms(), self._monotonic_ms()
        if self._ahead_ms is None:
            self._ahead_ms = monotonic_ms - self._first_ms
        ahead_ms = self._ahead_ms
        if monotonic_ms - ahead_ms > self._last_ms:
            raise RadioOffError(
                "The recording is over.", "Replay a longer one, or begin it anew."
            )
        end_ms = monotonic_ms + round(seconds * MS_PER_S)
        span = np.searchsorted(self._t_ms, [monotonic_ms - ahead_ms, end_ms - ahead_ms])
        for row in self._order[slice(*span)].tolist():
            await self._wait(int(self._receptions.t_ms[row]) + ahead_ms)
            yield self._heard(row)
        await self._wait(end_ms)
        # Not by the wall clock, which may be set meanwhile.
        end_wall_ms = start_ms + self._monotonic_ms() - monotonic_ms
        yield ScanReport(start_ms, end_wall_ms, monotonic_ms, BACKEND, duty=1.0)

    def _heard(self, row: int) -> Heard:
        broadcast = self._receptions.broadcasts[self._receptions.broadcast[row]]
        rssi_dbm = int(self._receptions.rssi_dbm[row])
        return Heard(
            self._wall_ms(),
            self._monotonic_ms(),
            broadcast.data,
            None if rssi_dbm == MISSING_RSSI_DBM else rssi_dbm,
            broadcast.address,
            BACKEND,
            self._profile,
        )

    async def _wait(self, until_ms: int) -> None:
        # A sleep may end early by a rounding of the clock.
        while (left_ms := until_ms - self._monotonic_ms()) > 0:
            await asyncio.sleep(left_ms / MS_PER_S)

    def _wall_ms(self) -> int:
        return round(self._clock.wall() * MS_PER_S)

    def _monotonic_ms(self) -> int:
        return round(self._clock.monotonic() * MS_PER_S)
