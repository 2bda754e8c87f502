"""A gateway for messages that takes a connection and never answers."""

import base64
import socket
import time

import pytest


@pytest.fixture
def hanging():
    """Return the address of a gateway that hangs."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"


def test_a_gateway_that_hangs_stops_nobody_else(make_rig, hanging):
    rig = make_rig(allow_user_report="true", messenger_url=hanging, client_tries="999")
    nonce = base64.b64encode(b"n" * 256).decode()
    begun = time.perf_counter()
    # More than there are threads for requests.
    for number in range(50):
        phone = f"+8491100{number:04d}"
        body = {"phone": phone, "nonce": nonce, "symptomDate": "2026-05-25"}
        assert rig.ask("/api/user-report", body, key="device").status == 200

    assert rig.ask("/readyz").status == 200
    assert rig.token()
    # Less than one message waits for its gateway.
    assert time.perf_counter() - begun < 9
