"""What upload takes in."""

import msgspec
import pytest

from proximity.authority.upload.model import AcceptedKey, KeyUpload, PublishRequest
from proximity.protocol.diagnosis_key import ReportType

KEY = "z2Cx9hdz2SlxZ8GEgqTYpA=="


def test_a_request_has_the_published_names():
    body = b"""{"temporaryExposureKeys": [{"key": "k", "rollingStartNumber": 144,
        "rollingPeriod": 7, "transmissionRisk": 3}], "healthAuthorityID": "a",
        "verificationPayload": "v", "hmackey": "h", "symptomOnsetInterval": 1,
        "traveler": true, "revisionToken": "t", "padding": "p", "unknown": [{}]}"""
    request = msgspec.json.decode(body, type=PublishRequest)

    assert request.temporary_exposure_keys == [KeyUpload("k", 144, 7, 3)]
    assert (request.health_authority_id, request.hmac_key_lower) == ("a", "h")
    assert (request.traveler, request.revision_token) == (True, "t")


@pytest.mark.parametrize(
    "body", [b"[]", b"{}", b'{"temporaryExposureKeys": [1]}', b"{", b"", b"\xff"]
)
def test_what_is_no_request_is_refused(body):
    with pytest.raises((msgspec.MsgspecError, UnicodeDecodeError)):
        msgspec.json.decode(body, type=PublishRequest)


def test_a_key_does_not_show_itself():
    accepted = AcceptedKey(b"k" * 16, 1, 2, ReportType.CONFIRMED_TEST, 0, 2)
    uploaded = KeyUpload(KEY, 1)

    assert "kkk" not in repr(accepted)
    assert KEY not in repr(uploaded) + repr(PublishRequest([uploaded]))
