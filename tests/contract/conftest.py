"""One sender near one scanner, for each backend: simulated, and on a real kernel."""

import asyncio
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData
from fake_systems import Kernel, System
from kernel_rig.air_client import Air, plugged_in

from proximity.protocol.advertisement import (
    COMPLETE_LOCAL_NAME,
    TX_POWER_LEVEL,
    decode_structures,
    encode_structures,
)
from proximity.protocol.advertisement import tx_power_dbm as stated_tx_power_dbm
from proximity.protocol.carrier import DEFAULT_PROFILE, DeploymentProfile
from proximity.protocol.reception import Broadcast, gather_receptions
from proximity.protocol.recording import make_recording
from proximity.protocol.sighting import MISSING_RSSI_DBM, Scans
from proximity.radio.advertiser import Advertiser
from proximity.radio.bleak_scanner import BleakScanner
from proximity.radio.bumble_transport import TransportRadio
from proximity.radio.hci_radio import HciSettings
from proximity.radio.linux_mgmt import LinuxScanner
from proximity.radio.recorded import RecordedScanner
from proximity.radio.scanner import Scanner
from proximity.radio.system_fields import split_fields
from proximity.radio.virtual import VirtualAir
from proximity.radio.virtual_time import VirtualTimeLoop
from proximity.units import Clock

NOW_S = 1_700_000_000.0
INTERVAL_MS = 250
# On a real kernel, which leaves the receiver off for half of the time.
SHORT_INTERVAL_MS = 100
# The air of a test: it goes on for so long.
LENGTH_MS = 20_000

# What is sent from which second on.
Frames = list[tuple[float, bytes]]
Send = Callable[[int, bytes], None]


@dataclass
class Setup:
    """A scanner near one sender, and how its adapter goes away."""

    scanner: Scanner
    unplug: Callable[[], Awaitable[None]]
    # Whether the system tells at once that an adapter goes, or only at the next scan.
    tells_at_once: bool = False
    # What a scan of a second hears at least, and at most.
    least_per_s: float = 3.5
    most_per_s: float = 4.25
    # Whether a report without RSSI is lost on the way.
    needs_rssi: bool = False
    # How much longer than asked a scan may take.
    slack_ms: int = 2


Backend = Callable[..., AbstractAsyncContextManager[Setup]]


@asynccontextmanager
async def recorded(
    frames: Frames,
    rssi_dbm: int,
    clock: Clock,
    profile: DeploymentProfile = DEFAULT_PROFILE,
) -> AsyncIterator[Setup]:
    """Replay what the sender would have sent."""
    starts = [*(round(at_s * 1_000) for at_s, _ in frames), LENGTH_MS]
    heard = [
        (t_ms, None if rssi_dbm == MISSING_RSSI_DBM else rssi_dbm, broadcast)
        for number, (_, data) in enumerate(frames)
        for broadcast in [Broadcast(address_of(number), data)]
        for t_ms in range(starts[number] + 7, starts[number + 1], INTERVAL_MS)
    ]
    scans = Scans(*np.array([[0], [LENGTH_MS], [0]], np.int64))
    recording = make_recording(gather_receptions(heard), scans, profile)

    async def wait_for_the_end() -> None:
        await asyncio.sleep(LENGTH_MS / 1_000)

    yield Setup(RecordedScanner(recording, clock), wait_for_the_end)


@asynccontextmanager
async def virtual(
    frames: Frames,
    rssi_dbm: int,
    clock: Clock,
    profile: DeploymentProfile = DEFAULT_PROFILE,
) -> AsyncIterator[Setup]:
    """Put two virtual controllers on one air."""
    generator = np.random.default_rng(7)
    air = VirtualAir(lambda *_: rssi_dbm, generator)
    settings = HciSettings("virtual", clock, generator.bytes, profile)
    listener, sender = await air.join(settings), await air.join(settings)

    async def unplug() -> None:
        air.unplug(0)

    async with running(send_by(sender, frames, clock)):
        yield Setup(listener, unplug, tells_at_once=True)
    await sender.stop()


