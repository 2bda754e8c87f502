"""Bodies of requests, read within bounds of size and time."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

# The bound of the key server of reference.
MAX_BODY_BYTES = 64 << 10


class BodyError(Exception):
    """A body is not taken; `status` is that of the answer, 0 if nobody listens."""

    def __init__(self, status: int) -> None:
        super().__init__(f"status {status}")
        self.status = status


async def read_body(
    receive: Receive,
    scope: Scope,
    *,
    max_bytes: int = MAX_BODY_BYTES,
    seconds: float = 10.0,
) -> bytes:
    """Return the whole body of a request.

    Raises
    ------
    BodyError
        If it is larger or slower than the bound, or the client is gone.
    """
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and int(value) > max_bytes:
            raise BodyError(413)
    try:
        # Not `wait_for`, which makes a task of every body.
        async with asyncio.timeout(seconds):
            return await _collect(receive, max_bytes)
    except TimeoutError as error:
        raise BodyError(408) from error


def replay(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that gives a body that was read, then what comes after."""
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return waiting.pop() if waiting else await receive()

    return replayed


async def answer(
    send: Send, status: int, body: bytes, headers: list[tuple[bytes, bytes]]
) -> None:
    """Send a whole answer."""
    length = (b"content-length", str(len(body)).encode())
    start = {
        "type": "http.response.start",
        "status": status,
        "headers": [length, *headers],
    }
    await send(start)
    await send({"type": "http.response.body", "body": body})


async def _collect(receive: Receive, max_bytes: int) -> bytes:
    pieces, length = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BodyError(0)
        piece = message.get("body", b"")
        length += len(piece)
        if length > max_bytes:
            raise BodyError(413)
        pieces.append(piece)
        if not message.get("more_body"):
            return b"".join(pieces)
