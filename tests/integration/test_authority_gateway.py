"""A gateway for messages that takes a connection and never answers."""

import base64
import socket
import time

import pytest

# What a message waits for its gateway, and how many wait at a time.
PATIENCE_S = 10
AT_ONCE = 4


@pytest.fixture
def hanging():
    """Return the listener of a gateway that hangs."""
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listener:
        listener.setblocking(False)
        yield listener


def accepted(listener: socket.socket) -> int:
    """Return how many connections were made; each is closed."""
    count = 0
    while True:
        try:
            listener.accept()[0].close()
        except BlockingIOError:
            return count
        count += 1


def test_a_gateway_that_hangs_stops_nobody_else(make_rig, hanging):
    url = f"http://127.0.0.1:{hanging.getsockname()[1]}/"
    rig = make_rig(allow_user_report="true", messenger_url=url, client_tries="999")
    nonce = base64.b64encode(b"n" * 256).decode()
    begun = time.perf_counter()
    # More than there are threads for requests.
    for number in range(50):
        phone = f"+8491100{number:04d}"
        body = {"phone": phone, "nonce": nonce, "symptomDate": "2026-05-25"}
        assert rig.ask("/api/user-report", body, key="device").status == 200

    assert rig.ask("/readyz").status == 200
    assert rig.token()
    rounds = 1 + (time.perf_counter() - begun) // PATIENCE_S
    assert 1 <= accepted(hanging) <= AT_ONCE * rounds
