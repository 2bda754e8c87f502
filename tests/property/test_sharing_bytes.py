"""Hostile packages end in a named error, in bounded time, whatever they hold."""

import base64
import json

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from proximity.errors import FormatError, TrustError
from proximity.protocol.gaen import TemporaryExposureKey
from proximity.protocol.sharing import (
    SIGNED_PREFIX,
    Address,
    CasePackage,
    HeardTag,
    parse_signed_package,
    sign_package,
)

KEY = Ed25519PrivateKey.from_private_bytes(b"\x05" * 32)
PACKAGE = CasePackage(
    Address("org.proximity", "ABCDEFGHJK", b"\x01" * 16),
    (TemporaryExposureKey(b"\x02" * 16, 2_966_400),),
    (HeardTag(b"\x03" * 12, 1_779_840_000, 1_779_840_600, 12),),
)
GOOD = sign_package(PACKAGE, KEY)
BODY = json.loads(base64.b64decode(json.loads(GOOD)["body"]))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from([*sorted(BODY), "x"]), inner, max_size=4)
    ),
    max_leaves=12,
)


def refused_or_read(data: bytes) -> object:
    try:
        return parse_signed_package(data).verify(KEY.public_key())
    except (FormatError, TrustError) as error:
        return type(error)


@given(st.binary(max_size=400))
def test_any_bytes_are_refused(data):
    assert refused_or_read(data) in (FormatError,)


@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
def test_a_changed_byte_is_refused_or_changes_nothing(at, change):
    data = bytearray(GOOD)
    data[at] ^= change
    found = refused_or_read(bytes(data))

    assert found == PACKAGE or isinstance(found, type)


@given(st.integers(0, len(GOOD) - 1))
def test_no_prefix_of_a_package_is_one(length):
    assert isinstance(refused_or_read(GOOD[:length]), type)


@given(st.sampled_from(sorted(BODY)), values)
def test_signed_nonsense_is_refused_by_name(field, value):
    body = json.dumps(BODY | {field: value}).encode()
    document = {
        "schema": "proximity/sharing-package/v1",
        "body": base64.b64encode(body).decode(),
        "signature": KEY.sign(SIGNED_PREFIX + body).hex(),
    }
    found = refused_or_read(json.dumps(document).encode())

    assert found is FormatError or isinstance(found, CasePackage)
