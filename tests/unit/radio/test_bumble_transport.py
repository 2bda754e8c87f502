import asyncio
import socket
from contextlib import aclosing, asynccontextmanager

import numpy as np
import pytest
from bumble.transport import open_transport
from bumble.transport.tcp_server import open_tcp_server_transport_with_socket

from proximity.errors import RadioError, RadioOffError
from proximity.radio.bumble_transport import BACKEND, TransportRadio, open_radio
from proximity.radio.hci_radio import HciSettings
from proximity.radio.scanner import ScanReport
from proximity.radio.virtual import VirtualAir
from proximity.radio.virtual_link import VirtualController, VirtualLink
from proximity.radio.virtual_time import VirtualTimeLoop
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


class SlowPort:
    """A port whose controller takes long to load its firmware."""

    def __init__(self, port):
        self.port = port
        self.may_open = asyncio.Event()

    async def open(self, name):
        await self.may_open.wait()
        return await self.port.open(name)


@asynccontextmanager
async def plugged():
    air = VirtualAir(lambda *_: -60, np.random.default_rng(0))
    port = air.port()
    radio = TransportRadio("here", settings(), port.open)
    ear = TransportRadio("there", settings(), air.port().open)
    try:
        yield port, radio, ear
    finally:
        await radio.close()
        await ear.close()


def run(test):
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(test())


async def listened(radio, seconds=0.5):
    return [each async for each in radio.listen(seconds)]


def test_a_controller_that_went_is_named_once_and_then_opened_again():
    async def main():
        async with plugged() as (port, radio, _):
            await listened(radio)
            port.unplug()
            with pytest.raises(RadioOffError):
                await listened(radio)
            port.plug_in()
            return port.opens, await listened(radio), port.opens

    before, heard, after = run(main)

    assert [type(each) for each in heard] == [ScanReport]
    assert (before, after) == (1, 2)


def test_while_a_controller_is_away_it_is_called_gone_rather_than_unknown():
    async def main():
        async with plugged() as (port, radio, _):
            await radio.set_frame(FRAME, 20)
            port.unplug()
            for _ in range(3):
                with pytest.raises(RadioOffError):
                    await radio.set_frame(FRAME, 20)

    run(main)


def test_a_frame_goes_on_air_again_under_a_fresh_address():
    async def main():
        async with plugged() as (port, radio, ear):
            await radio.set_frame(FRAME, 20)
            before = await listened(ear)
            port.unplug()
            silence = await listened(ear)
            port.plug_in()
            with pytest.raises(RadioOffError):
                await radio.set_frame(FRAME, 20)
            await radio.set_frame(FRAME, 20)
            after = await listened(ear)
        return before[:-1], silence[:-1], after[:-1]

    before, silence, after = run(main)

    assert silence == []
    assert len({each.address for each in before}) == 1
    assert len({each.address for each in after}) == 1
    assert before[0].address != after[0].address


def test_who_gives_up_waiting_leaves_it_to_open_for_the_next():
    async def main():
        async with plugged() as (port, _, ear):
            slow = SlowPort(port)
            radio = TransportRadio("slow", settings(), slow.open)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(15):
                    await radio.set_frame(FRAME, 20)
            slow.may_open.set()
            await radio.set_frame(FRAME, 20)
            heard = await listened(ear)
            await radio.close()
            return port.opens, len(heard)

    opens, heard = run(main)

    assert opens == 1
    assert heard > 1


def test_closing_what_is_still_opening_waits_for_nothing():
    async def main():
        async with plugged() as (port, _, _):
            radio = TransportRadio("slow", settings(), SlowPort(port).open)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(1):
                    await listened(radio)
            await radio.close()
        return asyncio.get_running_loop().time()

    assert run(main) < 5


def test_a_scan_that_is_closed_early_frees_the_controller_for_the_next():
    async def main():
        async with plugged() as (_, radio, ear):
            await ear.set_frame(FRAME, 20)
            async with aclosing(radio.listen(60)) as listening:
                await anext(listening)
            return await listened(radio)

    assert len(run(main)) > 1


def test_a_controller_behind_a_socket_goes_and_comes_back():
    async def serve(port):
        listening = socket.create_server(("127.0.0.1", port))
        server = await open_tcp_server_transport_with_socket(listening)
        link = VirtualLink(lambda *_: -60, np.random.default_rng(0))
        controller = VirtualController(link)
        server.source.set_packet_sink(controller)
        controller.set_packet_sink(server.sink)
        return server, listening.getsockname()[1]

    async def stop(server):
        await server.close()
        server.server.close()

    async def main():
        server, port = await serve(0)
        async with open_radio(f"tcp-client:127.0.0.1:{port}", settings()) as radio:
            await listened(radio, 0.05)
            asyncio.get_running_loop().call_later(0.05, cut, server)
            with pytest.raises(RadioOffError):
                await listened(radio, 60)
            await stop(server)
            with pytest.raises(RadioOffError):
                await listened(radio, 60)
            server, _ = await serve(port)
            heard = await listened(radio, 0.05)
        await stop(server)
        return heard

    def cut(server):
        server.sink.transport.abort()

    assert [type(each) for each in asyncio.run(main())] == [ScanReport]
