"""bleak and our advertiser on a real D-Bus, opposite a small daemon like BlueZ."""

import asyncio
import contextlib
import shutil
import subprocess
from pathlib import Path

import pytest
from bleak.backends.bluezdbus.manager import get_global_bluez_manager
from bleak.exc import BleakError
from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from proximity.errors import PermissionDeniedError, RadioOffError
from proximity.protocol.carrier import Carrier, encode_carrier
from proximity.radio.bleak_scanner import BleakScanner
from proximity.radio.bluez_advertiser import BluezAdvertiser, check
from proximity.radio.scanner import Heard, ScanReport, sighting_of
from proximity.units import Clock

DAEMON = shutil.which("dbus-daemon")
pytestmark = pytest.mark.skipif(
    DAEMON is None,
    reason="needs dbus-daemon (on Debian or Ubuntu: apt install dbus)",
)

CONFIGURATION = """<busconfig><type>system</type><listen>unix:path={path}</listen>
<auth>EXTERNAL</auth><policy context="default"><allow send_destination="*"/>
<allow receive_sender="*"/><allow own="*"/><allow user="*"/></policy></busconfig>"""
ADAPTER = "/org/bluez/hci0"
DEVICE = "org.bluez.Device1"
REPORT_EVERY_S = 0.02
PAYLOADS = [bytes([number]) * 20 for number in range(3)]


class Daemon:
    """Puts every registered advertisement on air under an address of its own.

    Its adapter hears what it sends, as long as somebody discovers.
    """

    def __init__(self, bus):
        self.bus = bus
        self.powered = True
        self.refuse = None
        self.filters = {}
        self.discovering = False
        self.on_air = {}
        self.types = []
        self._addresses = 0
        self.answers = {
            "GetManagedObjects": self.objects,
            "RegisterAdvertisement": self.begin,
            "UnregisterAdvertisement": self.unregister,
            "SetDiscoveryFilter": self.filter,
            "StartDiscovery": self.discover,
            "StopDiscovery": self.discover,
        }

    async def start(self):
        self.bus.add_message_handler(self.handle)
        rule = "type='signal',member='NameOwnerChanged'"
        await self.call(
            "org.freedesktop.DBus", "/org/freedesktop/DBus", "AddMatch", rule
        )
        await self.bus.request_name("org.bluez")

    async def call(self, destination, path, member, text):
        interface = {
            "AddMatch": "org.freedesktop.DBus",
            "GetAll": "org.freedesktop.DBus.Properties",
        }[member]
        reply = await self.bus.call(
            Message(
                destination=destination,
                path=path,
                interface=interface,
                member=member,
                signature="s",
                body=[text],
            )
        )
        return reply.body

    def handle(self, message):
        if message.member == "NameOwnerChanged" and not message.body[2]:
            self.drop(message.body[0])
        answer = self.answers.get(message.member)
        if message.message_type is not MessageType.METHOD_CALL or answer is None:
            return None
        if self.refuse and answer != self.objects:
            return Message.new_error(message, self.refuse, "no")
        return answer(message)

    def drop(self, client):
        """Take off the air what a client left that is gone."""
        for key in [key for key in self.on_air if key[0] == client]:
            del self.on_air[key]

    def objects(self, message):
        adapter = {
            "Powered": Variant("b", self.powered),
            "Roles": Variant("as", ["central", "peripheral"]),
        }
        interfaces = {
            "org.bluez.Adapter1": adapter,
            "org.bluez.LEAdvertisingManager1": {},
        }
        body = [{ADAPTER: interfaces}]
        return Message.new_method_return(message, "a{oa{sa{sv}}}", body)

    async def switch(self, *, powered):
        """Switch the adapter, and tell everybody."""
        self.powered = powered
        changed = {"Powered": Variant("b", powered)}
        await self.bus.send(
            Message.new_signal(
                ADAPTER,
                "org.freedesktop.DBus.Properties",
                "PropertiesChanged",
                "sa{sv}as",
                ["org.bluez.Adapter1", changed, []],
            )
        )

    def begin(self, message):
        self.task = asyncio.ensure_future(self.register(message))
        return True

    def unregister(self, message):
        del self.on_air[message.sender, message.body[0]]
        return Message.new_method_return(message)

    def filter(self, message):
        self.filters = message.body[0] or self.filters
        return Message.new_method_return(message)

    def discover(self, message):
        if not self.powered:
            return Message.new_error(message, "org.bluez.Error.NotReady", "off")
        self.discovering = message.member == "StartDiscovery"
        return Message.new_method_return(message)

    async def register(self, message):
        """Read the frame as BlueZ does, then answer."""
        path = message.body[0]
        (frame,) = await self.call(
            message.sender, path, "GetAll", "org.bluez.LEAdvertisement1"
        )
        self.types.append(frame["Type"].value)
        self._addresses += 1
        self.on_air[message.sender, path] = (self._addresses, frame)
        await self.bus.send(Message.new_method_return(message))

    async def send(self):
        """Report what is on air, again and again."""
        while True:
            await asyncio.sleep(REPORT_EVERY_S)
            for number, frame in list(self.on_air.values()):
                if self.discovering:
                    await self.report(number, frame)

    async def report(self, number, frame):
        path = f"{ADAPTER}/dev_C0_FF_EE_00_00_{number:02X}"
        properties = {
            "Adapter": Variant("o", ADAPTER),
            "Alias": Variant("s", "unnamed"),
            "Address": Variant("s", f"C0:FF:EE:00:00:{number:02X}"),
            "UUIDs": frame["ServiceUUIDs"],
            "ServiceData": frame["ServiceData"],
            "ManufacturerData": frame["ManufacturerData"],
            "RSSI": Variant("n", -61),
        }
        interface = "org.freedesktop.DBus.ObjectManager"
        await self.bus.send(
            Message.new_signal(
                "/",
                interface,
                "InterfacesAdded",
                "oa{sa{sv}}",
                [path, {DEVICE: properties}],
            )
        )


