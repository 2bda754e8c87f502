"""A scanner and advertiser on any controller that bumble reaches."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Coroutine
from dataclasses import dataclass

from bumble import hci

from proximity.errors import AdvertisingUnsupportedError, RadioError, RadioOffError
from proximity.protocol.advertisement import LEGACY_BYTES
from proximity.protocol.carrier import DEFAULT_PROFILE, Carrier, DeploymentProfile
from proximity.radio.capabilities import Capabilities
from proximity.radio.hci_host import QuietHost
from proximity.radio.hci_reports import ADDRESS_BYTES, AdvertisingReport
from proximity.radio.scanner import Heard, ScanReport, measured_rssi
from proximity.units import MS_PER_S, Clock

CAPABILITIES = Capabilities(
    all_rssi=True,
    interval_control=True,
    address_rotation=True,
    carriers=frozenset(Carrier),
    privileged=False,
)

# The receiver is on all the time: interval and window of 60 ms.
_SCAN_UNITS = 96
_INTERVALS_MS = range(20, 10_241)
_ALL_CHANNELS = 7
# Some seconds of a flood; what comes beyond is lost, rather than memory.
_MOST_WAITING = 20_000


@dataclass(frozen=True, slots=True)
class HciSettings:
    """What a radio takes from the world.

    Attributes
    ----------
    backend : str
        Its name in what it hears: "virtual" or "bumble".
    clock : Clock
    entropy : callable of int -> bytes
        Makes the addresses.
    profile : DeploymentProfile
        Whose IDs it listens for.
    """

    backend: str
    clock: Clock
    entropy: Callable[[int], bytes]
    profile: DeploymentProfile = DEFAULT_PROFILE


class HciRadio:
    """One controller: a `Scanner` and an `Advertiser` at once.

    It scans passively, so that nobody learns from a scan request that it listens,
    and sends legacy non-connectable advertisements from addresses that do not
    resolve.

    Parameters
    ----------
    host : QuietHost
        Powered on.
    settings : HciSettings
    """

    def __init__(self, host: QuietHost, settings: HciSettings) -> None:
        self._host = host
        self._settings = settings
        self._waiting: asyncio.Queue[Heard | None] | None = None
        self._sends = False
        self._scans = False
        # Held while several commands belong together.
        self._lock = asyncio.Lock()
        host.on_report = self._on_report
        host.on_gone = self._wake

    @property
    def capabilities(self) -> Capabilities:
        """What any controller does that takes legacy commands."""
        return CAPABILITIES

    async def listen(self, seconds: float) -> AsyncGenerator[Heard | ScanReport, None]:
        """Listen once, for so long; see `Scanner.listen`."""
        if self._waiting is not None:
            raise ValueError("a radio makes one scan at a time")
        waiting: asyncio.Queue[Heard | None] = asyncio.Queue(_MOST_WAITING + 1)
        self._waiting = waiting
        try:
            async with self._lock:
                start_ms, monotonic_ms = self._now_ms()
                await self._scan(enable=True)
            timer = asyncio.get_running_loop().call_later(seconds, self._wake)
            try:
                while (heard := await waiting.get()) is not None:
                    yield heard
            finally:
                timer.cancel()
        finally:
            self._waiting = None
            await _completed(self._silence(advertising=False))
        if self._host.is_gone:
            raise RadioOffError(
                "The Bluetooth controller went away during the scan.",
                "Plug it in, or switch it on, and start again.",
            )
        # Not by the wall clock, which may be set meanwhile.
        end_ms = start_ms + self._now_ms()[1] - monotonic_ms
        yield ScanReport(start_ms, end_ms, monotonic_ms, self._settings.backend, 1.0)

    async def set_frame(self, data: bytes, interval_ms: int) -> None:
        """Send this from now on, under a fresh address; see `Advertiser.set_frame`."""
        if len(data) > LEGACY_BYTES or interval_ms not in _INTERVALS_MS:
            raise AdvertisingUnsupportedError(
                f"{len(data)} bytes every {interval_ms} ms cannot be advertised.",
                f"At most {LEGACY_BYTES} bytes every 20 to 10,240 ms go on air.",
            )
        async with self._lock:
            # Nothing is on air while address and payload change, and a controller
            # takes a new address only when it neither sends nor scans (7.8.4).
            await self._advertise(enable=False)
            scans = self._scans
            try:
                await self._scan(enable=False)
                await self._prepare(data, interval_ms)
                await self._advertise(enable=True)
            finally:
                if scans:
                    await _completed(self._scan(enable=True))

    async def stop(self) -> None:
        """Fall silent; see `Advertiser.stop`."""
        await _completed(self._silence(advertising=True))

    async def _prepare(self, data: bytes, interval_ms: int) -> None:
        units = round(interval_ms / 0.625)
        address = hci.Address(_fresh_address(self._settings.entropy))
        for command in (
            hci.HCI_LE_Set_Random_Address_Command(random_address=address),
            hci.HCI_LE_Set_Advertising_Parameters_Command(
                advertising_interval_min=units,
                advertising_interval_max=units,
                advertising_type=hci.HCI_LE_Set_Advertising_Parameters_Command.AdvertisingType.ADV_NONCONN_IND,
                own_address_type=hci.OwnAddressType.RANDOM,
                peer_address_type=hci.Address.PUBLIC_DEVICE_ADDRESS,
                peer_address=hci.Address.ANY,
                advertising_channel_map=_ALL_CHANNELS,
                advertising_filter_policy=0,
            ),
            hci.HCI_LE_Set_Advertising_Data_Command(advertising_data=data),
        ):
            await self._host.command(command)

    async def _advertise(self, *, enable: bool) -> None:
        if not enable and not self._sends:
            return
        # Whoever is cancelled before the answer comes must still stop it.
        self._sends = True
        await self._host.command(
            hci.HCI_LE_Set_Advertising_Enable_Command(advertising_enable=int(enable))
        )
        self._sends = enable

    async def _scan(self, *, enable: bool) -> None:
        if not enable and not self._scans:
            return
        self._scans = True
        if enable:
            await self._host.command(
                hci.HCI_LE_Set_Scan_Parameters_Command(
                    le_scan_type=hci.HCI_LE_Set_Scan_Parameters_Command.PASSIVE_SCANNING,
                    le_scan_interval=_SCAN_UNITS,
                    le_scan_window=_SCAN_UNITS,
                    own_address_type=hci.OwnAddressType.RANDOM,
                    scanning_filter_policy=0,
                )
            )
        await self._host.command(
            hci.HCI_LE_Set_Scan_Enable_Command(
                le_scan_enable=int(enable), filter_duplicates=0
            )
        )
        self._scans = enable

    async def _silence(self, *, advertising: bool) -> None:
        """Stop sending or scanning; a controller that is gone does neither."""
        try:
            async with self._lock:
                if advertising:
                    await self._advertise(enable=False)
                else:
                    await self._scan(enable=False)
        except RadioOffError:
            self._sends = self._scans = False

    def _on_report(self, report: AdvertisingReport) -> None:
        waiting = self._waiting
        if waiting is None or waiting.qsize() >= _MOST_WAITING:
            return
        wall_ms, monotonic_ms = self._now_ms()
        waiting.put_nowait(
            Heard(
                wall_ms,
                monotonic_ms,
                report.data,
                measured_rssi(report.rssi_dbm),
                report.address,
                self._settings.backend,
                self._settings.profile,
            )
        )

    def _wake(self) -> None:
        """End the scan, after all that was heard."""
        if self._waiting is not None and not self._waiting.full():
            self._waiting.put_nowait(None)

    def _now_ms(self) -> tuple[int, int]:
        clock = self._settings.clock
        return int(clock.wall() * MS_PER_S), int(clock.monotonic() * MS_PER_S)


async def _completed(work: Coroutine[None, None, None]) -> None:
    """Do what must not be left half done: a cancellation waits until it is."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        with contextlib.suppress(RadioError):
            await task
        raise


def _fresh_address(entropy: Callable[[int], bytes]) -> bytes:
    """Return a non-resolvable private address, least significant byte first."""
    fresh = entropy(ADDRESS_BYTES)
    return fresh[:-1] + bytes((fresh[-1] & 0x3F,))
