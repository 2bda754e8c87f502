"""Whether somebody on the line can tell chaff from the real thing by its size.

What is counted is everything that a server sends: status line, headers and body. That
time tells nothing either is measured over minutes, see docs/explanation/performance.md.
"""

import base64
import json
import re
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import numpy as np
import pytest

from proximity.authority.assembly import open_authority
from proximity.authority.keyring import CERTIFICATE
from proximity.authority.signed_token import encode_token

# One worker: these tests share a server.
pytestmark = pytest.mark.xdist_group("authority_chaff")

NUMBER = 500
LINES = 8
LENGTH = re.compile(rb"content-length: (\d+)\r\n")


def auc(real: list[int], chaff: list[int]) -> float:
    """Return how often a real size is the larger of two, ties by half."""
    wins = sum((r > c) + 0.5 * (r == c) for r in real for c in chaff)
    return wins / (len(real) * len(chaff))


class Line:
    """One connection, whose answers are read as bytes."""

    def __init__(self, rig) -> None:
        self._rig = rig
        self._socket = socket.create_connection(rig.address, timeout=30)
        self._waiting = b""

    def close(self) -> None:
        self._socket.close()

    def ask(self, path: str, body: object, *, chaff: bool = False) -> bytes:
        """Return all that is answered, from the status line on."""
        data = json.dumps(body).encode()
        head = [
            f"POST {path} HTTP/1.1",
            "Host: a",
            "Content-Type: application/json",
            f"Content-Length: {len(data)}",
            f"X-API-Key: {self._rig.founded['device_key']}",
            *(["X-Chaff: 1"] if chaff else []),
        ]
        self._socket.sendall("\r\n".join([*head, "", ""]).encode() + data)
        while b"\r\n\r\n" not in self._waiting:
            self._waiting += self._socket.recv(65_536)
        end = self._waiting.index(b"\r\n\r\n") + 4
        length = end + int(LENGTH.search(self._waiting)[1])
        while len(self._waiting) < length:
            self._waiting += self._socket.recv(65_536)
        answer, self._waiting = self._waiting[:length], self._waiting[length:]
        assert answer.startswith(b"HTTP/1.1 200 "), answer
        return answer


@pytest.fixture(scope="module")
def line(rig) -> Iterator[Line]:
    with closing(Line(rig)) as made:
        yield made


def sizes(rig, path: str, bodies: list[object]) -> tuple[list[int], list[int]]:
    """Send real requests and as much chaff, interleaved at random; return the sizes."""
    order = np.random.default_rng(0).permutation(2 * len(bodies))

    def send(numbers: np.ndarray) -> list[tuple[bool, int]]:
        with closing(Line(rig)) as line:
            return [
                (False, len(line.ask(path, {"padding": "A"}, chaff=True)))
                if number >= len(bodies)
                else (True, len(line.ask(path, bodies[number])))
                for number in numbers
            ]

    with ThreadPoolExecutor(LINES) as threads:
        sent = threads.map(send, np.array_split(order, LINES))
        seen = [each for part in sent for each in part]
    return [n for real, n in seen if real], [n for real, n in seen if not real]


def sizes_of_any_padding(answer: bytes, lengths: range) -> set[int]:
    """Return what sizes an answer has with so many random bytes as padding."""
    padding = json.loads(answer.partition(b"\r\n\r\n")[2])["padding"]
    rest = len(answer) - len(padding)
    return {rest + 4 * -(-length // 3) for length in lengths}


def test_chaff_of_verify_and_certificate_has_a_size_of_the_real_ones(rig, line):
    order = {"testType": "confirmed", "symptomDate": "2026-05-25"}
    batch = rig.ask("/api/batch-issue", {"codes": [order] * 10}, key="admin")
    mac = base64.b64encode(bytes(32)).decode()
    for code in [each["code"] for each in batch.json["codes"]]:
        verified = line.ask("/api/verify", {"code": code})
        token = json.loads(verified.partition(b"\r\n\r\n")[2])["token"]
        certified = line.ask("/api/certificate", {"token": token, "ekeyhmac": mac})
        for path, real in (("verify", verified), ("certificate", certified)):
            possible = sizes_of_any_padding(real, range(64, 128))
            chaff = line.ask(f"/api/{path}", {}, chaff=True)
            assert len(chaff) in possible, path
            assert headers_of(chaff) == headers_of(real)


def headers_of(answer: bytes) -> list[bytes]:
    """Return the names of the headers, in their order, and what tells no time."""
    lines = answer.partition(b"\r\n\r\n")[0].split(b"\r\n")
    varying = (b"date:", b"content-length:")
    return [
        each.partition(b":")[0] if each.startswith(varying) else each for each in lines
    ]


def test_publish_does_not_tell_by_size(rig, new_keys, a_time):
    authority = open_authority(rig.data, rig.environment)
    kid, key = authority.keyring.signing_key(CERTIFICATE)
    authority.engine.dispose()
    bodies = []
    for number in range(NUMBER):
        keys = new_keys(1 + number % 14)
        claims = {
            "iss": "org.proximity",
            "aud": "exposure-notifications-server",
            "exp": a_time + 900,
            "reportType": "confirmed",
            "tekmac": rig.mac(keys),
        }
        body = {
            "temporaryExposureKeys": [each.fields for each in keys],
            "healthAuthorityID": "org.proximity",
            "verificationPayload": encode_token(claims, key, kid),
            "hmacKey": base64.b64encode(rig.hmac_key).decode(),
        }
        bodies.append(body)
    real, chaff = sizes(rig, "/v1/publish", bodies)

    assert 0.43 <= auc(real, chaff) <= 0.57
    assert min(real) <= min(chaff)
    assert max(chaff) <= max(real)


def test_the_measure_sees_what_a_header_would_tell(rig):
    real, chaff = [600] * 10 + [620] * 10, [575] * 10 + [595] * 10

    assert auc(real, chaff) == 1.0
    assert auc(real, real) == 0.5
