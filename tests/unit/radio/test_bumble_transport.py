import asyncio

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


async def two_processes(folder):
    """Two controllers behind sockets, as if each were a device of its own."""
    link = VirtualLink(lambda a, b, t_s: -60, np.random.default_rng(0))
    names = [str(folder / "a"), str(folder / "b")]
    servers = [await open_transport(f"unix-server:{name}") for name in names]
    for server in servers:
        controller = VirtualController(link)
        server.source.set_packet_sink(controller)
        controller.set_packet_sink(server.sink)
    async with (
        open_radio(f"unix:{names[0]}", settings()) as sender,
        open_radio(f"unix:{names[1]}", settings()) as receiver,
    ):
        await sender.set_frame(FRAME, 20)
        heard = [each async for each in receiver.listen(0.2)]
    for server in servers:
        # Bumble closes its streams, not what listens for them.
        await server.close()
        server.server.close()
        await server.server.wait_closed()
    return heard


def test_a_controller_behind_a_socket_is_a_radio(tmp_path):
    *heard, report = asyncio.run(two_processes(tmp_path))

    assert len(heard) >= 2
    assert {(each.data, each.backend) for each in heard} == {(FRAME, "bumble")}
    assert report.end_ms - report.start_ms >= 190


@pytest.mark.parametrize("name", ["no-such:1", "usb:99", "unix:/nowhere/at/all"])
def test_a_controller_that_is_not_there_is_a_named_error(name):
    async def main():
        async with open_radio(name, settings()):
            pass

    with pytest.raises(RadioError, match="cannot be opened"):
        asyncio.run(main())
