"""Devices run on a virtual air, from the first advertisement to the notification."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from proximity.authority.publish.model import PublishSettings
from proximity.authority.publish.publisher import EXPORT_FOLDER, publish
from proximity.authority.publish.signing_keys import published_keys
from proximity.client.engine import Engine, EngineSettings, Surroundings
from proximity.client.health_log import HealthLog, Trouble, Work
from proximity.client.notification import NotificationKind
from proximity.client.own_broadcast import Form
from proximity.client.runner import Circumstances, Radio, Runner
from proximity.protocol.linkability import audit_linkability
from proximity.protocol.reception import Broadcast, gather_receptions
from proximity.radio.bumble_transport import TransportRadio
from proximity.radio.hci_radio import HciSettings
from proximity.radio.scanner import Heard
from proximity.radio.virtual import VirtualAir
from proximity.radio.virtual_time import VirtualTimeLoop
from proximity.research.phones import Phone, reported_keys
from proximity.scoring.config import built_in
from proximity.store.schema import open_store
from proximity.store.sealing import SealingKey
from proximity.units import Clock

DAY = 20_774
START_S = DAY * 86_400 + 22 * 3_600 + 1_800
PUBLISHED_S = (DAY + 1) * 86_400 + 2 * 3_600 + 600
# The contact asks about four hours after its start.
END_S = START_S + 5 * 3_600
URL = "http://127.0.0.1/"
CASE, CONTACT, STRANGER = range(3)


class FolderNetwork:
    """Gives the files of a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, url: str, max_bytes: int) -> bytes:
        return (self.folder / url.removeprefix(URL)).read_bytes()


class Device:
    """One device with a store of its own."""

    def __init__(self, folder: Path, number: int, authority: Path) -> None:
        self.random = np.random.default_rng(number)
        self.phone = Phone(
            folder / f"{number}.sqlite", SealingKey(bytes([number]) * 32)
        )
        self.authority = authority
        self.form = Form(-20)
        self.told: list[object] = []
        self.changes: list[tuple[Work, Trouble | None]] = []

    def engine(self, connection: object, clock: Clock) -> Engine:
        pinned = published_keys(self.authority)
        settings = EngineSettings(
            URL, tuple(key.verification_key for key in pinned), built_in("en-v2")
        )
        network = FolderNetwork(self.authority / EXPORT_FOLDER)
        world = Surroundings(clock, network, self.random.bytes)
        return Engine(connection, self.phone.sealing, settings, world)

    def note(self, work: Work, trouble: Trouble | None) -> None:
        self.changes.append((work, trouble))

    def runner(self, connection: object, radio: object, clock: Clock) -> Runner:
        @contextmanager
        def open_engine() -> Iterator[Engine]:
            with closing(open_store(self.phone.store)) as another:
                yield self.engine(another, clock)

        async def here(work: Callable[[], object]) -> object:
            return work()

        return Runner(
            self.engine(connection, clock),
            open_engine,
            Radio(radio, radio, self.form),
            Circumstances(clock, self.random.random, here),
            health=HealthLog(connection, self.note),
            tell=self.told.append,
        )


class Eavesdropper:
    """Hands on what a radio hears, and keeps all of it."""

    def __init__(self, radio: object) -> None:
        self._radio = radio
        self.capabilities = radio.capabilities
        self.set_frame = radio.set_frame
        self.stop = radio.stop
        self.heard: list[tuple[int, int | None, Broadcast]] = []

    async def listen(self, seconds: float):
        async for item in self._radio.listen(seconds):
            if isinstance(item, Heard):
                sent = Broadcast(item.address, item.data)
                self.heard.append((item.t_wall_ms, item.rssi_dbm, sent))
            yield item


def reach(sender: int, receiver: int, t_s: float) -> int | None:
    return None if STRANGER in (sender, receiver) else -52


async def run_until(end_s: float, runs: list[Coroutine[Any, Any, None]]) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout_at(end_s), asyncio.TaskGroup() as tasks:
            for run in runs:
                tasks.create_task(run)


