"""From a code to an authority that has this device's keys."""

import base64
import json
import os
from dataclasses import replace

import pytest

from proximity.client.submission import (
    REQUEST_BYTES,
    AuthorityAddress,
    SealedBox,
    claim_code,
    forget_submission,
    mac_of,
    prepare,
    submit,
)
from proximity.errors import (
    FormatError,
    NetworkError,
    PolicyError,
    StoreError,
    VerificationCodeError,
)
from proximity.protocol.key_file import UploadedKey
from proximity.store.sealing import SealingKey

ADDRESS = AuthorityAddress("https://example.org/", "device key", "vn")
KEY = b"\xab" * 16
KEYS = (UploadedKey(KEY, 144 * 20_600), UploadedKey(b"\xcd" * 16, 144 * 20_601, 60))
TAKEN = {"revisionToken": "r", "insertedExposures": 2}


class FakeAuthority:
    """Answers with what it is given, by path; remembers what it was sent."""

    def __init__(self, **answers: object) -> None:
        self.answers: dict[str, object] = {
            "/api/verify": (200, {"token": "t"}),
            "/api/certificate": (200, {"certificate": "c"}),
            "/v1/publish": (200, TAKEN),
        } | {"/" + name.replace("__", "/"): answer for name, answer in answers.items()}
        self.sent: list[tuple[str, dict[str, object], int]] = []

    def post(self, url, body, headers, *, max_bytes):
        path = url.removeprefix("https://example.org")
        assert headers["X-API-Key"] == "device key"
        self.sent.append((path, json.loads(body), len(body)))
        answer = self.answers[path]
        if isinstance(answer, Exception):
            raise answer
        status, document = answer
        return status, document if isinstance(document, bytes) else json.dumps(
            document
        ).encode()

    @property
    def paths(self) -> list[str]:
        return [path for path, _, _ in self.sent]


@pytest.fixture
def box(tmp_path) -> SealedBox:
    return SealedBox(tmp_path, SealingKey(bytes(32)))


@pytest.fixture
def pending(box):
    pending = prepare(KEYS, "t", os.urandom)
    box.keep(pending)
    return pending


def test_a_code_becomes_a_token():
    authority = FakeAuthority()

    assert claim_code(authority, ADDRESS, "12345678") == "t"
    ((_, sent, _),) = authority.sent
    assert sent["code"] == "12345678"
    assert sent["accept"] == ["confirmed", "likely", "negative"]


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("code_invalid", "used before"),
        ("code_expired", "over"),
        ("code_not_found", "no such code"),
        ("quota_exceeded", "too many"),
    ],
)
def test_a_code_that_does_not_count_is_named(code, says):
    authority = FakeAuthority(api__verify=(400, {"error": "x", "errorCode": code}))

    with pytest.raises(VerificationCodeError, match=says):
        claim_code(authority, ADDRESS, "12345678")


def test_keys_are_uploaded_and_the_box_is_emptied(box, pending):
    authority = FakeAuthority()

    assert submit(authority, ADDRESS, box, pending) == 2
    assert authority.paths == ["/api/certificate", "/v1/publish"]
    sent = authority.sent[1][1]
    assert sent["temporaryExposureKeys"][0] == {
        "key": base64.b64encode(KEY).decode(),
        "rollingStartNumber": 144 * 20_600,
        "rollingPeriod": 144,
        "transmissionRisk": 0,
    }
    assert sent["verificationPayload"] == "c"
    assert base64.b64decode(authority.sent[0][1]["ekeyhmac"]) == mac_of(pending)
    assert box.open() is None
    assert box.revision_token() == "r"


def test_every_request_has_one_size(box, pending):
    authority = FakeAuthority()
    claim_code(authority, ADDRESS, "1")
    submit(authority, ADDRESS, box, pending)
    submit(authority, ADDRESS, box, prepare(KEYS[:1], "t", os.urandom))

    assert {size for _, _, size in authority.sent} == {REQUEST_BYTES}


def test_the_next_upload_shows_what_the_last_left(box, pending):
    authority = FakeAuthority()
    submit(authority, ADDRESS, box, pending)
    submit(authority, ADDRESS, box, prepare(KEYS, "t", os.urandom))

    tokens = [body["revisionToken"] for path, body, _ in authority.sent if "v1" in path]
    assert tokens == ["", "r"]


def test_an_answer_that_was_lost_needs_no_second_code(box, pending):
    lost = NetworkError("no answer", "again")
    with pytest.raises(NetworkError):
        submit(FakeAuthority(v1__publish=lost), ADDRESS, box, pending)

    authority = FakeAuthority()
    kept = box.open()
    assert kept == replace(pending, certificate="c")
    assert submit(authority, ADDRESS, box, kept) == 2
    assert authority.paths == ["/v1/publish"]


def test_a_certificate_that_is_over_asks_for_a_new_code_and_keeps_the_keys(
    box, pending
):
    refused = (401, {"code": "health_authority_verification_certificate_invalid"})
    with pytest.raises(VerificationCodeError, match="certificate"):
        submit(FakeAuthority(v1__publish=refused), ADDRESS, box, pending)

    kept = box.open()
    assert (kept.keys, kept.token, kept.certificate) == (pending.keys, "", "")


def test_a_token_that_is_spent_asks_for_a_new_code(box, pending):
    spent = (400, {"error": "x", "errorCode": "token_invalid"})
    with pytest.raises(VerificationCodeError, match="any longer"):
        submit(FakeAuthority(api__certificate=spent), ADDRESS, box, pending)

    assert box.open() == pending


@pytest.mark.parametrize(
    "answer",
    [
        (400, {"error": "x", "code": "bad_request"}),
        (200, TAKEN | {"error": "key 1", "code": "partial_failure"}),
    ],
)
def test_keys_that_are_refused_are_said(box, pending, answer):
    with pytest.raises(PolicyError, match=str(answer[1]["code"])):
        submit(FakeAuthority(v1__publish=answer), ADDRESS, box, pending)

    assert box.open() is not None


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((500, {}), NetworkError),
        ((200, {}), NetworkError),
        ((200, {"token": 7}), NetworkError),
        ((401, {"errorCode": "unauthorized"}), NetworkError),
        ((400, {"errorCode": "\x1b[2J" * 99}), NetworkError),
        ((200, b"<html>"), FormatError),
        ((200, b"[]"), FormatError),
    ],
)
def test_what_is_no_authority_is_named(answer, error):
    with pytest.raises(error) as caught:
        claim_code(FakeAuthority(api__verify=answer), ADDRESS, "1")

    assert "\x1b" not in str(caught.value)


def test_what_is_kept_is_sealed_and_private(box, pending):
    data = box.path.read_bytes()

    assert base64.b64encode(KEY) not in data
    assert b"rollingStart" not in data
    assert box.path.stat().st_mode & 0o777 == 0o600


def test_a_box_of_another_device_does_not_open(box, pending, tmp_path):
    with pytest.raises(StoreError):
        SealedBox(tmp_path, SealingKey(b"x" * 32)).open()


def test_what_uploads_left_is_forgotten(box, pending, tmp_path):
    submit(FakeAuthority(), ADDRESS, box, pending)
    box.keep(pending)
    forget_submission(tmp_path)
    forget_submission(tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_nothing_shows_itself(pending):
    shown = repr(pending) + repr(ADDRESS)

    assert pending.hmac_key not in shown
    assert "device key" not in shown
    assert base64.b64encode(KEY).decode() not in shown
