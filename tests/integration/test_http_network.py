"""The real network against servers on loopback that behave badly."""

import http.server
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from proximity.client.network import HttpNetwork
from proximity.errors import NetworkError, ProximityError, TooLargeError

Answer = Callable[[socket.socket, bytes], None]


@contextmanager
def server_that(answer: Answer) -> Iterator[str]:
    """Serve each connection with `answer(connection, request)`; yield the address."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            request = self.request.recv(65_536)
            # The client leaves early, which is what some of these tests want.
            with suppress(OSError):
                answer(self.request, request)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/"
        finally:
            server.shutdown()
            thread.join()


def sends(data: bytes) -> Answer:
    return lambda connection, _: connection.sendall(data)


def test_a_file_arrives_whole():
    body = bytes(range(256)) * 1_000
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)

    with server_that(sends(head + body)) as url:
        assert HttpNetwork().get(url, len(body)) == body


def test_a_chunked_answer_arrives_whole():
    data = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"

    with server_that(sends(data)) as url:
        assert HttpNetwork().get(url, 3) == b"abc"


def test_a_request_tells_nothing_of_its_sender():
    requests = []

    def answer(connection: socket.socket, request: bytes) -> None:
        requests.append(request)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with server_that(answer) as url:
        HttpNetwork().get(url + "index.txt", 10)

    head, *fields = requests[0].decode().split("\r\n")
    assert head == "GET /index.txt HTTP/1.1"
    names = {field.split(":")[0] for field in fields if field}
    assert names == {"Host", "Accept-Encoding", "Connection", "User-Agent"}


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n",
    ],
)
def test_a_file_over_the_bound_is_too_large(head: bytes):
    answer = sends(head + b"x" * 11 + b"\r\n0\r\n\r\n")

    with server_that(answer) as url, pytest.raises(TooLargeError):
        HttpNetwork().get(url, 10)


def test_an_endless_answer_stops_at_the_bound():
    def answer(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65_536)

    with server_that(answer) as url, pytest.raises(TooLargeError):
        HttpNetwork().get(url, 1_000_000)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00" * 100,
        b"SSH-2.0-server\r\n",
        b"HTTP/1.1 404 Not Found\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 206 Partial Content\r\nContent-Length: 1\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 302 Found\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://[\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: /again\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: /a\x01b\r\n\r\n",
    ],
)
def test_any_other_answer_is_a_network_error(data: bytes):
    with server_that(sends(data)) as url, pytest.raises(NetworkError):
        HttpNetwork().get(url, 1_000)


def test_a_redirect_within_the_origin_is_followed():
    def answer(connection: socket.socket, request: bytes) -> None:
        if request.startswith(b"GET /new "):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nnew")
        else:
            connection.sendall(b"HTTP/1.1 301 Moved\r\nLocation: new\r\n\r\n")

    with server_that(answer) as url:
        assert HttpNetwork().get(url, 10) == b"new"


def test_a_redirect_to_another_origin_is_not():
    asked = []

    def elsewhere(connection: socket.socket, request: bytes) -> None:
        asked.append(request)

    with server_that(elsewhere) as other:
        redirect = f"HTTP/1.1 302 Found\r\nLocation: {other}\r\n\r\n".encode()
        with (
            server_that(sends(redirect)) as url,
            pytest.raises(NetworkError, match="another server"),
        ):
            HttpNetwork().get(url, 10)

    assert asked == []


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_an_answer_that_keeps_trickling_is_cut(head: bytes):
    def answer(connection: socket.socket, _: bytes) -> None:
        connection.sendall(head)
        while True:
            connection.sendall(b"x")
            time.sleep(0.02)

    network = HttpNetwork(connect_timeout_s=5, transfer_timeout_s=0.2)

    with server_that(answer) as url, pytest.raises(NetworkError, match="too long"):
        network.get(url, 1_000_000)


def test_a_silent_server_is_left():
    network = HttpNetwork(connect_timeout_s=0.1)

    with (
        server_that(lambda *_: time.sleep(0.5)) as url,
        pytest.raises(NetworkError, match="in time"),
    ):
        network.get(url, 10)


def test_a_server_that_is_not_there_is_a_network_error():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    with pytest.raises(NetworkError):
        HttpNetwork().get(f"http://127.0.0.1:{port}/", 10)


def test_http_behind_an_https_address_is_a_network_error():
    answer = sends(b"HTTP/1.1 200 OK\r\n\r\n")

    with server_that(answer) as url, pytest.raises(NetworkError, match="prove"):
        HttpNetwork(connect_timeout_s=2).get(url.replace("http:", "https:"), 10)


def test_the_standard_file_server_is_understood(tmp_path):
    (tmp_path / "index.txt").write_bytes(b"a.zip")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: object) -> None:
            super().__init__(*args, directory=str(tmp_path))

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        url = f"http://127.0.0.1:{server.server_address[1]}/"
        assert HttpNetwork().get(url + "index.txt", 100) == b"a.zip"
        with pytest.raises(ProximityError, match="404"):
            HttpNetwork().get(url + "missing.zip", 100)
        server.shutdown()
        thread.join()
