"""Connections that nobody holds up: bounds on requests that are not whole yet.

The server bounds the time between requests, and the application that of a body. Between
them a client could send a request line byte by byte, or headers without an end, and
hold a connection and memory for as long as it likes.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import (
    HttpToolsProtocol,
    RequestResponseCycle,
)

MAX_HEAD_BYTES = 32 << 10
# What follows a body that was refused is read and dropped so far, that the client comes
# to read the refusal.
MAX_REQUEST_BYTES = 1 << 20
REQUEST_TIMEOUT_S = 20.0
_LATE = (
    b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
)
_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"connection: close\r\ncontent-length: 0\r\n\r\n"
)


class BoundedConnection(HttpToolsProtocol):
    """A connection whose requests arrive whole in time, or that is closed."""

    # Values of the class are those of a fresh connection.
    timeout_s = REQUEST_TIMEOUT_S
    most = 1_000
    _timer: asyncio.TimerHandle | None = None
    _received = 0
    _head_is_whole = False

    @classmethod
    def within(cls, seconds: float, most: int) -> type["BoundedConnection"]:
        """Return connections that wait so long for a request, and so many at most."""
        return type(cls.__name__, (cls,), {"timeout_s": seconds, "most": most})

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for the first request, unless there are too many already."""
        super().connection_made(transport)
        if len(self.connections) > self.most:
            # Each is an open file; the database has to open some too.
            transport.close()
            return
        self._begin_to_wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read a piece; close the connection if the request is beyond the bounds."""
        # Also before its first byte: blank lines come before a request begins.
        self._begin_to_wait()
        self._received += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if not self._head_is_whole and self._received > MAX_HEAD_BYTES:
            self._close(_LARGE)
        elif self._received > MAX_REQUEST_BYTES:
            self._close(b"")

    def on_message_begin(self) -> None:
        """Begin to wait for the rest of a request."""
        super().on_message_begin()
        self._head_is_whole = False
        self._begin_to_wait()

    def on_headers_complete(self) -> None:
        """Note that only the body is missing."""
        super().on_headers_complete()
        self._head_is_whole = True

    def on_message_complete(self) -> None:
        """Wait no longer; the application answers."""
        super().on_message_complete()
        self._received = 0
        self._head_is_whole = False
        self._stop_waiting()

    def _begin_to_wait(self) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(self.timeout_s, self._give_up)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        self._timer = None
        # With a whole head the application has answered already.
        self._close(b"" if self._head_is_whole else _LATE)

    def _close(self, answer: bytes) -> None:
        if not self.transport.is_closing():
            # None before the first request, whatever its type says.
            cycle: RequestResponseCycle | None = self.cycle
            # An answer in the middle of another one would be taken for its content.
            if answer and (cycle is None or cycle.response_complete):
                self.transport.write(answer)
            self.transport.close()