@asynccontextmanager
async def bumble(
    frames: Frames,
    rssi_dbm: int,
    clock: Clock,
    profile: DeploymentProfile = DEFAULT_PROFILE,
) -> AsyncIterator[Setup]:
    """Open a controller behind a transport, near a virtual one that sends."""
    generator = np.random.default_rng(7)
    air = VirtualAir(lambda *_: rssi_dbm, generator)
    port = air.port()
    settings = HciSettings("bumble", clock, generator.bytes, profile)
    listener = TransportRadio("here", settings, port.open)
    sender = TransportRadio("there", settings, air.port().open)

    async def unplug() -> None:
        port.unplug()

    async with running(send_by(sender, frames, clock)):
        yield Setup(listener, unplug, tells_at_once=True)
    await listener.close()
    await sender.close()


@asynccontextmanager
async def linux_mgmt(
    frames: Frames,
    rssi_dbm: int,
    clock: Clock,
    profile: DeploymentProfile = DEFAULT_PROFILE,
) -> AsyncIterator[Setup]:
    """Answer the management protocol on socket pairs, as a kernel does."""
    kernel = Kernel()

    def send(number: int, data: bytes) -> None:
        found = struct.pack(
            "<H6sBbIH", 1, address_of(number)[::-1], 1, rssi_dbm, 0, len(data)
        )
        kernel.event(0x2F, found + data)

    async with running(send_each(frames, send, clock)):
        scanner = LinuxScanner(clock, kernel.open, profile)
        yield Setup(scanner, kernel.unplug, tells_at_once=True)
    kernel.close()


@asynccontextmanager
async def bleak(
    frames: Frames,
    rssi_dbm: int,
    clock: Clock,
    profile: DeploymentProfile = DEFAULT_PROFILE,
) -> AsyncIterator[Setup]:
    """Call back as bleak does, with fields instead of bytes."""
    system = System()
    # BlueZ's bleak writes this where there is no RSSI.
    written_dbm = -127 if rssi_dbm == MISSING_RSSI_DBM else rssi_dbm

    def send(number: int, data: bytes) -> None:
        name, tx_power_dbm, rest = unlisted(data)
        fields = split_fields(rest)
        device = BLEDevice(address_of(number).hex(":"), None, None)
        advertised = AdvertisementData(
            local_name=name,
            manufacturer_data=dict(fields.manufacturer_data),
            service_data=dict(fields.service_data),
            service_uuids=list(fields.service_uuids),
            tx_power=tx_power_dbm,
            rssi=written_dbm,
            platform_data=(),
        )
        for callback in system.listening:
            callback(device, advertised)

    async with running(send_each(frames, send, clock)):
        yield Setup(BleakScanner(clock, system.open, profile), system.unplug)


def unlisted(data: bytes) -> tuple[str | None, int | None, bytes]:
    """Take out of a frame what systems hand over beside its other fields."""
    structures = decode_structures(data)
    names = [
        value.decode() for kind, value in structures if kind == COMPLETE_LOCAL_NAME
    ]
    others = (COMPLETE_LOCAL_NAME, TX_POWER_LEVEL)
    rest = encode_structures([each for each in structures if each.kind not in others])
    return next(iter(names), None), stated_tx_power_dbm(structures), rest


@asynccontextmanager
async def on_kernel(
    scanner: Scanner, frames: Frames, rssi_dbm: int, clock: Clock, **traits: Any
) -> AsyncIterator[Setup]:
    """Listen with an adapter that a real kernel drives."""
    async with plugged_in() as air, running(send_on_air(air, frames, clock)):
        air("measure_as", rssi_dbm=rssi_dbm)
        yield Setup(scanner, unplugging(air), most_per_s=10, slack_ms=100, **traits)


