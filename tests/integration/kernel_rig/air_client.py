"""A test's way to the air of the guest, and to its adapter."""

import asyncio
import json
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from dbus_fast import Message

from proximity.errors import ProximityError
from proximity.radio import bluez_advertiser, linux_mgmt
from proximity.units import Clock

CLOCK = Clock(time.time, time.monotonic)  # noqa: TID251

_AIR = "/run/air"
_LONGEST_S = 30


# An emulated processor is slow, and slower beside other tests.
bluez_advertiser._REPLY_TIMEOUT_S *= 10


class Air:
    """Calls the methods of the air's `Air` by name, each answered at once."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(_AIR)
        self._stream = self._socket.makefile("rw", encoding="utf-8")

    def __call__(self, method: str, /, **arguments: Any) -> Any:
        self._stream.write(json.dumps({"do": method} | arguments) + "\n")
        self._stream.flush()
        return json.loads(self._stream.readline())

    def close(self) -> None:
        """Hang up."""
        self._stream.close()
        self._socket.close()


@asynccontextmanager
async def plugged_in(
    *, extended: bool = False, filters_duplicates: bool = False
) -> AsyncIterator[Air]:
    """Give an adapter that kernel and BlueZ have switched on, new if need be."""
    kind = {"extended": extended, "filters_duplicates": filters_duplicates}
    air = Air()
    try:
        if not air("has", **kind):
            air("unplug")
            await until(_is_gone)
            air("plug", **kind)
            await until(_is_on)
        air("sent")
        yield air
    finally:
        air("fall_silent")
        air.close()


async def power(*, on: bool) -> None:
    """Switch the adapter as a person does."""
    words = ("bluetoothctl", "power", "on" if on else "off")
    process = await asyncio.create_subprocess_exec(
        *words, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    assert await process.wait() == 0


def killed(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run something in a process that is killed as soon as it is through."""
    process = os.fork()
    if process == 0:
        try:
            asyncio.run(_and_die(main))
        finally:
            os._exit(1)
    _, status = os.waitpid(process, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL


async def _and_die(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    await main()
    os.kill(os.getpid(), signal.SIGKILL)


async def until(happened: Callable[[], Any]) -> None:
    """Wait for what no event tells."""
    async with asyncio.timeout(_LONGEST_S):
        while not await happened():
            await asyncio.sleep(0.05)


async def _is_on() -> bool:
    try:
        await linux_mgmt.check(CLOCK)
        await bluez_advertiser.check()
    except ProximityError:
        return False
    return True


async def _is_gone() -> bool:
    bus = await bluez_advertiser.connect()
    try:
        reply = await bus.call(
            Message(
                destination="org.bluez",
                path="/",
                interface="org.freedesktop.DBus.ObjectManager",
                member="GetManagedObjects",
            )
        )
        return not any("org.bluez.Adapter1" in each for each in reply.body[0].values())
    finally:
        await bluez_advertiser._close(bus)
