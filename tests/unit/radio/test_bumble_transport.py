import asyncio
from contextlib import asynccontextmanager

import numpy as np
import pytest
from bumble.transport import open_transport

from proximity.errors import RadioError
from proximity.radio.bumble_transport import BACKEND, open_radio
from proximity.radio.hci_radio import HciSettings
from proximity.radio.virtual_link import VirtualController, VirtualLink
from proximity.units import Clock

FRAME = bytes.fromhex("02011a")


def settings():
    loop = asyncio.get_running_loop()
    clock = Clock(wall=loop.time, monotonic=loop.time)
    return HciSettings(BACKEND, clock, np.random.default_rng(0).bytes)


@asynccontextmanager
async def two_controllers(folder):
    """Two controllers behind sockets, as if each were a device of its own."""
    link = VirtualLink(lambda a, b, t_s: -60, np.random.default_rng(0))
    names = [str(folder / "a"), str(folder / "b")]
    servers = [await open_transport(f"unix-server:{name}") for name in names]
    for server in servers:
        controller = VirtualController(link)
        server.source.set_packet_sink(controller)
        controller.set_packet_sink(server.sink)
    yield [f"unix:{name}" for name in names]
    for server in servers:
        # Bumble closes its streams, not what listens for them.
        await server.close()
        server.server.close()
        await server.server.wait_closed()


def test_a_controller_behind_a_socket_is_a_radio(tmp_path):
    async def main():
        async with (
            two_controllers(tmp_path) as (first, second),
            open_radio(first, settings()) as sender,
            open_radio(second, settings()) as receiver,
        ):
            await sender.set_frame(FRAME, 20)
            return [each async for each in receiver.listen(0.2)]

    *heard, report = asyncio.run(main())

    assert len(heard) >= 2
    assert {(each.data, each.backend) for each in heard} == {(FRAME, "bumble")}
    assert report.end_ms - report.start_ms >= 190


def test_a_controller_that_is_closed_falls_silent(tmp_path):
    async def main():
        async with two_controllers(tmp_path) as (first, second):
            async with open_radio(first, settings()) as sender:
                await sender.set_frame(FRAME, 20)
            async with open_radio(second, settings()) as receiver:
                return [each async for each in receiver.listen(0.1)]

    assert len(asyncio.run(main())) == 1


@pytest.mark.parametrize("name", ["no-such:1", "usb:99", "unix:/nowhere/at/all"])
def test_a_controller_that_is_not_there_is_a_named_error(name):
    async def main():
        async with open_radio(name, settings()):
            pass

    with pytest.raises(RadioError, match="cannot be opened"):
        asyncio.run(main())