def linux_mgmt_on_kernel(
    frames: Frames,
    rssi_dbm: int,
    clock: Clock,
    profile: DeploymentProfile = DEFAULT_PROFILE,
) -> AbstractAsyncContextManager[Setup]:
    """Listen through the kernel's management socket."""
    scanner = LinuxScanner(clock, profile=profile)
    traits = {"tells_at_once": True, "least_per_s": 2}
    return on_kernel(scanner, frames, rssi_dbm, clock, **traits)


def bleak_on_kernel(
    frames: Frames,
    rssi_dbm: int,
    clock: Clock,
    profile: DeploymentProfile = DEFAULT_PROFILE,
) -> AbstractAsyncContextManager[Setup]:
    """Listen through BlueZ."""
    scanner = BleakScanner(clock, profile=profile)
    traits = {"needs_rssi": True, "least_per_s": 8}
    return on_kernel(scanner, frames, rssi_dbm, clock, **traits)


async def send_on_air(air: Air, frames: Frames, clock: Clock) -> None:
    """Let the peer on the air send each frame when its time has come."""
    start_s = clock.monotonic()
    for at_s, data in frames:
        await asyncio.sleep(start_s + at_s - clock.monotonic())
        air("send", data=data.hex(), interval_ms=SHORT_INTERVAL_MS)


def unplugging(air: Air) -> Callable[[], Awaitable[None]]:
    """Return what pulls the adapter out."""

    async def unplug() -> None:
        air("unplug")

    return unplug


@asynccontextmanager
async def running(sending: Awaitable[None]) -> AsyncIterator[None]:
    """Let a sender send meanwhile."""
    task = asyncio.ensure_future(sending)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def send_by(sender: Advertiser, frames: Frames, clock: Clock) -> None:
    """Have an advertiser send every frame from its time on."""
    start_s = clock.monotonic()
    for at_s, data in frames:
        await asyncio.sleep(start_s + at_s - clock.monotonic())
        await sender.set_frame(data, INTERVAL_MS)


async def send_each(frames: Frames, send: Send, clock: Clock) -> None:
    """Send every frame at the interval until the next one begins."""
    start_s = clock.monotonic()
    ends_s = [*(at_s for at_s, _ in frames[1:]), LENGTH_MS / 1_000]
    for number, ((at_s, data), end_s) in enumerate(zip(frames, ends_s, strict=True)):
        await asyncio.sleep(start_s + at_s + 0.007 - clock.monotonic())
        while clock.monotonic() < start_s + end_s:
            send(number, data)
            await asyncio.sleep(INTERVAL_MS / 1_000)


def address_of(number: int) -> bytes:
    """Return the address of a frame."""
    return b"\xc0" + bytes(4) + bytes([number])


@pytest.fixture(
    params=[
        *(recorded, virtual, bumble, linux_mgmt, bleak),
        *(
            pytest.param(each, marks=pytest.mark.kernel)
            for each in (linux_mgmt_on_kernel, bleak_on_kernel)
        ),
    ],
    ids=lambda backend: backend.__name__.replace("_", "-"),
)
def backend(request) -> Backend:
    """Return a maker of a scanner near one sender."""
    return request.param


@pytest.fixture
def backend_name(backend: Backend) -> str:
    """Return the name that the backend puts on what it hears."""
    return backend.__name__.removesuffix("_on_kernel").replace("_", "-")


@pytest.fixture
def run(request) -> Callable[[Callable[[Clock], Coroutine[Any, Any, None]]], None]:
    """Return what runs a test: in virtual time, but for a real kernel."""
    is_real = request.node.get_closest_marker("kernel") is not None

    def run(test: Callable[[Clock], Coroutine[Any, Any, None]]) -> None:
        factory = asyncio.new_event_loop if is_real else VirtualTimeLoop
        with asyncio.Runner(loop_factory=factory) as runner:
            loop = runner.get_loop()
            runner.run(test(Clock(lambda: NOW_S + loop.time(), loop.time)))

    return run
