"""What verification remembers."""

from proximity.authority.verification.model import (
    ApiKeyKind,
    TestType,
    codes,
    phones,
)


def test_types_have_their_published_names():
    assert list(TestType) == ["confirmed", "likely", "negative", "user-report"]
    assert list(ApiKeyKind) == ["device", "admin", "stats"]


def test_no_column_could_hold_a_code_or_a_number():
    assert {"short_hmac", "long_hmac", "nonce_hmac"} <= set(codes.c.keys())
    assert not {"code", "phone", "nonce"} & set(codes.c.keys())
    assert set(phones.c.keys()) == {"phone_hmac", "until_s"}
