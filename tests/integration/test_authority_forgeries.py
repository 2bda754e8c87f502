"""Certificates that are forged, borrowed, replayed or early, over HTTP."""

import base64
import hmac
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proximity.authority.assembly import open_authority
from proximity.authority.keyring import CERTIFICATE
from proximity.authority.signed_token import encode_base64url, encode_token

# One worker: these tests share a server.
pytestmark = pytest.mark.xdist_group("authority_forgeries")

INVALID = (401, "health_authority_verification_certificate_invalid")
AUDIENCE = "exposure-notifications-server"


@pytest.fixture(scope="module")
def signing(rig):
    """Return key ID and private key of the running authority's certificates."""
    authority = open_authority(rig.data, rig.environment)
    found = authority.keyring.signing_key(CERTIFICATE)
    authority.engine.dispose()
    return found


@pytest.fixture
def claims(rig, a_time, new_keys):
    """Return keys, and the claims of a certificate over them that would be good."""
    keys = new_keys(2)
    return keys, {
        "iss": rig.founded["health_authority_id"],
        "aud": AUDIENCE,
        "iat": a_time,
        "nbf": a_time,
        "exp": a_time + 900,
        "reportType": "confirmed",
        "tekmac": rig.mac(keys),
    }


def send(rig, keys, certificate: str):
    body = {
        "temporaryExposureKeys": [key.fields for key in keys],
        "healthAuthorityID": rig.founded["health_authority_id"],
        "verificationPayload": certificate,
        "hmacKey": base64.b64encode(rig.hmac_key).decode(),
    }
    answer = rig.publish(body)
    return answer.status, answer.json.get("code")


def part(value: object) -> str:
    return encode_base64url(json.dumps(value).encode())


def unsigned(header: dict[str, object], content: dict[str, object]) -> str:
    return f"{part(header)}.{part(content)}"


def test_the_certificate_that_the_others_are_changed_from_is_good(rig, claims, signing):
    keys, content = claims
    kid, key = signing

    assert send(rig, keys, encode_token(content, key, kid)) == (200, None)


def test_no_algorithm_is_none(rig, claims, signing):
    keys, content = claims
    for name in ("none", "None", "NONE", ""):
        text = unsigned({"alg": name, "kid": signing[0]}, content)
        for signature in ("", encode_base64url(bytes(64))):
            assert send(rig, keys, f"{text}.{signature}") == INVALID


def test_a_public_key_is_no_secret_of_an_hmac(rig, claims, signing):
    keys, content = claims
    kid, key = signing
    public = key.public_key()
    forms = [
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint),
    ]
    for algorithm in ("HS256", "ES256"):
        text = unsigned({"alg": algorithm, "kid": kid}, content)
        for form in forms:
            mac = hmac.digest(form, text.encode(), "sha256")
            assert send(rig, keys, f"{text}.{encode_base64url(mac)}") == INVALID


def test_a_key_that_comes_with_the_certificate_is_not_believed(rig, claims, signing):
    keys, content = claims
    mine = ec.generate_private_key(ec.SECP256R1())
    numbers = mine.public_key().public_numbers()
    jwk = {
        "kty": "EC",
        "crv": "P-256",
        "x": encode_base64url(numbers.x.to_bytes(32, "big")),
        "y": encode_base64url(numbers.y.to_bytes(32, "big")),
    }
    good = encode_token(content, mine, signing[0])
    signature = good.rpartition(".")[2]
    for more in ({"jwk": jwk}, {"jku": "http://127.0.0.1:1/jwks.json"}):
        header = {"alg": "ES256", "kid": signing[0], "typ": "JWT"} | more
        assert send(rig, keys, f"{unsigned(header, content)}.{signature}") == INVALID
    assert send(rig, keys, good) == INVALID
    assert send(rig, keys, encode_token(content, mine, "unknown")) == INVALID


def test_a_signature_of_rsa_is_none(rig, claims, signing):
    keys, content = claims
    mine = rsa.generate_private_key(65_537, 2_048)
    for algorithm in ("RS256", "PS256", "ES256"):
        text = unsigned({"alg": algorithm, "kid": signing[0]}, content)
        made = mine.sign(text.encode(), padding.PKCS1v15(), SHA256())
        for length in (256, 64):
            signature = encode_base64url(made[:length])
            assert send(rig, keys, f"{text}.{signature}") == INVALID


@pytest.mark.parametrize("numbers", [(0, 0), (1, 0), (0, 1), (2**256 - 1, 1)])
def test_numbers_that_no_signature_has_are_refused(rig, claims, signing, numbers):
    keys, content = claims
    text = unsigned({"alg": "ES256", "kid": signing[0]}, content)
    raw = b"".join(number.to_bytes(32, "big") for number in numbers)

    assert send(rig, keys, f"{text}.{encode_base64url(raw)}") == INVALID


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "org.other"},
        {"iss": ["org.proximity"]},
        {"aud": "another"},
        {"aud": [AUDIENCE]},
        {"exp": None},
        {"exp": "2999-01-01"},
        {"reportType": "user_report"},
        {"reportType": None},
        {"tekmac": None},
        {"tekmac": ""},
    ],
)
def test_a_certificate_that_says_another_thing_is_refused(rig, claims, signing, change):
    keys, content = claims
    kid, key = signing

    assert send(rig, keys, encode_token(content | change, key, kid)) == INVALID