@pytest.fixture
def system_bus(tmp_path: Path, monkeypatch):
    """Run a D-Bus daemon of our own as this process's system bus."""
    address = tmp_path / "bus"
    configuration = tmp_path / "bus.conf"
    configuration.write_text(CONFIGURATION.format(path=address), encoding="utf-8")
    command = [DAEMON, "--nofork", "--print-address", f"--config-file={configuration}"]
    daemon = subprocess.Popen(  # noqa: S603
        command,
        stdout=subprocess.PIPE,
    )
    daemon.stdout.readline()
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={address}")
    yield f"unix:path={address}"
    daemon.terminate()
    daemon.wait(10)
    daemon.stdout.close()


def on_bus(address, main):
    """Run `main(daemon, clock)` with the daemon on the bus."""

    async def run():
        loop = asyncio.get_running_loop()
        clock = Clock(wall=lambda: 1_600_000_000 + loop.time(), monotonic=loop.time)
        bus = await MessageBus(bus_address=address).connect()
        daemon = Daemon(bus)
        await daemon.start()
        sending = asyncio.create_task(daemon.send())
        try:
            return await asyncio.wait_for(main(daemon, clock), 20)
        finally:
            sending.cancel()
            # bleak keeps its connection for as long as the loop lives.
            with contextlib.suppress(BleakError):
                await close((await get_global_bluez_manager())._bus)
            await close(bus)

    return asyncio.run(run())


async def close(bus):
    bus.disconnect()
    await bus.wait_for_disconnect()


async def hear(clock, seconds=0.3):
    return [each async for each in BleakScanner(clock).listen(seconds)]


def frame(payload):
    return encode_carrier(payload, Carrier.SERVICE_DATA)


def test_each_frame_is_heard_under_an_address_of_its_own(system_bus):
    async def main(daemon, clock):
        advertiser = BluezAdvertiser()
        heard = []
        for payload in PAYLOADS:
            await advertiser.set_frame(frame(payload), 250)
            heard += await hear(clock)
        await advertiser.stop()
        return heard, daemon

    heard, daemon = on_bus(system_bus, main)

    reports = [each for each in heard if isinstance(each, ScanReport)]
    sightings = [sighting_of(each) for each in heard if isinstance(each, Heard)]
    pairs = {(each.address, each.ephemeral_id) for each in sightings}
    assert len(reports) == 3
    assert {each.rssi_dbm for each in sightings} == {-61}
    assert {number for _, number in pairs} == {payload[:16] for payload in PAYLOADS}
    assert len(pairs) == len({address for address, _ in pairs}) == 3
    assert set(daemon.types) == {"broadcast"}
    assert not daemon.discovering
    assert {name: value.value for name, value in daemon.filters.items()} == {
        "Transport": "le",
        "DuplicateData": True,
        "RSSI": -127,
    }


def test_what_stops_is_off_the_air(system_bus):
    async def main(daemon, clock):
        advertiser = BluezAdvertiser()
        await advertiser.set_frame(frame(PAYLOADS[0]), 250)
        assert len(daemon.on_air) == 1
        await advertiser.stop()
        await advertiser.stop()
        while daemon.on_air:
            await asyncio.sleep(0.01)
        return await hear(clock, 0.1)

    assert len(on_bus(system_bus, main)) == 1


def test_an_adapter_that_is_off_is_named_and_works_again_when_it_is_on(system_bus):
    async def main(daemon, clock):
        advertiser = BluezAdvertiser()
        await daemon.switch(powered=False)
        with pytest.raises(RadioOffError):
            await advertiser.set_frame(frame(PAYLOADS[0]), 250)
        with pytest.raises(RadioOffError):
            await hear(clock)
        with pytest.raises(RadioOffError):
            await check()
        await daemon.switch(powered=True)
        await check()
        await advertiser.set_frame(frame(PAYLOADS[0]), 250)
        heard = await hear(clock)
        await advertiser.stop()
        return heard

    assert len(on_bus(system_bus, main)) > 1


def test_a_bus_that_denies_is_named(system_bus):
    async def main(daemon, clock):
        daemon.refuse = "org.freedesktop.DBus.Error.AccessDenied"
        with pytest.raises(PermissionDeniedError):
            await BluezAdvertiser().set_frame(frame(PAYLOADS[0]), 250)
        assert daemon.on_air == {}
        with pytest.raises(PermissionDeniedError):
            await hear(clock)

    on_bus(system_bus, main)


def test_a_system_without_the_daemon_is_an_adapter_that_is_off(system_bus):
    async def main(daemon, clock):
        await daemon.bus.release_name("org.bluez")
        with pytest.raises(RadioOffError):
            await check()
        with pytest.raises(RadioOffError):
            await hear(clock)

    on_bus(system_bus, main)
