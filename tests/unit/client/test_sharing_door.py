"""Two requests, and a sealed file that lets a lost answer cost nothing."""

import json
import os
from dataclasses import replace

import pytest

from proximity.client.sharing_door import (
    KEPT_S,
    PADDED_BYTES,
    ShareBox,
    forget_sharing,
    hand_in,
    open_token,
    with_package,
)
from proximity.client.submission import AuthorityAddress
from proximity.errors import (
    FormatError,
    NetworkError,
    PolicyError,
    StoreError,
    VerificationCodeError,
)
from proximity.store.sealing import SealingKey

AUTHORITY = AuthorityAddress("https://example.org/", "device-key", "org.proximity")
OPENED = {
    "kind": "contact",
    "case": "ABC",
    "nonce": "00" * 16,
    "salt": "07" * 16,
    "firstDay": 10,
    "lastDay": 12,
    "recursiveFirstDay": 12,
    "recursiveLastDay": 13,
    "keys": [{"key": "01" * 16, "startInterval": 1_440, "period": 144}],
}
TAKEN = {"keys": 1, "heard": 30, "verdict": "mutual", "close": True}


class Server:
    """An authority that answers by script."""

    def __init__(self, document: object = None, status: int = 200) -> None:
        self.answer = (status, json.dumps(document).encode())
        self.asked: list[tuple[str, bytes, dict]] = []

    def post(self, url, body, headers, *, max_bytes):
        self.asked.append((url, body, headers))
        return self.answer


@pytest.fixture
def box(tmp_path) -> ShareBox:
    return ShareBox(tmp_path, SealingKey(bytes(32)))


@pytest.fixture
def pending(box):
    return box.begin("TOKEN", lambda n: b"\x05" * n)


def test_opening_a_token_tells_what_is_asked(pending):
    server = Server(OPENED)
    asked = open_token(server, AUTHORITY, pending)

    assert (asked.kind, asked.days) == ("contact", range(10, 13))
    assert (asked.recursive, asked.keys[0].start_interval) == (range(12, 14), 1_440)
    ((url, body, headers),) = server.asked
    assert url == "https://example.org/api/share/open"
    assert headers["X-API-Key"] == "device-key"
    assert json.loads(body).keys() == {"token", "publicKey", "padding"}


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "history"},
        {"nonce": "00"},
        {"case": None},
        {"keys": [{}]},
        {"keys": OPENED["keys"] * 65},
        {"firstDay": -1},
        {"lastDay": "x"},
    ],
)
def test_an_answer_of_another_form_is_a_named_error(pending, change):
    with pytest.raises(FormatError):
        open_token(Server(OPENED | change), AUTHORITY, pending)


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (400, "token_expired", VerificationCodeError),
        (409, "token_opened", VerificationCodeError),
        (409, "package_replayed", PolicyError),
        (400, "<script>", PolicyError),
        (503, "internal_server_error", NetworkError),
    ],
)
def test_a_refusal_is_a_named_error(pending, status, code, error):
    with pytest.raises(error) as raised:
        open_token(Server({"errorCode": code}, status), AUTHORITY, pending)
    assert "<" not in str(raised.value)


def test_requests_are_filled_up_so_that_their_size_tells_little(box, pending):
    sizes = set()
    for length in (10, 5_000, 60_000):
        server = Server(TAKEN)
        package = json.dumps({"body": "x" * length}).encode()
        hand_in(server, AUTHORITY, box, with_package(pending, package))
        sizes.add(len(server.asked[0][1]) / PADDED_BYTES)

    assert sizes == {1.0}


def test_what_was_agreed_to_waits_sealed_until_the_authority_has_it(box, pending):
    box.path.write_bytes(box.seal(with_package(pending, b'{"a": 1}')))
    again = box.begin("TOKEN", lambda n: b"\x06" * n)
    assert again.package == b'{"a": 1}'
    assert b"TOKEN" not in box.path.read_bytes()

    outcome = hand_in(Server(TAKEN), AUTHORITY, box, again)
    assert (outcome.verdict, outcome.close) == ("mutual", True)
    assert not box.path.exists()


def test_another_token_begins_anew_with_another_key(box, pending):
    other = box.begin("OTHER", lambda n: b"\x06" * n)

    assert other.private_key != pending.private_key
    assert box.open() == other


def test_a_file_that_another_key_sealed_is_a_named_error(tmp_path, pending):
    with pytest.raises(StoreError):
        ShareBox(tmp_path, SealingKey(b"\x01" * 32)).open()


def test_forgetting_leaves_nothing(tmp_path, box, pending):
    forget_sharing(tmp_path)

    assert box.open() is None
    assert list(tmp_path.iterdir()) == []


def test_what_was_never_finished_is_forgotten_after_a_week(tmp_path, box, pending):
    os.utime(box.path, (1_000, 1_000))
    forget_sharing(tmp_path, now_s=1_000 + KEPT_S - 1)
    assert box.open() == pending

    forget_sharing(tmp_path, now_s=1_000 + KEPT_S)
    assert list(tmp_path.iterdir()) == []
    forget_sharing(tmp_path, now_s=1_000 + KEPT_S)


def test_nothing_secret_shows_itself(pending):
    shown = repr(with_package(pending, b"package"))

    assert "TOKEN" not in shown
    assert "package" not in shown.removeprefix("Pending(")


def test_a_sharing_that_was_never_finished_is_forgotten_with_the_rest(device, tmp_path):
    left = tmp_path / "pending_share"
    left.write_bytes(b"sealed")
    os.utime(left, (device.now_s, device.now_s))
    device.engine._world = replace(device.engine._world, home=tmp_path)
    device.engine.forget()
    assert left.exists()

    device.now_s += KEPT_S
    device.engine.forget()
    assert not left.exists()