def test_clocks_may_differ_by_five_seconds_not_by_a_minute(rig, claims, signing):
    keys, content = claims
    kid, key = signing
    ahead = content["iat"] + 60
    early = {"iat": ahead, "nbf": ahead, "exp": ahead + 900}
    late = {"iat": ahead - 960, "nbf": ahead - 960, "exp": ahead - 66}

    for times in (early, late):
        assert send(rig, keys, encode_token(content | times, key, kid)) == INVALID
    slightly = {"iat": content["iat"] + 5, "nbf": content["nbf"] + 5}
    assert send(rig, keys, encode_token(content | slightly, key, kid))[0] == 200


def test_a_token_is_no_certificate_and_a_certificate_no_token(rig, new_keys):
    keys = new_keys(1)
    body = {"token": rig.certificate(keys), "ekeyhmac": rig.mac(keys)}
    refused = rig.ask("/api/certificate", body, key="device")

    assert send(rig, keys, rig.token()) == INVALID
    assert (refused.status, refused.json["errorCode"]) == (400, "token_invalid")


def test_a_certificate_is_for_its_keys_and_every_number_of_them(rig, new_keys):
    keys = new_keys(2)
    certificate = rig.certificate(keys)
    first, second = keys
    others = [
        [first],
        [*keys, *new_keys(1, first=5)],
        [first._replace(period=143), second],
        [first._replace(start=first.start - 1), second],
        [first._replace(risk=1), second],
        [first._replace(key=bytes(16)), second],
    ]
    for wrong in others:
        assert send(rig, wrong, certificate) == INVALID
    assert send(rig, keys[::-1], certificate) == (200, None)


REPORTS = ["confirmed", "likely", "negative", "user-report"]
# Of each field: what it should be, what it nearly is, and what it never is.
LARGE = 2**63
NUMBERS = st.one_of(
    st.sampled_from([0, 1, 143, 144, 145, -1, 2**31, LARGE - 1, LARGE, -LARGE]),
    st.integers(min_value=20_586 * 144, max_value=20_601 * 144),
    st.integers(),
)
KEYS = st.one_of(
    st.binary(min_size=16, max_size=16).map(lambda b: base64.b64encode(b).decode()),
    st.binary(max_size=40).map(lambda b: base64.b64encode(b).decode()),
    st.text(max_size=40),
)
UPLOADS = st.lists(
    st.fixed_dictionaries(
        {"key": KEYS, "rollingStartNumber": NUMBERS},
        optional={"rollingPeriod": NUMBERS, "transmissionRisk": NUMBERS},
    ),
    max_size=32,
)


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    uploads=UPLOADS,
    claimed=st.fixed_dictionaries(
        {
            "reportType": st.sampled_from(REPORTS),
            "symptomOnsetInterval": NUMBERS,
        }
    ),
)
def test_no_certified_upload_makes_the_server_fail(rig, signing, uploads, claimed):
    parts = [
        f"{each['key']}.{each['rollingStartNumber']}.{each.get('rollingPeriod', 144)}"
        f".{each.get('transmissionRisk', 0)}"
        for each in sorted(uploads, key=lambda each: each["key"])
    ]
    mac = hmac.digest(rig.hmac_key, ",".join(parts).encode(), "sha256")
    content = {
        "iss": rig.founded["health_authority_id"],
        "aud": AUDIENCE,
        "exp": int(rig.environment["PROXIMITY_NOW"]) + 900,
        "tekmac": base64.b64encode(mac).decode(),
    }
    certificate = encode_token(content | claimed, signing[1], signing[0])
    answer = rig.publish(
        {
            "temporaryExposureKeys": uploads,
            "healthAuthorityID": rig.founded["health_authority_id"],
            "verificationPayload": certificate,
            "hmacKey": base64.b64encode(rig.hmac_key).decode(),
            "revisionToken": str(claimed),
        }
    )

    assert answer.status in (200, 400)
    if answer.status == 400:
        assert answer.json["code"] in (
            "bad_request",
            "missing_revision_token",
            "invalid_report_type_transition",
        )


def test_a_replayed_certificate_stores_nothing_more_and_is_over_in_time(
    make_rig, new_keys, a_time
):
    rig = make_rig(minimum="0")
    keys = new_keys(3)
    body = rig.request(keys)
    answers = [rig.publish(body).json["insertedExposures"] for _ in range(3)]

    assert answers == [3, 3, 3]
    assert rig.work()["keys"] == 3
    assert rig.publish(body).json["insertedExposures"] == 3
    rig.stop()
    rig.start(a_time + 906)
    answer = rig.publish(body)
    assert (answer.status, answer.json["code"]) == INVALID
