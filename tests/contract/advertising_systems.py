"""What advertisers send through, each telling what is on air."""

import asyncio
import socket
import struct
from contextlib import AsyncExitStack
from itertools import count
from types import SimpleNamespace

import numpy as np
from bumble import hci
from dbus_fast import MessageType, Variant
from kernel_rig.air_client import plugged_in

from proximity.radio import bluez_advertiser
from proximity.radio.advertiser import Advertiser
from proximity.radio.bluez_advertiser import BluezAdvertiser
from proximity.radio.hci_radio import HciSettings
from proximity.radio.linux_mgmt import LinuxAdvertiser
from proximity.radio.mgmt_frames import Command, Status
from proximity.radio.system_fields import Fields, join_fields
from proximity.radio.virtual import VirtualAir
from proximity.units import Clock

# What is on air: address and advertising data.
OnAir = list[tuple[bytes, bytes]]


class Virtual:
    """A virtual controller."""

    async def open(self, clock: Clock, _: AsyncExitStack) -> Advertiser:
        generator = np.random.default_rng(7)
        self.air = VirtualAir(lambda *_: -60, generator)
        radio = await self.air.join(HciSettings("virtual", clock, generator.bytes))
        self.controller, _ = self.air._parts[0]
        return radio

    def on_air(self) -> OnAir:
        sends = self.controller.le_legacy_advertiser
        return [(sends._sent.address, sends._sent.data)] if sends.enabled else []

    def refuse(self) -> None:
        """Refuse the data, when the address is set already."""
        refusal = hci.HCI_StatusReturnParameters(
            hci.HCI_ErrorCode.COMMAND_DISALLOWED_ERROR
        )
        self.controller.on_hci_le_set_advertising_data_command = lambda _: refusal

    def unplug(self) -> None:
        self.air.unplug(0)


class Linux:
    """A kernel at the other end of its control sockets."""

    def __init__(self) -> None:
        self.sending: dict[int, tuple[bytes, bytes]] = {}
        self.addresses = count()
        self.status: dict[int, int] = {}
        self.controllers = 1

    async def open(self, clock: Clock, _: AsyncExitStack) -> Advertiser:
        return LinuxAdvertiser(clock, self.connect)

    def connect(self) -> socket.socket:
        client, end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        client.setblocking(False)
        end.setblocking(False)
        asyncio.get_running_loop().add_reader(end, self.answer, end)
        return client

    def answer(self, end: socket.socket) -> None:
        frame = end.recv(2_048)
        if not frame:
            asyncio.get_running_loop().remove_reader(end)
            end.close()
            return
        opcode, index, _ = struct.unpack_from("<HHH", frame)
        status = self.status.get(opcode, Status.SUCCESS)
        data = b"" if status else self.carry_out(Command(opcode), frame[6:])
        body = struct.pack("<HB", opcode, status) + data
        # The client may have gone without waiting.
        try:
            end.send(struct.pack("<HHH", 1, index, len(body)) + body)
        except BrokenPipeError:
            return

    def carry_out(self, command: Command, parameters: bytes) -> bytes:
        if command is Command.READ_INDEX_LIST:
            return struct.pack("<H", self.controllers) + bytes(2 * self.controllers)
        if command is Command.READ_INFORMATION:
            return bytes(9) + struct.pack("<II", 0x201, 0x201) + bytes(263)
        if command is Command.READ_ADVERTISING_FEATURES:
            return struct.pack("<IBBBB", 0, 31, 31, 1, 0)
        if command is Command.REMOVE_ADVERTISING:
            self.sending.pop(parameters[0], None)
        if command is Command.ADD_EXT_ADV_DATA:
            address = next(self.addresses).to_bytes(6, "big")
            self.sending[parameters[0]] = address, parameters[3:]
        return b""

    def on_air(self) -> OnAir:
        return list(self.sending.values())

    def refuse(self) -> None:
        self.status[Command.ADD_EXT_ADV_DATA] = Status.REJECTED

    def unplug(self) -> None:
        self.controllers = 0
        self.sending.clear()


