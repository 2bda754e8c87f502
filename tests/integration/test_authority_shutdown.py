"""A server that is asked to end: at once, and never in the middle of an upload."""

import http.client
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing

import pytest


@pytest.fixture(scope="module")
def rig(make_rig):
    return make_rig(started=False, minimum="0", request_timeout_s="2")


@pytest.fixture
def server(rig):
    rig.start()
    yield rig
    if rig.server is not None:
        rig.stop(signal.SIGKILL)


def test_a_worker_that_waits_for_its_next_run_ends_at_once(rig):
    arguments = ["authority", "worker", "--data", str(rig.data), "--json"]
    command = [sys.executable, "-c", "from proximity.cli.main import main; main()"]
    worker = subprocess.Popen(  # noqa: S603 - our own command
        [*command, *arguments], stdout=subprocess.PIPE, env=rig.environment
    )
    with worker:
        report = json.loads(worker.stdout.readline())
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(5) == 0
    assert report["next_run"] > int(rig.environment["PROXIMITY_NOW"])


def end(rig) -> None:
    rig.server.send_signal(signal.SIGTERM)


def test_a_signal_that_comes_with_the_first_line_is_heard(server):
    assert server.stop() == 0


def test_an_upload_that_is_on_its_way_is_stored_and_answered(server, new_keys):
    body = json.dumps(server.request(new_keys(3))).encode()
    head = (
        f"POST /v1/publish HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode()
    with closing(socket.create_connection(server.address, timeout=10)) as line:
        line.sendall(head + body[:100])
        assert server.ask("/healthz").status == 200
        end(server)
        # The server waits for the rest, and takes no new connection.
        wait_until_closed(server.address)
        line.sendall(body[100:])
        answer = http.client.HTTPResponse(line)
        answer.begin()
        document = json.loads(answer.read())
        assert (answer.status, document["insertedExposures"]) == (200, 3)
        assert line.recv(1) == b""
    assert server.server.wait(10) == 0
    assert server.work()["keys"] == 3


def wait_until_closed(address) -> None:
    until = time.perf_counter() + 5
    while time.perf_counter() < until:
        try:
            socket.create_connection(address, timeout=1).close()
        except OSError:
            return
        time.sleep(0.02)
    pytest.fail("the server still listens")


def test_every_upload_that_was_acknowledged_before_the_end_is_published(
    server, new_keys
):
    bodies = [server.request(new_keys(1)) for _ in range(40)]
    acknowledged = []

    def send(part) -> None:
        for body in part:
            try:
                answer = server.publish(body)
            except (OSError, http.client.HTTPException):
                return
            acknowledged.append(answer.status)

    threads = [threading.Thread(target=send, args=(bodies[n::4],)) for n in range(4)]
    for thread in threads:
        thread.start()
    while len(acknowledged) < 8:
        time.sleep(0.001)
    end(server)
    for thread in threads:
        thread.join()

    assert server.server.wait(10) == 0
    assert set(acknowledged) == {200}
    assert server.work()["keys"] >= len(acknowledged) >= 8


def test_nobody_holds_the_end_up(server):
    begun = time.perf_counter()
    lines = [socket.create_connection(server.address, timeout=10) for _ in range(3)]
    lines[1].sendall(b"GET /healthz HTTP/1.1\r\n")
    lines[2].sendall(
        b"POST /v1/publish HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{"
    )
    assert server.ask("/healthz").status == 200
    end(server)

    assert server.server.wait(10) == 0
    assert lines[2].recv(100).startswith(b"HTTP/1.1 408 ")
    for line in lines:
        line.close()
    assert time.perf_counter() - begun < 8
