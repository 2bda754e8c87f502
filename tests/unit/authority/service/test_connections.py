"""Connections whose requests arrive whole in time, or that are closed."""

from collections.abc import Callable

import pytest
import uvicorn
from uvicorn.server import ServerState

from proximity.authority.service.connections import (
    MAX_HEAD_BYTES,
    MAX_REQUEST_BYTES,
    REQUEST_TIMEOUT_S,
    BoundedConnection,
)

HEAD = b"POST /v1/publish HTTP/1.1\r\nHost: a\r\n"


class Timer:
    def __init__(self, delay_s: float, call: Callable[[], None]) -> None:
        self.delay_s = delay_s
        self.call = call
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class Loop:
    """A loop whose time a test moves by calling timers."""

    def __init__(self) -> None:
        self.timers: list[Timer] = []

    def call_later(self, delay_s: float, call: Callable[[], None]) -> Timer:
        self.timers.append(Timer(delay_s, call))
        return self.timers[-1]

    def create_task(self, coroutine, **_):
        # The application is not part of this: its answer is written by the test.
        coroutine.close()
        return self

    def add_done_callback(self, _call) -> None:
        pass

    def waiting(self) -> list[Timer]:
        return [
            each
            for each in self.timers
            if not each.cancelled and each.delay_s == REQUEST_TIMEOUT_S
        ]


class Transport:
    def __init__(self) -> None:
        self.written = b""
        self.closed = False

    def write(self, data: bytes) -> None:
        self.written += data

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def get_extra_info(self, _name: str, default=None):
        return default

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


@pytest.fixture
def loop():
    return Loop()


@pytest.fixture
def transport():
    return Transport()


@pytest.fixture
def make(loop):
    """Return a maker of connections of one server."""

    async def app(_scope, _receive, _send):
        pass

    config = uvicorn.Config(app, log_config=None, lifespan="off")
    state = ServerState()

    def made(transport: Transport, kind=BoundedConnection) -> BoundedConnection:
        connection = kind(config, state, {}, loop)
        connection.connection_made(transport)
        return connection

    return made


@pytest.fixture
def connection(make, transport):
    return make(transport)


def answered(connection) -> None:
    """Let the application have answered."""
    connection.cycle.response_complete = True
    connection.on_response_complete()


def test_one_connection_too_many_is_closed_and_the_others_live(make, loop):
    kind = BoundedConnection.within(5, 2)
    transports = [Transport() for _ in range(4)]
    made = [make(transport, kind) for transport in transports[:3]]

    assert [each.closed for each in transports[:3]] == [False, False, True]
    made[2].connection_lost(None)
    made[0].connection_lost(None)
    make(transports[3], kind)
    assert not transports[3].closed
    assert {timer.delay_s for timer in loop.timers} == {5}


def test_a_client_that_sends_nothing_is_told_so_and_closed(connection, loop, transport):
    (timer,) = loop.waiting()
    timer.call()

    assert transport.written.startswith(b"HTTP/1.1 408 ")
    assert transport.closed


@pytest.mark.parametrize("drip", [b"\r\n", b"P", b"POST / HTTP/1.1\r\nA: b"])
def test_bytes_that_make_no_request_gain_no_time(connection, loop, transport, drip):
    for _ in range(3):
        connection.data_received(drip[:1])
    (timer,) = loop.waiting()
    timer.call()

    assert transport.closed


def test_a_whole_request_is_waited_for_no_longer(connection, loop, transport):
    connection.data_received(HEAD + b"Content-Length: 2\r\n\r\n{}")

    assert loop.waiting() == []
    assert not transport.closed


def test_the_next_request_of_a_connection_has_its_own_time(connection, loop, transport):
    connection.data_received(HEAD + b"Content-Length: 2\r\n\r\n{}")
    answered(connection)
    connection.data_received(b"G")
    (timer,) = loop.waiting()
    timer.call()

    assert transport.written.startswith(b"HTTP/1.1 408 ")
    assert transport.closed


def test_a_body_that_drips_after_its_refusal_is_cut_off_without_a_second_one(
    connection, loop, transport
):
    connection.data_received(HEAD + b"Content-Length: 99999\r\n\r\nx")
    answered(connection)
    (timer,) = loop.waiting()
    timer.call()

    assert (transport.written, transport.closed) == (b"", True)


def test_headers_without_an_end_are_refused(connection, transport):
    connection.data_received(HEAD.ljust(1_024, b"a"))
    for _ in range(MAX_HEAD_BYTES // 1_024):
        assert not transport.closed
        connection.data_received(b"a" * 1_024)

    assert transport.written.startswith(b"HTTP/1.1 431 ")
    assert transport.closed


def test_a_long_head_that_ends_within_the_bound_is_taken(connection, transport):
    connection.data_received(HEAD + b"A: " + b"a" * 30_000)
    connection.data_received(b"\r\nContent-Length: 0\r\n\r\n")

    assert not transport.closed


def test_a_refused_body_is_read_to_a_megabyte_then_cut_off(connection, transport):
    connection.data_received(HEAD + b"Content-Length: 9999999\r\n\r\n")
    answered(connection)
    for _ in range(MAX_REQUEST_BYTES // 65_536):
        assert not transport.closed
        connection.data_received(bytes(65_536))

    assert transport.closed


def test_requests_one_after_the_other_are_counted_apart(connection, transport):
    for _ in range(40):
        connection.data_received(HEAD + b"Content-Length: 60000\r\n\r\n")
        connection.data_received(bytes(60_000))
        answered(connection)

    assert not transport.closed


def test_what_is_no_http_is_answered_and_closed(connection, transport):
    connection.data_received(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc")

    assert transport.written.startswith(b"HTTP/1.1 400 ")
    assert transport.closed


def test_a_lost_connection_is_waited_for_no_longer(connection, loop):
    connection.connection_lost(None)

    assert loop.waiting() == []
