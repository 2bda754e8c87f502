"""Sends HTTP requests over many connections and tells what became of each."""

import select
import socket
import time
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

_HEAD_END = b"\r\n\r\n"
_PAUSE_S = 0.05
_IDLE_S = 1.0


class Sent(NamedTuple):
    """What became of a request.

    Attributes
    ----------
    status : int
        Of the last answer.
    latency_s : float
        From when the request was due to when its answer was whole.
    size : int
        Of the whole answer, bytes.
    tries : int
        How often it was sent.
    """

    status: int
    latency_s: float
    size: int
    tries: int


def drive(
    port: int, requests: Sequence[bytes], *, connections: int, rate: float | None = None
) -> list[Sent]:
    """Send requests until each has an answer.

    As a device does, what broke off or failed at the server is sent again.

    Parameters
    ----------
    port : int
    requests : sequence of bytes
    connections : int
    rate : float or None
        Requests a second, each due at its time whatever became of those before; None
        sends the next whenever a connection is free.

    Returns
    -------
    list of Sent
        In the order of the requests.
    """
    return _Sender(port, requests, connections, rate).run()


class _Line:
    """One connection: what it waits for, what it has read."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), 30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.number: int | None = None
        self.read = b""
        self.whole = 0

    def take(self) -> tuple[int, int] | None:
        """Read on; return status and size when an answer is whole."""
        piece = self.socket.recv(65_536)
        if not piece:
            raise ConnectionResetError
        self.read = self.read + piece if self.read else piece
        if not self.whole:
            end = self.read.find(_HEAD_END)
            if end < 0:
                return None
            head = self.read[:end].lower()
            length = head.partition(b"content-length:")[2].partition(b"\r")[0]
            self.whole = end + len(_HEAD_END) + int(length)
        if len(self.read) < self.whole:
            return None
        answer = int(self.read[9:12]), self.whole
        self.read, self.whole = b"", 0
        return answer


class _Sender:
    """The state of one `drive`."""

    def __init__(
        self, port: int, requests: Sequence[bytes], connections: int, rate: float | None
    ) -> None:
        self._port, self._requests, self._rate = port, requests, rate
        self._connections = connections
        self._poll = select.epoll()
        self._lines: dict[int, _Line] = {}
        self._free: list[_Line] = []
        # What is to be sent again, and when.
        self._again: deque[tuple[float, int]] = deque()
        self._next = 0
        self._due_s = [0.0] * len(requests)
        self._tries = [0] * len(requests)
        self._answers: dict[int, Sent] = {}
        self._start_s = time.perf_counter()
        self._opens_s = 0.0

    def run(self) -> list[Sent]:
        while len(self._answers) < len(self._requests):
            now_s = time.perf_counter()
            self._open(now_s)
            while self._free and (number := self._take_due(now_s)) is not None:
                self._send(self._free.pop(), number)
            for fileno, _ in self._poll.poll(self._wait_s()):
                self._hear(self._lines[fileno])
        for line in self._lines.values():
            line.socket.close()
        self._poll.close()
        return [self._answers[number] for number in range(len(self._requests))]

    def _open(self, now_s: float) -> None:
        while len(self._lines) < self._connections and now_s >= self._opens_s:
            try:
                line = _Line(self._port)
            except OSError:
                self._opens_s = now_s + _PAUSE_S
                return
            self._lines[line.socket.fileno()] = line
            self._poll.register(line.socket, select.EPOLLIN)
            self._free.append(line)

    def _take_due(self, now_s: float) -> int | None:
        if self._again and self._again[0][0] <= now_s:
            return self._again.popleft()[1]
        number = self._next
        if number == len(self._requests):
            return None
        due_s = now_s if self._rate is None else self._start_s + number / self._rate
        if due_s > now_s:
            return None
        self._next += 1
        self._due_s[number] = due_s
        return number

    def _wait_s(self) -> float:
        """Return how long nothing but an answer can be the next event."""
        busy = len(self._lines) == self._connections and not self._again
        if not busy or self._rate is None:
            return _IDLE_S if busy else _PAUSE_S
        due_s = self._start_s + self._next / self._rate
        return min(max(due_s - time.perf_counter(), 0.0), _IDLE_S)

    def _send(self, line: _Line, number: int) -> None:
        line.number = number
        self._tries[number] += 1
        try:
            line.socket.sendall(self._requests[number])
        except OSError:
            self._drop(line)

    def _hear(self, line: _Line) -> None:
        try:
            answer = line.take()
        except OSError:
            self._drop(line)
            return
        number = line.number
        if answer is None or number is None:
            return
        now_s = time.perf_counter()
        line.number = None
        self._free.append(line)
        if answer[0] >= 500:
            self._again.append((now_s + _PAUSE_S, number))
            return
        latency_s, tries = now_s - self._due_s[number], self._tries[number]
        self._answers[number] = Sent(answer[0], latency_s, answer[1], tries)

    def _drop(self, line: _Line) -> None:
        self._poll.unregister(line.socket)
        del self._lines[line.socket.fileno()]
        line.socket.close()
        if line.number is None:
            self._free.remove(line)
        else:
            self._again.append((time.perf_counter() + _PAUSE_S, line.number))
