"""Tokens: ES256, strict."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from proximity.authority.signed_token import (
    decode_base64url,
    encode_base64url,
    encode_token,
    verify_token,
)
from proximity.errors import (
    BadSignatureError,
    ExpiredError,
    FormatError,
    UnknownSignerError,
)

KEY = ec.derive_private_key(7, ec.SECP256R1())
OTHER = ec.derive_private_key(8, ec.SECP256R1())
NOW_S = 1_000_000
CLAIMS = {"iss": "a", "aud": "b", "iat": NOW_S, "nbf": NOW_S, "exp": NOW_S + 60}


def verify(text: str, now_s: float = NOW_S, issuer: str = "a", audience: str = "b"):
    keys = {"k": KEY.public_key()}
    return verify_token(text, keys, issuer=issuer, audience=audience, now_s=now_s)


def token(key=KEY, kid: str = "k", **changed: object) -> str:
    return encode_token(CLAIMS | changed, key, kid)


def test_claims_come_back():
    assert verify(token(x=[1])) == CLAIMS | {"x": [1]}


def test_a_token_of_another_key_issuer_or_audience_does_not_count():
    with pytest.raises(BadSignatureError):
        verify(token(OTHER))
    with pytest.raises(UnknownSignerError):
        verify(token(kid="old"))
    with pytest.raises(UnknownSignerError):
        verify(token(), issuer="c")
    with pytest.raises(UnknownSignerError):
        verify(token(), audience="c")


def test_times_allow_five_seconds():
    assert verify(token(), NOW_S - 5)
    assert verify(token(), NOW_S + 64)
    for now_s in (NOW_S - 6, NOW_S + 65):
        with pytest.raises(ExpiredError):
            verify(token(), now_s)


def test_a_changed_byte_anywhere_is_refused():
    text = token()
    for at in range(0, len(text), 7):
        flipped = "A" if text[at] != "A" else "B"
        with pytest.raises((FormatError, BadSignatureError, UnknownSignerError)):
            verify(text[:at] + flipped + text[at + 1 :])


@pytest.mark.parametrize(
    "header",
    [{"alg": "none"}, {"alg": "HS256", "kid": "k"}, {"alg": "ES256", "kid": 1}],
)
def test_another_algorithm_is_refused(header):
    rest = token().split(".", 1)[1]
    first = encode_base64url(json.dumps(header).encode())
    with pytest.raises((FormatError, UnknownSignerError)):
        verify(f"{first}.{rest}")


@pytest.mark.parametrize(
    "text",
    ["", "a.b", "a.b.c.d", "..", "é.b.c", "x" * 5_000, "e30.e30.AAAA", "%%.%%.%%"],
)
def test_what_is_no_token_is_refused(text):
    with pytest.raises((FormatError, UnknownSignerError)):
        verify(text)


@pytest.mark.parametrize("exp", ["soon", None, True])
def test_an_end_that_is_no_time_is_refused(exp):
    with pytest.raises(FormatError):
        verify(token(exp=exp))


@pytest.mark.parametrize("text", ["ab=", "a+b", "a/b", "é"])
def test_base64url_is_read_strictly(text):
    with pytest.raises(FormatError):
        decode_base64url(text)
