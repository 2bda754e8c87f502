"""The kernel's Bluetooth management socket: commands out, events in, both in order."""

import asyncio
import contextlib
import ctypes
import errno
import os
import socket
import struct
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from proximity.errors import (
    FormatError,
    PermissionDeniedError,
    ProximityError,
    RadioError,
    RadioOffError,
)
from proximity.radio import mgmt_frames
from proximity.radio.mgmt_frames import (
    Command,
    ControllerGone,
    DeviceFound,
    Reply,
    Status,
)
from proximity.units import MS_PER_S, Clock

# From the kernel's headers; many builds of Python lack these constants.
_AF_BLUETOOTH = 31
_BTPROTO_HCI = 1
_HCI_CHANNEL_CONTROL = 3

_REPLY_TIMEOUT_S = 5.0
# A burst that a busy process may leave unread: some 500 events.
_RECEIVE_BUFFER_BYTES = 1 << 20
# Beyond this the kernel's buffer takes over, so that a flood cannot fill the memory.
_MAX_WAITING = 4_096
_MAX_AT_ONCE = 64
# Stamped when they are read, advertisements are handed out together: waking the
# reader for each of them would cost more than reading it.
_GATHER_S = 0.05

_RADIO_ON = "Switch Bluetooth on: `bluetoothctl power on`, `rfkill unblock bluetooth`."
_CAPABILITY = (
    "Give the process CAP_NET_ADMIN (`setcap cap_net_admin+ep` on the Python of its "
    "own environment, or AmbientCapabilities in its unit), or use `--backend bluez`."
)


class Arrival(NamedTuple):
    """An advertisement and when it was read, milliseconds."""

    t_wall_ms: int
    t_monotonic_ms: int
    found: DeviceFound


def open_control_socket() -> socket.socket:
    """Open the control channel of the kernel's Bluetooth.

    Returns
    -------
    socket.socket
        Non-blocking; each receive gives one whole frame.

    Raises
    ------
    PermissionDeniedError
        If the system forbids it.
    RadioError
        If this kernel has no Bluetooth.
    """
    try:
        opened = socket.socket(_AF_BLUETOOTH, socket.SOCK_RAW, _BTPROTO_HCI)
    except OSError as error:
        raise _socket_error(error) from error
    # Python's own bind knows the device, but before 3.14 not the channel.
    address = struct.pack(
        "=HHH", _AF_BLUETOOTH, mgmt_frames.NO_CONTROLLER, _HCI_CHANNEL_CONTROL
    )
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.bind(opened.fileno(), address, len(address)) < 0:
        opened.close()
        number = ctypes.get_errno()
        raise _socket_error(OSError(number, os.strerror(number)))
    opened.setblocking(False)
    return opened


