"""`POST /v1/publish`."""

import asyncio
import base64
import hmac
import json
import os

import pytest

from proximity.authority.keyring import CERTIFICATE
from proximity.authority.signed_token import encode_token
from proximity.authority.upload.api import PublishDoor
from proximity.authority.upload.figures import UploadFigures
from proximity.authority.upload.writer import UploadWriter

HMAC_KEY = b"h" * 16
INVALID = "health_authority_verification_certificate_invalid"


def key(start: int) -> dict[str, object]:
    return {
        "key": base64.b64encode(os.urandom(16)).decode(),
        "rollingStartNumber": start,
        "rollingPeriod": 144,
        "transmissionRisk": 0,
    }


@pytest.fixture
def yesterday(authority) -> int:
    return authority.now_s // 86_400 * 144 - 144


@pytest.fixture
def publish(authority):
    """Return what sends bodies to a running door and gives status and document."""

    def send(*bodies: object):
        async def run():
            writer = UploadWriter(authority.engine, "VN", authority.clock)
            writer.start()
            door = PublishDoor(authority, writer, UploadFigures())
            answers = []
            for body in bodies:
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                status, content = await door.publish(data)
                answers.append((status, json.loads(content)))
            writer.stop()
            return answers if len(answers) > 1 else answers[0]

        return asyncio.run(run())

    return send


@pytest.fixture
def request_for(authority):
    """Return a maker of bodies whose certificate is good, but for what is changed."""

    def make(keys, claims=None, **fields):
        parts = sorted(
            f"{k['key']}.{k['rollingStartNumber']}.{k['rollingPeriod']}.0" for k in keys
        )
        mac = hmac.digest(HMAC_KEY, ",".join(parts).encode(), "sha256")
        now_s = authority.now_s
        content = {
            "iss": "org.proximity",
            "aud": "exposure-notifications-server",
            "iat": now_s,
            "nbf": now_s,
            "exp": now_s + 900,
            "reportType": "confirmed",
            "symptomOnsetInterval": now_s // 600 - 288,
            "tekmac": base64.b64encode(mac).decode(),
        }
        kid, signing_key = authority.keyring.signing_key(CERTIFICATE)
        return {
            "temporaryExposureKeys": keys,
            "healthAuthorityID": "org.proximity",
            "verificationPayload": encode_token(
                content | (claims or {}), signing_key, kid
            ),
            "hmacKey": base64.b64encode(HMAC_KEY).decode(),
        } | fields

    return make


def test_an_upload_is_answered_with_a_token_and_padding(
    publish, request_for, yesterday
):
    status, document = publish(request_for([key(yesterday), key(yesterday - 144)]))

    assert status == 200
    assert document["insertedExposures"] == 2
    assert set(document) == {"revisionToken", "insertedExposures", "padding"}
    assert 1_024 <= len(base64.b64decode(document["padding"])) < 2_048


def test_the_hmac_key_is_read_by_both_its_spellings(publish, request_for, yesterday):
    body = request_for([key(yesterday)])
    body["hmackey"] = body.pop("hmacKey")

    assert publish(body)[0] == 200


def test_a_retry_is_answered_as_the_first_time(publish, request_for, yesterday):
    body = request_for([key(yesterday)])
    (first, one), (second, two) = publish(body, body)

    assert (first, second) == (200, 200)
    assert one["insertedExposures"] == two["insertedExposures"] == 1


def test_a_wrong_key_among_others_is_a_partial_failure(publish, request_for, yesterday):
    status, document = publish(request_for([key(yesterday), key(yesterday + 9_999)]))

    assert (status, document["code"]) == (200, "partial_failure")
    assert document["insertedExposures"] == 1
    assert "key 1 " in document["error"]


def test_a_key_far_from_onset_is_a_warning(publish, request_for, yesterday, authority):
    keys = [key(yesterday), key(yesterday - 14 * 144 + 144)]
    claims = {"symptomOnsetInterval": yesterday - 15 * 144}
    status, document = publish(request_for(keys, claims))

    assert status == 200
    assert len(document["warnings"]) == 1


@pytest.mark.parametrize(
    "case",
    [
        ({"healthAuthorityID": "other"}, 401, "unknown_health_authority_id"),
        ({"verificationPayload": ""}, 401, INVALID),
        ({"verificationPayload": "a.b.c"}, 401, INVALID),
        ({"hmacKey": base64.b64encode(b"x" * 16).decode()}, 401, INVALID),
        ({"temporaryExposureKeys": []}, 401, INVALID),
        ({"temporaryExposureKeys": "none"}, 400, "bad_request"),
        ({"traveler": "yes"}, 400, "bad_request"),
    ],
)
def test_what_is_wrong_has_its_code(publish, request_for, yesterday, case):
    change, status, code = case
    answer, document = publish(request_for([key(yesterday)]) | change)

    assert (answer, document["code"]) == (status, code)
    assert document["error"]
    assert document["padding"]


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": 1},
        {"nbf": 9_999_999_999},
        {"iss": "other"},
        {"aud": "other"},
        {"reportType": "perhaps"},
        {"tekmac": "AAAA"},
    ],
)
def test_a_certificate_that_does_not_hold_is_refused(
    publish, request_for, yesterday, claims
):
    status, document = publish(request_for([key(yesterday)], claims))

    assert (status, document["code"]) == (401, INVALID)


def test_no_keys_are_a_bad_request(publish, request_for):
    status, document = publish(request_for([]))

    assert (status, document["code"]) == (400, "bad_request")


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 60_000]
)
def test_what_is_no_json_is_a_bad_request(publish, body):
    status, document = publish(body)

    assert (status, document["code"]) == (400, "bad_request")


def test_a_clinical_report_is_confirmed_with_its_token(publish, request_for, yesterday):
    keys = [key(yesterday)]
    _, first = publish(request_for(keys, {"reportType": "likely"}))
    without = publish(request_for(keys))
    status, second = publish(request_for(keys, revisionToken=first["revisionToken"]))

    assert (without[0], without[1]["code"]) == (400, "missing_revision_token")
    assert (status, second["insertedExposures"]) == (200, 0)
    again = publish(
        request_for(
            keys,
            {"reportType": "likely", "jti": "another"},
            revisionToken=second["revisionToken"],
        )
    )
    assert (again[0], again[1]["code"]) == (400, "invalid_report_type_transition")


def test_a_database_that_fails_is_an_internal_error(
    publish, request_for, yesterday, authority
):
    body = request_for([key(yesterday)])
    with authority.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE secrets")
    # After a minute the secrets are read again.
    authority.clock.now_s += 61
    status, document = publish(body)

    assert (status, document["code"]) == (500, "internal_error")
