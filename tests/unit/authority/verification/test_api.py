"""The doors of verification, by the published API."""

import base64
import re
import uuid
from dataclasses import replace

import pytest
from fastapi import FastAPI

from proximity.authority.service.app import ServiceApp
from proximity.authority.verification.api import open_routes
from proximity.errors import NetworkError
from proximity.units import iso_day

PHONE = "+84900000001"


class Broken:
    """A messenger whose gateway does not answer."""

    def send(self, phone: str, text: str) -> None:
        raise NetworkError("not sent", "try again")


@pytest.fixture
def post(authority, founded, ask):
    """Return what asks a door with the key that opens it."""
    return poster(authority, founded, ask)


def poster(authority, founded, ask):
    app = ServiceApp(authority, {})

    def put(path: str, body: object, kind: str | None = None):
        device = path in ("verify", "certificate", "user-report")
        kind = kind or ("device" if device else "admin")
        key = {"x-api-key": founded._asdict()[f"{kind}_key"]}
        return ask(app, f"/api/{path}", body, key)

    return put


@pytest.fixture
def order(authority):
    return {
        "testType": "confirmed",
        "symptomDate": iso_day(authority.now_s // 86_400 - 1),
        "testDate": iso_day(authority.now_s // 86_400),
        "tzOffset": 420,
    }


def test_issue_answers_with_the_published_fields(post, order):
    document = post("issue", order | {"padding": "AAAA"}).json

    assert set(document) == {
        "uuid",
        "code",
        "expiresAt",
        "expiresAtTimestamp",
        "longExpiresAt",
        "longExpiresAtTimestamp",
        "padding",
    }
    assert re.fullmatch(
        r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d UTC", document["expiresAt"]
    )


def test_verify_and_certificate_answer_with_the_published_fields(post, order):
    code = post("issue", order).json["code"]
    verified = post("verify", {"code": code, "accept": ["confirmed"]}).json
    mac = base64.b64encode(bytes(32)).decode()
    certified = post("certificate", {"token": verified["token"], "ekeyhmac": mac}).json

    assert set(verified) == {"testtype", "symptomDate", "testDate", "token", "padding"}
    assert verified["testtype"] == "confirmed"
    assert verified["symptomDate"] == order["symptomDate"]
    assert set(certified) == {"certificate", "padding"}


def test_a_date_that_was_not_given_is_left_out(post, order):
    code = post("issue", order | {"testDate": ""}).json["code"]

    assert "testDate" not in post("verify", {"code": code}).json


def test_a_link_is_sent_or_shown(post, order, authority):
    post("issue", order | {"phone": PHONE})
    shown = post("issue", order | {"phone": PHONE, "onlyGenerateSMS": True}).json

    ((number, text),) = authority.messenger.messages
    assert number == PHONE
    assert "c=" in text
    assert "c=" in shown["generatedSMS"]
    assert shown["phone"] == PHONE


def test_a_code_whose_message_is_not_sent_is_withdrawn(authority, founded, ask, order):
    post = poster(replace(authority, messenger=Broken()), founded, ask)
    body = order | {"phone": PHONE, "uuid": str(uuid.uuid4())}
    refused = post("issue", body)

    assert (refused.status, refused.json["errorCode"]) == (503, "sms_failure")
    assert PHONE not in refused.body.decode()
    assert post("checkcodestatus", {"uuid": body["uuid"]}).status == 404
    assert post("issue", body | {"phone": ""}).json["uuid"] == body["uuid"]


@pytest.mark.parametrize(
    ("path", "body", "refusal"),
    [
        ("verify", {}, (400, "unparsable_request")),
        ("verify", {"code": 12345678}, (400, "unparsable_request")),
        ("verify", {"code": "00000000"}, (400, "code_not_found")),
        ("verify", {"code": ""}, (400, "code_invalid")),
        ("verify", {"code": "1", "accept": ["x"]}, (400, "invalid_test_type")),
        ("certificate", {"token": "x", "ekeyhmac": "AAAA"}, (400, "hmac_invalid")),
        (
            "certificate",
            {"token": "x", "ekeyhmac": base64.b64encode(bytes(32)).decode()},
            (400, "token_invalid"),
        ),
        ("issue", {"testType": "x"}, (400, "invalid_test_type")),
        ("issue", {"testType": "likely"}, (400, "missing_date")),
        (
            "issue",
            {"testType": "likely", "testDate": "1999-01-01"},
            (400, "invalid_date"),
        ),
        ("batch-issue", {"codes": []}, (400, "unparsable_request")),
        ("checkcodestatus", {"uuid": "none"}, (404, "code_not_found")),
        ("expirecode", {"uuid": "none"}, (404, "code_not_found")),
        ("user-report", {"phone": PHONE}, (400, "missing_nonce")),
    ],
)
def test_what_is_refused_has_its_code(post, path, body, refusal):
    answer = post(path, body)

    assert (answer.status, answer.json["errorCode"]) == refusal
    assert answer.json["error"]


@pytest.mark.parametrize("kind", ["device", "stats"])
def test_only_an_admin_key_issues(post, order, kind):
    answer = post("issue", order, kind)

    assert (answer.status, answer.json["errorCode"]) == (401, "unauthorized")


def test_a_batch_is_answered_one_by_one(post, order):
    wrong = order | {"testType": "x"}
    answer = post("batch-issue", {"codes": [order, wrong, order]})

    first, second, third = answer.json["codes"]
    assert first["code"] != third["code"]
    assert second["errorCode"] == "invalid_test_type"
    assert (answer.status, answer.json["errorCode"]) == (400, "invalid_test_type")
    assert post("batch-issue", {"codes": [order] * 10}).status == 200
    assert post("batch-issue", {"codes": [order] * 11}).status == 400


def test_the_state_of_a_code(post, order):
    issued = post("issue", order).json
    handle = {"uuid": issued["uuid"]}

    assert post("checkcodestatus", handle).json["claimed"] is False
    ended = post("expirecode", handle).json
    assert ended["uuid"] == issued["uuid"]
    assert ended["expiresAtTimestamp"] < issued["expiresAtTimestamp"]
    assert "claimed" not in ended


def test_a_person_asks_and_the_answer_does_not_tell_who_rests(
    make_authority, founded, ask, order
):
    authority = make_authority(allow_user_report=True)
    post = poster(authority, founded, ask)
    nonce = base64.b64encode(b"n" * 256).decode()
    body = {"phone": PHONE, "nonce": nonce, "testDate": order["testDate"]}
    first, second = post("user-report", body), post("user-report", body)

    assert (first.status, second.status) == (200, 200)
    assert (
        set(first.json)
        == set(second.json)
        == {
            "expiresAt",
            "expiresAtTimestamp",
            "padding",
        }
    )
    assert len(authority.messenger.messages) == 1
    assert post("user-report", body | {"phone": ""}).json["errorCode"] == (
        "missing_phone"
    )


def test_certificates_verify_by_the_published_keys(authority, ask):
    app = FastAPI()
    app.include_router(open_routes(authority))
    (key,) = ask(app, "/.well-known/jwks.json").json["keys"]

    assert (key["kty"], key["crv"], key["alg"]) == ("EC", "P-256", "ES256")
    assert key["kid"] in authority.keyring.public_keys("certificate")
    assert len(base64.urlsafe_b64decode(key["x"] + "=")) == 32