class ManagementSocket:
    """A client of the management protocol on one control socket, closed with `close`.

    Parameters
    ----------
    opened : socket.socket
        Non-blocking and keeping frames apart, such as `open_control_socket` gives;
        owned from now on.
    clock : Clock
        Stamps each advertisement when it is read.
    """

    def __init__(self, opened: socket.socket, clock: Clock) -> None:
        self._socket = opened
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._arrivals: deque[Arrival] = deque()
        self._waiting: dict[tuple[int, int], asyncio.Future[Reply]] = {}
        self._due = asyncio.Event()
        self._gone: set[int] = set()
        self._listening: int | None = None
        self._monitored: DeviceFound | None = None
        self._reading = False
        self._gathering: asyncio.TimerHandle | None = None
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER_BYTES)
        self._resume()

    async def command(
        self, opcode: Command, index: int, parameters: bytes = b""
    ) -> bytes:
        """Run a command and return the data of its reply.

        Raises
        ------
        PermissionDeniedError
            If the process lacks CAP_NET_ADMIN.
        RadioOffError
            If the controller is off or gone.
        RadioError
            If the kernel refuses for another reason or does not answer.
        """
        reply = await self.attempt(opcode, index, parameters)
        if reply.status != Status.SUCCESS:
            raise refusal(reply)
        return reply.data

    async def attempt(
        self, opcode: Command, index: int, parameters: bytes = b""
    ) -> Reply:
        """Run a command and return its reply, whatever its status.

        Raises
        ------
        RadioError
            If the kernel does not answer.
        """
        waiting: asyncio.Future[Reply] = self._loop.create_future()
        self._waiting[opcode, index] = waiting
        self.post(opcode, index, parameters)
        try:
            async with asyncio.timeout(_REPLY_TIMEOUT_S):
                return await waiting
        except TimeoutError as error:
            raise RadioError(
                f"The kernel does not answer command 0x{opcode:04x}.",
                "Unplug the adapter and plug it in again.",
            ) from error
        finally:
            self._waiting.pop((opcode, index), None)

    def post(self, opcode: Command, index: int, parameters: bytes = b"") -> None:
        """Send a command without waiting for its reply; the kernel keeps the order.

        Raises
        ------
        RadioOffError
            If the socket does not take it.
        """
        try:
            self._socket.send(mgmt_frames.encode_command(opcode, index, parameters))
        except OSError as error:
            raise RadioOffError(
                "The kernel's Bluetooth does not take commands.", _RADIO_ON
            ) from error

    def listen_to(self, index: int) -> None:
        """Keep what a controller hears from now on, for `arrivals`."""
        self._listening = index

    async def arrivals(self, timeout_s: float) -> list[Arrival]:
        """Wait for what the controller of `listen_to` hears; empty after the timeout.

        Raises
        ------
        RadioOffError
            If the controller went away, once what it heard before is handed out.
        """
        if not self._arrivals:
            self._refuse_gone()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._due.wait()
        self._due.clear()
        if not self._arrivals:
            self._refuse_gone()
        return self._hand_out()

    def rest(self) -> list[Arrival]:
        """Return what was delivered to the socket by now and not yet handed out."""
        while self._read() == _MAX_AT_ONCE:
            pass
        return self._hand_out()

    def close(self) -> None:
        """Close the socket; commands that wait for a reply are cancelled."""
        self._pause()
        self._stop_gathering()
        for waiting in self._waiting.values():
            waiting.cancel()
        self._socket.close()

    def _resume(self) -> None:
        if not self._reading:
            self._loop.add_reader(self._socket.fileno(), self._read)
            self._reading = True

    def _pause(self) -> None:
        if self._reading:
            self._loop.remove_reader(self._socket.fileno())
            self._reading = False

    def _hand_out(self) -> list[Arrival]:
        self._stop_gathering()
        heard = list(self._arrivals)
        self._arrivals.clear()
        self._resume()
        return heard

    def _stop_gathering(self) -> None:
        if self._gathering is not None:
            self._gathering.cancel()
            self._gathering = None

    def _read(self) -> int:
        """Read what there is, in bounded steps so that a flood starves nobody."""
        count = 0
        while count < _MAX_AT_ONCE and (frame := self._receive()) is not None:
            self._take(frame)
            count += 1
        if len(self._arrivals) >= _MAX_WAITING and not self._waiting:
            self._pause()
        if self._gone or len(self._arrivals) >= _MAX_WAITING:
            self._due.set()
        elif self._arrivals and self._gathering is None:
            self._gathering = self._loop.call_later(_GATHER_S, self._due.set)
        return count

    def _receive(self) -> bytes | None:
        """Return the next frame, or None if there is none now, or ever again."""
        try:
            frame = self._socket.recv(mgmt_frames.FRAME_BYTES)
        except BlockingIOError:
            return None
        except OSError:
            frame = b""
        if not frame:
            self._gone.add(mgmt_frames.NO_CONTROLLER)
            self._pause()
            return None
        return frame

    def _take(self, frame: bytes) -> None:
        try:
            event = mgmt_frames.decode_event(frame)
        except FormatError:
            # One frame that this kernel writes otherwise does not end the scan.
            return
        if isinstance(event, DeviceFound):
            self._arrived(event)
        elif isinstance(event, ControllerGone):
            self._gone.add(event.index)
        elif event is not None:
            waiting = self._waiting.get((event.opcode, event.index))
            if waiting is not None and not waiting.done():
                waiting.set_result(event)

    def _arrived(self, found: DeviceFound) -> None:
        if found.index != self._listening:
            return
        # While another program runs a discovery, the first match of a monitor comes
        # twice, as the monitor's event and right behind it as the discovery's.
        before, self._monitored = self._monitored, found if found.monitor else None
        if found.monitor is None and before is not None and _same(before, found):
            return
        self._arrivals.append(
            Arrival(
                round(self._clock.wall() * MS_PER_S),
                round(self._clock.monotonic() * MS_PER_S),
                found,
            )
        )

    def _refuse_gone(self) -> None:
        if self._gone & {self._listening, mgmt_frames.NO_CONTROLLER}:
            raise RadioOffError("The Bluetooth adapter went off or away.", _RADIO_ON)


