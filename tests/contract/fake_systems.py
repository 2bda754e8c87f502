"""What scanners find beneath them, as far as they use it: a kernel, a bleak."""

import asyncio
import socket
import struct
from dataclasses import dataclass

from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
)

from proximity.radio.bleak_scanner import Callback
from proximity.radio.mgmt_frames import Command, Status


class Kernel:
    """The part of the management protocol that a scan needs."""

    def __init__(self) -> None:
        self.present = True
        self.monitored = False
        self.ends: list[socket.socket] = []

    def open(self) -> socket.socket:
        client, end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        client.setblocking(False)
        end.setblocking(False)
        self.ends.append(end)
        asyncio.get_running_loop().add_reader(end, self._answer, end)
        return client

    def event(self, code: int, body: bytes) -> None:
        for end in list(self.ends) if self.monitored or code != 0x2F else []:
            self._send(end, code, body)

    async def unplug(self) -> None:
        self.present = False
        self.event(0x05, b"")

    def close(self) -> None:
        for end in list(self.ends):
            self._drop(end)

    def _drop(self, end: socket.socket) -> None:
        asyncio.get_running_loop().remove_reader(end)
        self.ends.remove(end)
        end.close()

    def _answer(self, end: socket.socket) -> None:
        frame = end.recv(2_048)
        if not frame:
            self._drop(end)
            return
        opcode, index, _ = struct.unpack_from("<HHH", frame)
        body = struct.pack("<HB", opcode, Status.SUCCESS) + self._reply(Command(opcode))
        self._send(end, 0x01, body, index)

    def _send(self, end: socket.socket, code: int, body: bytes, index: int = 0) -> None:
        # The client may have gone without waiting.
        try:
            end.send(struct.pack("<HHH", code, index, len(body)) + body)
        except BrokenPipeError:
            self._drop(end)

    def _reply(self, command: Command) -> bytes:
        if command is Command.READ_INDEX_LIST:
            return struct.pack("<HH", 1, 0) if self.present else bytes(2)
        if command is Command.READ_INFORMATION:
            on = 1 << 0 | 1 << 9
            return bytes(9) + struct.pack("<II", on, on) + bytes(263)
        self.monitored = command is Command.ADD_PATTERNS_MONITOR
        return struct.pack("<H", 1)


class System:
    """The part of bleak's scanner that is used."""

    def __init__(self) -> None:
        self.present = True
        self.listening: list[Callback] = []

    def open(self, callback: Callback) -> "Session":
        return Session(self, callback)

    async def unplug(self) -> None:
        self.present = False


@dataclass
class Session:
    """One scan of the system."""

    system: System
    callback: Callback

    async def start(self) -> None:
        if not self.system.present:
            raise BleakBluetoothNotAvailableError(
                "off", BleakBluetoothNotAvailableReason.POWERED_OFF
            )
        self.system.listening.append(self.callback)

    async def stop(self) -> None:
        self.system.listening.remove(self.callback)