def live(
    devices: list[Device], end_s: float, events: dict[float, Callable[..., None]]
) -> list[Eavesdropper]:
    """Run devices until an end; each event gets the air at its time."""

    async def main() -> list[Eavesdropper]:
        loop = asyncio.get_running_loop()
        clock = Clock(wall=loop.time, monotonic=loop.time)
        air = VirtualAir(reach, np.random.default_rng(9))
        ears, runs = [], []
        for device in devices:
            settings = HciSettings("virtual", clock, device.random.bytes)
            ears.append(Eavesdropper(await air.join(settings)))
            connection = stack.enter_context(closing(open_store(device.phone.store)))
            runs.append(device.runner(connection, ears[-1], clock).run(fetches=True))
        for at_s, event in events.items():
            loop.call_at(at_s, event, air)
        await run_until(end_s, runs)
        return ears

    loop = VirtualTimeLoop(START_S)
    try:
        with ExitStack() as stack:
            return loop.run_until_complete(main())
    finally:
        loop.close()


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    folder = tmp_path / "authority"
    publish(folder, [], PublishSettings(minimum=10), now_s=START_S, entropy=bytes)
    return folder


@pytest.fixture
def devices(tmp_path: Path, authority: Path) -> list[Device]:
    return [Device(tmp_path, number, authority) for number in range(3)]


def test_a_contact_is_told_within_the_night_and_nobody_else(
    devices: list[Device], authority: Path
):
    def publish_case(_: VirtualAir) -> None:
        publish(
            authority,
            [reported_keys(devices[CASE].phone)],
            PublishSettings(minimum=10),
            now_s=PUBLISHED_S,
            entropy=np.random.default_rng(3).bytes,
        )

    ears = live(devices, END_S, {PUBLISHED_S: publish_case})

    (notice,) = devices[CONTACT].told
    assert notice.notification.kind is NotificationKind.EXPOSED
    assert notice.notification.day == DAY
    assert 75 <= notice.notification.minutes <= 95
    assert devices[STRANGER].told == devices[CASE].told == []
    assert [device.changes for device in devices] == [[], [], []]

    found = audit_linkability(gather_receptions(ears[CONTACT].heard))["gaen"]
    assert found.ids >= 25
    assert found.addresses == found.ids == found.pairs
    assert found.breaking_pairs == 0


def test_a_device_whose_adapter_is_pulled_out_names_it(devices: list[Device]):
    live(devices[:2], START_S + 1_800, {START_S + 900: lambda air: air.unplug(0)})

    assert (Work.SCAN, Trouble.RADIO_OFF) in devices[0].changes
    assert devices[1].changes == []


def test_an_adapter_of_its_own_that_comes_back_is_heard_and_hears_again(
    devices: list[Device],
):
    """The case's adapter is on a transport; it is away for twenty minutes."""
    gone_s, back_s, end_s = START_S + 900, START_S + 2_100, START_S + 4_200

    async def main() -> tuple[Eavesdropper, Eavesdropper]:
        loop = asyncio.get_running_loop()
        clock = Clock(wall=loop.time, monotonic=loop.time)
        air = VirtualAir(reach, np.random.default_rng(9))
        settings = HciSettings("virtual", clock, np.random.default_rng(4).bytes)
        port = air.port()
        transport = TransportRadio("usb:0", settings, port.open)
        await transport.open()
        ears = Eavesdropper(transport), Eavesdropper(await air.join(settings))
        loop.call_at(gone_s, port.unplug)
        loop.call_at(back_s, port.plug_in)
        runs = [
            device.runner(connection, ear, clock).run(fetches=False)
            for device, ear, connection in zip(devices, ears, connections, strict=False)
        ]
        await run_until(end_s, runs)
        await transport.close()
        return ears

    loop = VirtualTimeLoop(START_S)
    with ExitStack() as stack:
        stack.callback(loop.close)
        connections = [
            stack.enter_context(closing(open_store(device.phone.store)))
            for device in devices[:2]
        ]
        own, other = loop.run_until_complete(main())

    # A retry comes at least once a minute; then the frame within ten seconds of a scan.
    soon_ms = (back_s + 60 + 20) * 1_000
    for ear in (own, other):
        times = [t_ms for t_ms, _, _ in ear.heard]
        assert any(t_ms < gone_s * 1_000 for t_ms in times)
        assert not any(gone_s * 1_000 < t_ms < back_s * 1_000 for t_ms in times)
        # The other one scans once in five minutes.
        assert any(soon_ms < t_ms < soon_ms + 300_000 for t_ms in times)
    assert min(t for t, _, _ in own.heard if t > gone_s * 1_000) <= soon_ms
    assert set(devices[0].changes) == {
        (Work.SCAN, Trouble.RADIO_OFF),
        (Work.SCAN, None),
        (Work.ADVERTISEMENT, Trouble.RADIO_OFF),
        (Work.ADVERTISEMENT, None),
    }
    assert devices[1].changes == []
    found = audit_linkability(gather_receptions(other.heard))["gaen"]
    assert found.addresses_of_several_ids == 0
