"""How a code reaches a telephone."""

import base64
import http.server
import json
import threading

import pytest

from proximity.authority.verification.messenger import (
    HttpGateway,
    Outbox,
    compose,
    make_messenger,
)
from proximity.errors import NetworkError


@pytest.fixture
def gateway():
    """Run a gateway; `taken` holds what it took, `status` is what it answers."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            length = int(self.headers["Content-Length"])
            server.taken.append((self.path, json.loads(self.rfile.read(length))))
            server.authorization = self.headers["Authorization"]
            self.send_response(server.status)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    server.taken, server.status = [], 202
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_without_a_gateway_messages_wait_in_the_outbox(tmp_path):
    outbox = make_messenger("", tmp_path, lambda: 7)
    outbox.send("+84900000001", "một")

    assert isinstance(outbox, Outbox)
    line = json.loads((tmp_path / "outbox.jsonl").read_text("utf-8"))
    assert line == {"phone": "+84900000001", "text": "một", "at": 7}


def test_a_gateway_gets_number_and_text(gateway, tmp_path):
    url = f"http://127.0.0.1:{gateway.server_port}/sms?from=vn"
    make_messenger(url, tmp_path, lambda: 7).send("+84900000001", "mã")

    assert gateway.taken == [("/sms?from=vn", {"to": "+84900000001", "text": "mã"})]


def test_a_gateway_is_told_who_sends(gateway):
    address = f"127.0.0.1:{gateway.server_port}"
    HttpGateway(f"http://{address}/").send("+84900000001", "x")
    assert gateway.authorization is None

    HttpGateway(f"http://vn:a%40b@{address}/").send("+84900000001", "x")
    scheme, _, secret = gateway.authorization.partition(" ")
    assert (scheme, base64.b64decode(secret)) == ("Basic", b"vn:a@b")


def test_a_gateway_that_refuses_is_named_without_the_number(gateway):
    gateway.status = 500
    with pytest.raises(NetworkError) as caught:
        HttpGateway(f"http://127.0.0.1:{gateway.server_port}").send("+849", "x")

    assert "+849" not in str(caught.value)


def test_a_gateway_that_is_not_there_is_named():
    with pytest.raises(NetworkError):
        HttpGateway("http://127.0.0.1:1/").send("+849", "x")


@pytest.mark.parametrize(
    ("language", "word"), [("vi", "Mã xác nhận"), ("en", "report code")]
)
def test_a_message_is_in_the_language_of_the_authority(language, word):
    text = compose(language, "https://x/v?c=abc")

    assert word in text
    assert "https://x/v?c=abc" in text