@contextlib.contextmanager
def understood() -> Iterator[None]:
    """Turn a reply in another format, read inside, into a `RadioError`."""
    try:
        yield
    except FormatError as error:
        raise RadioError(
            "The kernel answers in a format that is not known here.",
            "Use `--backend bluez`.",
        ) from error


async def find_controller(kernel: ManagementSocket) -> int:
    """Return the first controller that is on and has Low Energy.

    Raises
    ------
    RadioOffError
        If there is none, or it is off.
    RadioError
        If no controller has Low Energy.
    """
    data = await kernel.command(Command.READ_INDEX_LIST, mgmt_frames.NO_CONTROLLER)
    states = []
    for index in sorted(mgmt_frames.decode_index_list(data)):
        information = await kernel.command(Command.READ_INFORMATION, index)
        state = mgmt_frames.decode_information(information)
        if state.powered and state.low_energy:
            return index
        states.append(state)
    if not states:
        raise RadioOffError(
            "This machine has no Bluetooth adapter.", "Plug one in, or switch it on."
        )
    if not any(state.low_energy for state in states):
        raise RadioError(
            "The Bluetooth adapter has no Low Energy.", "Use one of Bluetooth 4 on."
        )
    raise RadioOffError("The Bluetooth adapter is off.", _RADIO_ON)


def refusal(reply: Reply) -> ProximityError:
    """Return the error that a reply other than SUCCESS stands for."""
    if reply.status == Status.PERMISSION_DENIED:
        return PermissionDeniedError(
            "The kernel does not let this process manage Bluetooth.", _CAPABILITY
        )
    if reply.status in (Status.NOT_POWERED, Status.INVALID_INDEX, Status.RFKILLED):
        return RadioOffError("The Bluetooth adapter is off or gone.", _RADIO_ON)
    return RadioError(
        f"The kernel refuses command 0x{reply.opcode:04x}, status 0x{reply.status:02x}."
        " (doc/mgmt-api.txt of BlueZ names them.)",
        "Try again, or use `--backend bluez`.",
    )


def _same(one: DeviceFound, other: DeviceFound) -> bool:
    return (one.address, one.rssi_dbm, one.data) == (
        other.address,
        other.rssi_dbm,
        other.data,
    )


def _socket_error(error: OSError) -> ProximityError:
    if error.errno in (errno.EPERM, errno.EACCES):
        return PermissionDeniedError(
            "The system does not let this process open Bluetooth.", _CAPABILITY
        )
    return RadioError(
        "This system's kernel has no Bluetooth.",
        "Load it (`modprobe bluetooth btusb`), or use an adapter by its transport: "
        "`--backend usb:0`.",
    )
