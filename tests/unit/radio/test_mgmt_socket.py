import asyncio
import errno
import socket

import pytest

from proximity.errors import PermissionDeniedError, RadioError, RadioOffError
from proximity.radio import mgmt_socket
from proximity.radio.mgmt_frames import NO_CONTROLLER, Command
from proximity.radio.mgmt_socket import (
    ManagementSocket,
    find_controller,
    open_control_socket,
)

FRAME = bytes.fromhex("02011a")


def connected(with_kernel, main, **faults):
    """Run `main(client, kernel)` with a client of the kernel."""

    async def inside(kernel, clock):
        client = ManagementSocket(kernel.open(), clock)
        try:
            return await main(client, kernel)
        finally:
            client.close()

    return with_kernel(inside, **faults)


def test_the_first_controller_that_is_on_is_taken(with_kernel):
    async def main(client, kernel):
        return await find_controller(client)

    assert connected(with_kernel, main, controllers={0: 0x200, 3: 0x201}) == 3


def test_a_burst_larger_than_one_reading_is_handed_out_whole_and_in_order(with_kernel):
    async def main(client, kernel):
        client.listen_to(0)
        for number in range(150):
            kernel.hear(FRAME + bytes([number]))
        return [each.found.data[-1] for each in client.rest()]

    assert connected(with_kernel, main) == list(range(150))


def test_what_comes_before_a_loss_is_handed_out_first(with_kernel):
    async def main(client, kernel):
        client.listen_to(0)
        kernel.hear(FRAME)
        kernel.event(0x0005, b"")
        assert len(await client.arrivals(1)) == 1
        with pytest.raises(RadioOffError):
            await client.arrivals(1)

    connected(with_kernel, main)


def test_a_socket_that_closes_is_an_adapter_that_is_gone(with_kernel):
    async def main(client, kernel):
        client.listen_to(0)
        kernel.close()
        with pytest.raises(RadioOffError):
            await client.arrivals(1)
        with pytest.raises(RadioOffError):
            await client.command(Command.READ_INDEX_LIST, NO_CONTROLLER)

    connected(with_kernel, main)


def test_what_other_controllers_hear_is_left_out(with_kernel, heard_body):
    async def main(client, kernel):
        client.listen_to(0)
        kernel.event(0x12, heard_body(FRAME, -60, bytes(6)), 1)
        return client.rest()

    assert connected(with_kernel, main) == []


def test_a_frame_that_breaks_the_protocol_does_not_end_the_scan(with_kernel):
    async def main(client, kernel):
        client.listen_to(0)
        kernel.event(0x2F, b"short")
        kernel.hear(FRAME)
        return client.rest()

    assert len(connected(with_kernel, main)) == 1


def test_a_flood_waits_in_the_kernel_and_not_in_memory(with_kernel, monkeypatch):
    monkeypatch.setattr(mgmt_socket, "_MAX_WAITING", 64)
    monkeypatch.setattr(mgmt_socket, "_GATHER_S", 0.001)

    async def main(client, kernel):
        client.listen_to(0)
        for _ in range(100):
            kernel.hear(FRAME)
        await asyncio.sleep(0.001)
        first = await client.arrivals(1)
        return len(first), len(await client.arrivals(1))

    assert connected(with_kernel, main) == (64, 36)


def test_what_came_while_its_reader_was_busy_is_handed_out_at_once(
    with_kernel, monkeypatch
):
    monkeypatch.setattr(mgmt_socket, "_GATHER_S", 0.001)

    async def main(client, kernel):
        client.listen_to(0)
        kernel.hear(FRAME)
        await asyncio.sleep(0.003)
        async with asyncio.timeout(1):
            return len(await client.arrivals(60))

    assert connected(with_kernel, main) == 1


def test_a_kernel_that_does_not_answer_is_named(with_kernel, monkeypatch):
    monkeypatch.setattr(mgmt_socket, "_REPLY_TIMEOUT_S", 0.001)

    async def main(client, kernel):
        with pytest.raises(RadioError, match="answer"):
            await client.command(Command.READ_INDEX_LIST, NO_CONTROLLER)

    connected(with_kernel, main, silent=True)


@pytest.mark.parametrize(
    ("number", "error"),
    [
        (errno.EAFNOSUPPORT, RadioError),
        (errno.EPROTONOSUPPORT, RadioError),
        (errno.EPERM, PermissionDeniedError),
    ],
)
def test_a_socket_that_cannot_be_opened_says_why(monkeypatch, number, error):
    def refuse(*_):
        raise OSError(number, "no")

    monkeypatch.setattr(socket, "socket", refuse)

    with pytest.raises(error) as raised:
        open_control_socket()

    assert type(raised.value) is error
    assert raised.value.hint
