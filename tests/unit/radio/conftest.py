"""A kernel for the tests of the management backend, on one end of socket pairs."""

import asyncio
import socket
import struct
from collections.abc import Callable

import pytest

from proximity.radio.mgmt_frames import Command, Status
from proximity.units import Clock

START_S = 1_600_000_000
POWERED, LOW_ENERGY = 1 << 0, 1 << 9


class Kernel:
    """Answers commands as Linux 6.1 does, and lets tests send events.

    Its air is `on_air`: instance -> (interval in 0.625 ms, data), of which `aired`
    keeps every frame, in order, and `lives_s` for how long each was asked to stay.
    """

    def __init__(self) -> None:
        self.controllers = {0: POWERED | LOW_ENERGY}
        self.supported = POWERED | LOW_ENERGY
        self.status: dict[int, int] = {}
        self.instances = 4
        # 251 of a Bluetooth 5 controller.
        self.data_bytes = 31
        self.commands: list[int] = []
        self.parameters: list[bytes] = []
        self.on_air: dict[int, tuple[int, bytes]] = {}
        self.aired: list[bytes] = []
        self.lives_s: list[int] = []
        self.renewals = 0
        self.monitors: set[int] = set()
        self.discovering = False
        self.silent = False
        self._pending: dict[int, int] = {}
        self._ends: list[socket.socket] = []

    def open(self) -> socket.socket:
        """Return the client's end of a new control socket."""
        client, kernel = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        client.setblocking(False)
        kernel.setblocking(False)
        self._ends.append(kernel)
        asyncio.get_running_loop().add_reader(kernel, self._answer, kernel)
        return client

    def close(self) -> None:
        """Close every end."""
        for end in self._ends:
            if end.fileno() >= 0:
                asyncio.get_running_loop().remove_reader(end)
                end.close()

    def event(self, code: int, body: bytes, index: int = 0) -> None:
        """Send an event to every open socket."""
        for end in self._ends:
            if end.fileno() >= 0:
                end.send(struct.pack("<HHH", code, index, len(body)) + body)

    def hear(self, data: bytes, rssi: int = -60, address: bytes = bytes(6)) -> None:
        """Report an advertisement as a monitor does."""
        self.event(0x2F, heard_body(data, rssi, address, monitor=0))

    @property
    def listens(self) -> bool:
        return bool(self.monitors) or self.discovering

    def _answer(self, end: socket.socket) -> None:
        try:
            frame = end.recv(2_048)
        except BlockingIOError:
            return
        if not frame:
            asyncio.get_running_loop().remove_reader(end)
            end.close()
            return
        opcode, index, _ = struct.unpack_from("<HHH", frame)
        self.commands.append(opcode)
        self.parameters.append(frame[6:])
        if self.silent:
            return
        status, data = self._run(opcode, index, frame[6:])
        body = struct.pack("<HB", opcode, status) + data
        # The client may have gone without waiting.
        try:
            end.send(struct.pack("<HHH", 1, index, len(body)) + body)
        except BrokenPipeError:
            return

    def _run(self, opcode: int, index: int, parameters: bytes) -> tuple[int, bytes]:
        forced = self.status.get(opcode, Status.SUCCESS)
        if forced != Status.SUCCESS:
            return forced, b""
        if index not in self.controllers and index != 0xFFFF:
            return Status.INVALID_INDEX, b""
        reply = {
            Command.READ_INDEX_LIST: self._index_list,
            Command.READ_INFORMATION: lambda _: self._information(index),
            Command.ADD_PATTERNS_MONITOR: self._add_monitor,
            Command.REMOVE_MONITOR: self._remove_monitor,
            Command.START_DISCOVERY: self._start_discovery,
            Command.STOP_DISCOVERY: self._stop_discovery,
            Command.READ_ADVERTISING_FEATURES: self._features,
            Command.REMOVE_ADVERTISING: self._remove,
            Command.ADD_EXT_ADV_PARAMS: self._set_parameters,
            Command.ADD_EXT_ADV_DATA: self._set_data,
        }[Command(opcode)](parameters)
        return (reply, b"") if isinstance(reply, int) else (Status.SUCCESS, reply)

    def _index_list(self, _: bytes) -> bytes:
        indices = sorted(self.controllers)
        return struct.pack(f"<H{len(indices)}H", len(indices), *indices)

    def _information(self, index: int) -> bytes:
        settings = struct.pack("<II", self.supported, self.controllers[index])
        return bytes(9) + settings + bytes(280 - 17)

    def _add_monitor(self, parameters: bytes) -> int | bytes:
        assert len(parameters) == 1 + 34 * parameters[0]
        handle = len(self.monitors) + 1
        self.monitors.add(handle)
        return struct.pack("<H", handle)

    def _remove_monitor(self, parameters: bytes) -> bytes:
        self.monitors.discard(int.from_bytes(parameters, "little"))
        return parameters

    def _start_discovery(self, parameters: bytes) -> bytes:
        self.discovering = True
        return parameters

    def _stop_discovery(self, parameters: bytes) -> bytes:
        self.discovering = False
        return parameters

    def _features(self, _: bytes) -> bytes:
        used = sorted(self.on_air)
        sizes = self.data_bytes, self.data_bytes, self.instances, len(used)
        head = struct.pack("<IBBBB", 0xFFFF, *sizes)
        return head + bytes(used)

    def _remove(self, parameters: bytes) -> int | bytes:
        if self.on_air.pop(parameters[0], None) is None:
            return Status.INVALID_PARAMETERS
        return parameters

    def _set_parameters(self, parameters: bytes) -> int | bytes:
        fields = struct.unpack("<BIHHIIb", parameters)
        instance, flags, _, life_s, least, _, _ = fields
        if flags != 3 << 13 or instance > self.instances or instance in self.on_air:
            return Status.REJECTED
        self._pending = {instance: least}
        self.lives_s.append(life_s)
        return bytes((instance, 0, self.data_bytes, self.data_bytes))

    def _set_data(self, parameters: bytes) -> int | bytes:
        instance, size, _ = parameters[:3]
        if instance in self.on_air and self.data_bytes > 31:
            assert self.on_air[instance][1] == parameters[3:]
            self.renewals += 1
            return bytes([instance])
        if instance not in self._pending or len(parameters) != 3 + size:
            return Status.INVALID_PARAMETERS
        self.on_air[instance] = (self._pending.pop(instance), parameters[3:])
        self.aired.append(parameters[3:])
        return bytes([instance])


def heard_body(
    data: bytes, rssi: int, address: bytes, *, monitor: int | None = None
) -> bytes:
    """Return the body of DEVICE_FOUND, or with a handle that of a monitor's event."""
    head = b"" if monitor is None else struct.pack("<H", monitor)
    found = struct.pack("<6sBbIH", address[::-1], 1, rssi, 0, len(data))
    return head + found + data


@pytest.fixture
def with_kernel() -> Callable:
    """Return a runner of `main(kernel, clock)` on a loop of its own."""

    def run(main, **faults):
        async def inside():
            loop = asyncio.get_running_loop()
            clock = Clock(wall=lambda: START_S + loop.time(), monotonic=loop.time)
            kernel = Kernel()
            for name, value in faults.items():
                setattr(kernel, name, value)
            try:
                return await main(kernel, clock)
            finally:
                await asyncio.sleep(0)
                kernel.close()

        return asyncio.run(inside())

    return run


@pytest.fixture(name="heard_body")
def heard_body_fixture() -> Callable[..., bytes]:
    """Return the writer of the bodies of events."""
    return heard_body
