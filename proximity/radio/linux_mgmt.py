"""Linux over the kernel's management socket: every report, byte-exact advertisements.

Needs CAP_NET_ADMIN and nothing of the system's Bluetooth daemon, beside which it runs.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from typing import NamedTuple

from proximity.errors import AdvertisingUnsupportedError, ProximityError, RadioError
from proximity.protocol import advertisement, bluezone, bluezone_ios
from proximity.protocol.advertisement import LEGACY_BYTES
from proximity.protocol.carrier import DEFAULT_PROFILE, Carrier, DeploymentProfile
from proximity.radio import mgmt_frames
from proximity.radio.capabilities import Capabilities
from proximity.radio.mgmt_frames import Command, Pattern, Status
from proximity.radio.mgmt_socket import (
    Arrival,
    ManagementSocket,
    find_controller,
    open_control_socket,
    refusal,
    understood,
)
from proximity.radio.scanner import Heard, ScanReport
from proximity.units import MS_PER_S, Clock

NAME = "linux-mgmt"
CAPABILITIES = Capabilities(
    all_rssi=True,
    interval_control=True,
    address_rotation=True,
    carriers=frozenset(Carrier),
    privileged=True,
)

OpenSocket = Callable[[], socket.socket]

# Measured: the kernel's passive scan listens 30 of 60 ms, its discovery always.
_MONITOR_DUTY = 0.5
_DISCOVERY_DUTY = 1.0
# LE public and LE random addresses.
_LOW_ENERGY = b"\x06"
_APPLE = 0x004C
# A kernel older than 5.10, or a controller that it cannot let monitor.
_NO_MONITOR = {
    Status.UNKNOWN_COMMAND,
    Status.NOT_SUPPORTED,
    Status.REJECTED,
    Status.INVALID_PARAMETERS,
}
# The kernel takes a frame off the air whose process was killed. The longest ID, one of
# Bluezone, lasts a quarter of an hour; then a living process sets the next.
_LIFE_S = 960
_RENEW_S = 930
# Bluetooth 5 controllers count the time themselves, and what the kernel tells them
# overflows beyond 65 s: on Linux 6.1, 700 s became 45 s. Renewed within an ID's life, a
# frame could change its address, so there it has no end.
_NO_END = 0
# How the kernel answers the removal of what is not, or no longer, on air.
_NOTHING_THERE = {
    Status.SUCCESS,
    Status.INVALID_PARAMETERS,
    Status.INVALID_INDEX,
    Status.NOT_POWERED,
}


def _patterns(profile: DeploymentProfile) -> tuple[Pattern, ...]:
    """Return what the schemes' advertisements begin with, in every carrier.

    Only a controller that filters by itself looks at them: without such, the kernel
    reports whatever is heard while a monitor is there.
    """
    service, company = profile.service_uuid16, profile.company_id
    numbers = [(advertisement.SERVICE_DATA_16, service)]
    numbers += [
        (advertisement.MANUFACTURER_DATA, number)
        for number in (company, bluezone.COMPANY, _APPLE)
    ]
    numbers += [
        (kind, number)
        for kind in (advertisement.COMPLETE_UUIDS_16, advertisement.INCOMPLETE_UUIDS_16)
        for number in (service, bluezone.SERVICE_UUID, profile.marker_uuid16)
    ]
    short = [Pattern(kind, 0, number.to_bytes(2, "little")) for kind, number in numbers]
    long = [
        Pattern(kind, 0, bluezone_ios.SERVICE_UUID[::-1])
        for kind in (
            advertisement.COMPLETE_UUIDS_128,
            advertisement.INCOMPLETE_UUIDS_128,
        )
    ]
    return (*short, *long)


class LinuxScanner:
    """A scanner that gets every report of the controller, each with its RSSI.

    Parameters
    ----------
    clock : Clock
        Stamps what is heard.
    open_socket : callable of () -> socket.socket
        Opens the control channel, once for each scan.
    profile : DeploymentProfile
    """

    capabilities = CAPABILITIES

    def __init__(
        self,
        clock: Clock,
        open_socket: OpenSocket = open_control_socket,
        profile: DeploymentProfile = DEFAULT_PROFILE,
    ) -> None:
        self._clock = clock
        self._open_socket = open_socket
        self._profile = profile

    async def listen(self, seconds: float) -> AsyncIterator[Heard | ScanReport]:
        """Listen once, as `Scanner.listen` says."""
        kernel = ManagementSocket(self._open_socket(), self._clock)
        try:
            with understood():
                index = await find_controller(kernel)
                kernel.listen_to(index)
                patterns = _patterns(self._profile)
                stop, parameters, duty = await _started(kernel, index, patterns)
            start = self._clock.monotonic()
            start_ms = round(self._clock.wall() * MS_PER_S)
            try:
                while (left := start + seconds - self._clock.monotonic()) > 0:
                    for arrival in await kernel.arrivals(left):
                        yield _heard(arrival, self._profile)
            finally:
                # Not awaited, so that a cancellation stops the radio too.
                _post(kernel, stop, index, parameters)
            for arrival in kernel.rest():
                yield _heard(arrival, self._profile)
        finally:
            kernel.close()
        end_ms = start_ms + round((self._clock.monotonic() - start) * MS_PER_S)
        yield ScanReport(start_ms, end_ms, round(start * MS_PER_S), NAME, duty)


class LinuxAdvertiser:
    """An advertiser that sends exactly the given bytes, non-connectable.

    The kernel draws a fresh non-resolvable address whenever an instance is added.
    It takes the highest instance: the system's daemon counts from the lowest, and
    the next start replaces what a killed process has left on air. Until then the
    kernel ends it by itself where the controller is older than Bluetooth 5, unless this
    object's task goes on renewing it. A frame that stays for longer than an ID lasts
    takes a fresh address when it is renewed.

    Parameters
    ----------
    clock : Clock
    open_socket : callable of () -> socket.socket
        Opens the control channel, once for each frame.
    """

    capabilities = CAPABILITIES

    def __init__(
        self, clock: Clock, open_socket: OpenSocket = open_control_socket
    ) -> None:
        self._clock = clock
        self._open_socket = open_socket
        self._on_air: _Place | None = None
        self._renewing: asyncio.Task[None] | None = None

    async def set_frame(self, data: bytes, interval_ms: int) -> None:
        """Send a frame under a fresh address, as `Advertiser.set_frame` says."""
        if len(data) > LEGACY_BYTES:
            raise ValueError(f"a frame has at most {LEGACY_BYTES} bytes")
        await self._let_expire()
        place = await self._send(data, interval_ms)
        if not place.extended:
            self._renewing = asyncio.create_task(self._renew(data, interval_ms))

    async def stop(self) -> None:
        """Fall silent, as `Advertiser.stop` says."""
        await self._let_expire()
        if self._on_air is None:
            return
        try:
            kernel = ManagementSocket(self._open_socket(), self._clock)
        except RadioError:
            self._on_air = None
            return
        try:
            await _remove(kernel, self._on_air)
        finally:
            kernel.close()
        self._on_air = None

    async def _send(self, data: bytes, interval_ms: int) -> "_Place":
        """Replace what is on air."""
        kernel = ManagementSocket(self._open_socket(), self._clock)
        try:
            with understood():
                place = await _place(kernel, len(data))
            # Removed first: a replaced instance could show the old bytes under the
            # new address, or the new bytes under the old one.
            for old in {place, self._on_air or place}:
                await _remove(kernel, old)
            self._on_air = place
            await _add(kernel, place, data, interval_ms)
        except BaseException:
            # Nothing half set stays on air, nor a frame whose time is over.
            self._silence(kernel)
            raise
        finally:
            kernel.close()
        return place

    async def _renew(self, data: bytes, interval_ms: int) -> None:
        """Keep a frame on air for as long as this process lives."""
        while True:
            await asyncio.sleep(_RENEW_S)
            # Without an adapter there is nothing to renew, until it comes back.
            with contextlib.suppress(ProximityError):
                await self._send(data, interval_ms)

    async def _let_expire(self) -> None:
        """Renew no longer."""
        task, self._renewing = self._renewing, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def _silence(self, kernel: ManagementSocket) -> None:
        place, self._on_air = self._on_air, None
        if place is not None:
            command = Command.REMOVE_ADVERTISING
            _post(kernel, command, place.controller, bytes([place.instance]))


class _Place(NamedTuple):
    """Where a frame is on air, and whether its controller counts the time."""

    controller: int
    instance: int
    extended: bool


async def _place(kernel: ManagementSocket, size: int) -> _Place:
    """Choose the controller and the instance for a frame of so many bytes."""
    index = await find_controller(kernel)
    features = mgmt_frames.decode_advertising_features(
        await kernel.command(Command.READ_ADVERTISING_FEATURES, index)
    )
    if not features.instances or features.data_bytes < size:
        raise AdvertisingUnsupportedError(
            "The Bluetooth adapter cannot advertise.",
            "It still listens; use another adapter to be heard as well.",
        )
    return _Place(index, features.instances, features.extended)


async def _add(
    kernel: ManagementSocket, place: _Place, data: bytes, interval_ms: int
) -> None:
    """Put a frame on air; the kernel sends nothing before it has the data."""
    life_s = _NO_END if place.extended else _LIFE_S
    for opcode, content in (
        (
            Command.ADD_EXT_ADV_PARAMS,
            mgmt_frames.advertising_parameters(place.instance, interval_ms, life_s),
        ),
        (Command.ADD_EXT_ADV_DATA, mgmt_frames.advertising_data(place.instance, data)),
    ):
        reply = await kernel.attempt(opcode, place.controller, content)
        if reply.status in (Status.UNKNOWN_COMMAND, Status.NOT_SUPPORTED):
            raise AdvertisingUnsupportedError(
                "This kernel or adapter cannot send an advertisement as given.",
                "It needs Linux 5.11 or newer; or use `--backend bluez`.",
            )
        if reply.status != Status.SUCCESS:
            raise refusal(reply)


async def _remove(kernel: ManagementSocket, place: _Place) -> None:
    reply = await kernel.attempt(
        Command.REMOVE_ADVERTISING, place.controller, bytes([place.instance])
    )
    if reply.status not in _NOTHING_THERE:
        raise refusal(reply)


def _post(
    kernel: ManagementSocket, opcode: Command, index: int, parameters: bytes
) -> None:
    """Send a command that ends something; what is gone has ended."""
    with contextlib.suppress(RadioError):
        kernel.post(opcode, index, parameters)


async def _started(
    kernel: ManagementSocket, index: int, patterns: tuple[Pattern, ...]
) -> tuple[Command, bytes, float]:
    """Start listening, or if cancelled meanwhile, let nothing go on listening."""
    starting = asyncio.ensure_future(_start(kernel, index, patterns))
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        # Only the reply tells by which handle a monitor can be removed.
        with contextlib.suppress(ProximityError):
            stop, parameters, _ = await starting
            _post(kernel, stop, index, parameters)
        raise


async def _start(
    kernel: ManagementSocket, index: int, patterns: tuple[Pattern, ...]
) -> tuple[Command, bytes, float]:
    """Start listening; return the command that stops it, and the duty."""
    reply = await kernel.attempt(
        Command.ADD_PATTERNS_MONITOR, index, mgmt_frames.patterns_monitor(patterns)
    )
    if reply.status == Status.SUCCESS:
        mgmt_frames.decode_monitor_handle(reply.data)
        return Command.REMOVE_MONITOR, reply.data, _MONITOR_DUTY
    if reply.status not in _NO_MONITOR:
        raise refusal(reply)
    await kernel.command(Command.START_DISCOVERY, index, _LOW_ENERGY)
    return Command.STOP_DISCOVERY, _LOW_ENERGY, _DISCOVERY_DUTY


def _heard(arrival: Arrival, profile: DeploymentProfile) -> Heard:
    return Heard(
        arrival.t_wall_ms,
        arrival.t_monotonic_ms,
        arrival.found.data,
        arrival.found.rssi_dbm,
        arrival.found.address,
        NAME,
        profile,
    )


async def check(clock: Clock, open_socket: OpenSocket = open_control_socket) -> None:
    """Find out whether this backend can be used now; nothing goes on air.

    Raises
    ------
    PermissionDeniedError
        If the process lacks CAP_NET_ADMIN.
    RadioOffError
        If no adapter is on.
    RadioError
        If this system's kernel has no Bluetooth.
    """
    kernel = ManagementSocket(open_socket(), clock)
    try:
        with understood():
            index = await find_controller(kernel)
        # The kernel answers this one only to those whom it lets manage.
        await kernel.command(Command.READ_ADVERTISING_FEATURES, index)
    finally:
        kernel.close()