class Bluez:
    """BlueZ at the other end of the D-Bus."""

    def __init__(self) -> None:
        self.exported: dict[str, bluez_advertiser.Frame] = {}
        self.sending: dict[str, tuple[bytes, bytes]] = {}
        self.addresses = count()
        self.error = ""
        powered = {"Powered": Variant("b", True)}
        manager: dict[str, object] = {}
        self.objects = {
            "/org/bluez/hci0": {
                "org.bluez.Adapter1": powered,
                "org.bluez.LEAdvertisingManager1": manager,
            }
        }

    async def open(self, clock: Clock, _: AsyncExitStack) -> Advertiser:
        return BluezAdvertiser()

    async def connect(self) -> "Bluez":
        return self

    def export(self, path: str, frame: bluez_advertiser.Frame) -> None:
        self.exported[path] = frame

    def unexport(self, path: str) -> None:
        del self.exported[path]

    def disconnect(self) -> None:
        self.sending.clear()
        self.exported.clear()

    async def wait_for_disconnect(self) -> None:
        await asyncio.sleep(0)

    async def call(self, message):
        await asyncio.sleep(0)
        body: list[object] = []
        if message.member == "GetManagedObjects":
            body = [self.objects]
        elif message.member == "RegisterAdvertisement":
            if self.error:
                return SimpleNamespace(
                    message_type=MessageType.ERROR, error_name=self.error
                )
            self.register(message.body[0])
        else:
            self.sending.pop(message.body[0], None)
        await asyncio.sleep(0)
        return SimpleNamespace(message_type=MessageType.METHOD_RETURN, body=body)

    def register(self, path: str) -> None:
        frame = self.exported[path]
        assert frame.kind == "broadcast"
        fields = Fields(
            frame.service_uuids,
            {uuid: data.value for uuid, data in frame.service_data.items()},
            {number: data.value for number, data in frame.manufacturer_data.items()},
        )
        address = next(self.addresses).to_bytes(6, "big")
        self.sending[path] = address, join_fields(fields) or b""

    def on_air(self) -> OnAir:
        return list(self.sending.values())

    def refuse(self) -> None:
        self.error = "org.bluez.Error.Failed"

    def unplug(self) -> None:
        self.objects = {}
        self.sending.clear()


class OnKernel:
    """An adapter of Bluetooth 4 that a real kernel drives."""

    extended = False
    # LE Set Advertising Data, and its successor in Bluetooth 5.
    refused = (0x2008, 0x2037)

    async def open(self, clock: Clock, stack: AsyncExitStack) -> Advertiser:
        plugged = plugged_in(extended=self.extended)
        self.air = await stack.enter_async_context(plugged)
        advertiser = self.advertiser(clock)
        stack.push_async_callback(advertiser.stop)
        return advertiser

    def advertiser(self, clock: Clock) -> Advertiser:
        return LinuxAdvertiser(clock)

    def on_air(self) -> OnAir:
        sent = self.air("on_air")
        return [(bytes.fromhex(address), bytes.fromhex(data)) for address, data in sent]

    def refuse(self) -> None:
        for opcode in self.refused:
            self.air("refuse", opcode=opcode)

    def unplug(self) -> None:
        self.air("unplug")


class ExtendedOnKernel(OnKernel):
    """One of Bluetooth 5."""

    extended = True


class BluezOnKernel(OnKernel):
    """The system's BlueZ, with an adapter of Bluetooth 4."""

    def advertiser(self, clock: Clock) -> Advertiser:
        return BluezAdvertiser()


class ExtendedBluezOnKernel(BluezOnKernel):
    """The system's BlueZ, with an adapter of Bluetooth 5."""

    extended = True


SYSTEMS = {"virtual": Virtual, "linux-mgmt": Linux, "bluez": Bluez}
SYSTEMS_ON_KERNEL = {
    "linux-mgmt-on-kernel": OnKernel,
    "linux-mgmt-on-kernel-extended": ExtendedOnKernel,
    "bluez-on-kernel": BluezOnKernel,
    "bluez-on-kernel-extended": ExtendedBluezOnKernel,
}
