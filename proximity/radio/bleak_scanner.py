"""The system's own scanner, through bleak: Linux (BlueZ), macOS and Windows.

Systems leave out reports, so that what is missing says nothing about the sender.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol

import bleak
from bleak.args.bluez import BlueZDiscoveryFilters
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakDBusError,
)

from proximity.errors import (
    PermissionDeniedError,
    ProximityError,
    RadioError,
    RadioOffError,
)
from proximity.protocol.carrier import DEFAULT_PROFILE, Carrier, DeploymentProfile
from proximity.radio.capabilities import Capabilities
from proximity.radio.scanner import Heard, ScanReport, measured_rssi
from proximity.radio.system_fields import Fields, join_fields
from proximity.units import MS_PER_S, Clock

NAME = "bleak"
CAPABILITIES = Capabilities(
    all_rssi=False,
    interval_control=False,
    address_rotation=False,
    carriers=frozenset(Carrier),
    privileged=False,
)

# Passive scanning loses almost every RSSI on BlueZ; with these three, active scanning
# loses none that the kernel hands out.
_FILTERS: BlueZDiscoveryFilters = {
    "Transport": "le",
    "DuplicateData": True,
    "RSSI": -127,
}
# What bleak writes where BlueZ gives no RSSI.
_NOT_MEASURED_DBM = -127
_DUTY = 1.0
# Beyond this, a busy process loses what comes; a flood cannot fill the memory.
_MAX_WAITING = 4_096

_SWITCH_ON = "Switch Bluetooth on in the system's settings."
_ALLOW = "Allow this program to use Bluetooth in the system's settings."
_DENIED = {
    BleakBluetoothNotAvailableReason.DENIED_BY_USER,
    BleakBluetoothNotAvailableReason.DENIED_BY_SYSTEM,
    BleakBluetoothNotAvailableReason.DENIED_BY_UNKNOWN,
}
_DENIED_ON_BUS = {
    "org.freedesktop.DBus.Error.AccessDenied",
    "org.bluez.Error.NotAuthorized",
    "org.bluez.Error.NotPermitted",
}
_OFF_ON_BUS = {
    "org.bluez.Error.NotReady",
    "org.freedesktop.DBus.Error.ServiceUnknown",
    "org.freedesktop.DBus.Error.UnknownObject",
    "org.freedesktop.DBus.Error.UnknownMethod",
    "org.freedesktop.DBus.Error.NameHasNoOwner",
}

Callback = Callable[[BLEDevice, AdvertisementData], None]
Check = Callable[[], Awaitable[None]]


async def nothing_to_check() -> None:
    """Trust a system that tells when its adapter goes."""


class SystemRadio(Protocol):
    """What is used of bleak's scanner."""

    async def start(self) -> None:
        """Start scanning."""
        ...

    async def stop(self) -> None:
        """Stop scanning."""
        ...


def open_system_radio(callback: Callback) -> SystemRadio:
    """Make bleak's scanner for this system; nothing is started."""
    return bleak.BleakScanner(callback, bluez={"filters": _FILTERS})


class BleakScanner:
    """A scanner on the system's Bluetooth.

    Parameters
    ----------
    clock : Clock
        Stamps what is heard.
    open_radio : callable of callback -> SystemRadio
    profile : DeploymentProfile
    check : callable -> awaitable
        Raises if the radio is off. Asked after each scan: BlueZ says nothing when the
        adapter is switched off meanwhile, and the scan would pass for silence.
    """

    capabilities = CAPABILITIES

    def __init__(
        self,
        clock: Clock,
        open_radio: Callable[[Callback], SystemRadio] = open_system_radio,
        profile: DeploymentProfile = DEFAULT_PROFILE,
        *,
        check: Check = nothing_to_check,
    ) -> None:
        self._clock = clock
        self._open_radio = open_radio
        self._profile = profile
        self._check = check

    async def listen(self, seconds: float) -> AsyncIterator[Heard | ScanReport]:
        """Listen once, as `Scanner.listen` says."""
        waiting: asyncio.Queue[Heard] = asyncio.Queue(_MAX_WAITING)

        def hear(device: BLEDevice, advertised: AdvertisementData) -> None:
            report = self._heard(device.address, advertised)
            if report is not None and not waiting.full():
                waiting.put_nowait(report)

        # Systems beneath bleak raise errors that share no base.
        try:
            radio = self._open_radio(hear)
            await radio.start()
        except Exception as error:
            raise _named(error) from error
        start = self._clock.monotonic()
        start_ms = round(self._clock.wall() * MS_PER_S)
        try:
            while (left := start + seconds - self._clock.monotonic()) > 0:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(left):
                        heard = await waiting.get()
                    yield heard
        except BaseException:
            # What ended the scan counts more than that the radio did not stop well.
            with contextlib.suppress(Exception):
                await radio.stop()
            raise
        try:
            await radio.stop()
        except Exception as error:
            raise _named(error) from error
        while not waiting.empty():
            yield waiting.get_nowait()
        await self._check()
        end_ms = start_ms + round((self._clock.monotonic() - start) * MS_PER_S)
        yield ScanReport(start_ms, end_ms, round(start * MS_PER_S), NAME, _DUTY)

    def _heard(self, address: str, advertised: AdvertisementData) -> Heard | None:
        data = join_fields(
            Fields(
                advertised.service_uuids,
                advertised.service_data,
                advertised.manufacturer_data,
                advertised.tx_power,
            )
        )
        if not data:
            return None
        rssi = advertised.rssi
        return Heard(
            round(self._clock.wall() * MS_PER_S),
            round(self._clock.monotonic() * MS_PER_S),
            data,
            None if rssi == _NOT_MEASURED_DBM else measured_rssi(rssi),
            _address(address),
            NAME,
            self._profile,
        )


def bus_error(name: str) -> ProximityError:
    """Return the error that an error's name on the D-Bus stands for."""
    if name in _DENIED_ON_BUS:
        return PermissionDeniedError("The system denies the use of Bluetooth.", _ALLOW)
    if name in _OFF_ON_BUS:
        return RadioOffError(
            "The Bluetooth adapter or the system's Bluetooth daemon is off or gone.",
            "Switch it on: `systemctl start bluetooth`, then `bluetoothctl power on`.",
        )
    return RadioError(
        f"The system's Bluetooth refuses ({name}).",
        "Switch Bluetooth off and on again.",
    )


def _named(error: Exception) -> ProximityError:
    """Return this package's error for one from beneath."""
    if isinstance(error, BleakBluetoothNotAvailableError):
        if error.reason in _DENIED:
            return PermissionDeniedError(
                "The system denies the use of Bluetooth.", _ALLOW
            )
        return RadioOffError("The Bluetooth adapter is off or missing.", _SWITCH_ON)
    if isinstance(error, BleakDBusError):
        return bus_error(error.dbus_error)
    return RadioError(
        f"The system's Bluetooth cannot be used ({type(error).__name__}).",
        "Check that its Bluetooth service runs and that an adapter is there.",
    )


def _address(text: str) -> bytes | None:
    """Return the 6 bytes, or None on Apple's systems, which give an alias instead."""
    try:
        address = bytes.fromhex(text.replace(":", ""))
    except ValueError:
        return None
    return address if len(address) == 6 else None
