"""The package that a person shares: written, signed, read back, and refused."""

import base64
import json
from pathlib import Path

import jsonschema
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from proximity.errors import BadSignatureError, FormatError, TooLargeError
from proximity.protocol.gaen import TemporaryExposureKey
from proximity.protocol.sharing import (
    MAX_HEARD,
    MAX_PACKAGE_BYTES,
    SIGNED_PREFIX,
    Address,
    CasePackage,
    ContactPackage,
    HeardRow,
    HeardTag,
    SentId,
    parse_signed_package,
    sign_package,
    tag_id,
)

SCHEMAS = Path(__file__).parents[3] / "docs/reference/schemas"
SCHEMA = json.loads((SCHEMAS / "sharing-package-v1.json").read_text("utf-8"))
KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
ADDRESS = Address("org.proximity", "ABCDEFGH23", b"\x07" * 16)
OWN = TemporaryExposureKey(b"\x01" * 16, 2_966_400, 144)
HEARD = (HeardTag(b"\x02" * 12, 1_000, 1_600, 9),)
CASE = CasePackage(ADDRESS, (OWN,), HEARD, "left by an upload")
CONTACT = ContactPackage(
    ADDRESS,
    (HeardRow(b"\x03" * 16, b"\x04" * 4, (100, 103, 160), (-60, -61, -59)),),
    ((99_000, 104_000),),
    (SentId(b"\x05" * 16, 0, 600),),
    (OWN,),
)


def signed(body: bytes, key: Ed25519PrivateKey = KEY) -> bytes:
    """Return an envelope around any body."""
    document = {
        "schema": "proximity/sharing-package/v1",
        "body": base64.b64encode(body).decode(),
        "signature": key.sign(SIGNED_PREFIX + body).hex(),
    }
    return json.dumps(document).encode()


def body_of(package) -> dict:
    document = json.loads(sign_package(package, KEY))
    return json.loads(base64.b64decode(document["body"]))


@pytest.mark.parametrize("package", [CASE, CONTACT], ids=["case", "contact"])
def test_what_was_signed_is_read_back(package):
    data = sign_package(package, KEY)

    assert parse_signed_package(data).verify(KEY.public_key()) == package


@pytest.mark.parametrize("package", [CASE, CONTACT], ids=["case", "contact"])
def test_what_is_signed_is_what_the_schema_says(package):
    jsonschema.validate(body_of(package), SCHEMA)
    envelope = {"$ref": "#/$defs/envelope", "$defs": SCHEMA["$defs"]}
    jsonschema.validate(json.loads(sign_package(package, KEY)), envelope)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(body_of(package) | {"nonce": "short"}, SCHEMA)


def test_another_devices_signature_does_not_hold():
    other = Ed25519PrivateKey.from_private_bytes(b"\x01" * 32)
    data = sign_package(CASE, other)

    with pytest.raises(BadSignatureError):
        parse_signed_package(data).verify(KEY.public_key())


def test_a_changed_byte_does_not_hold():
    document = json.loads(sign_package(CASE, KEY))
    body = bytearray(base64.b64decode(document["body"]))
    body[-3] ^= 1
    document["body"] = base64.b64encode(body).decode()

    with pytest.raises(BadSignatureError):
        parse_signed_package(json.dumps(document).encode()).verify(KEY.public_key())


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        (CASE, {"kind": "history"}),
        (CASE, {"case": ""}),
        (CASE, {"case": "ca sè"}),
        (CASE, {"nonce": "07"}),
        (CASE, {"keys": [{"key": "01", "start_interval": 1, "period": 1}]}),
        (CASE, {"keys": [{"key": "01" * 16, "start_interval": 1, "period": 145}]}),
        (CASE, {"heard": [["02" * 12, 5, 4, 1]]}),
        (CASE, {"heard": [["02" * 12, 5, 6, True]]}),
        (CASE, {"heard": [["02" * 12, 5, 6]]}),
        (CASE, {"heard": {}}),
        (CASE, {"heard": [["02" * 12, 1, 2, 3]] * (MAX_HEARD + 1)}),
        (CONTACT, {"scans": [[2.5, 3]]}),
        (CONTACT, {"sent": [["05" * 15, 0, 1]]}),
        (CONTACT, {"recursive": None}),
    ],
)
def test_a_body_of_another_form_is_a_format_error(kind, change):
    body = json.dumps(body_of(kind) | change).encode()

    with pytest.raises(FormatError):
        parse_signed_package(signed(body)).verify(KEY.public_key())


@pytest.mark.parametrize(
    "change",
    [
        {"offsets": []},
        {"offsets": [0, 0, 1]},
        {"offsets": [0, 1]},
        {"rssi": [-60, -128, -1]},
        {"rssi": [-60, "x", -1]},
        {"from": -1},
        {"offsets": [0, 1, 10**400]},
    ],
)
def test_a_row_of_another_form_is_a_format_error(change):
    body = body_of(CONTACT)
    body["heard"][0] |= change

    with pytest.raises(FormatError):
        parse_signed_package(signed(json.dumps(body).encode())).verify(KEY.public_key())


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b"\xff", b"[" * 100_000])
def test_what_is_no_envelope_is_a_format_error(data):
    with pytest.raises(FormatError):
        parse_signed_package(data)


def test_what_is_too_large_is_not_even_parsed():
    with pytest.raises(TooLargeError):
        parse_signed_package(b" " * (MAX_PACKAGE_BYTES + 1))


def test_one_id_has_another_tag_in_another_case():
    tags = {tag_id(bytes([salt]) * 16, b"\x09" * 16) for salt in range(3)}

    assert len(tags) == 3
    assert {len(tag) for tag in tags} == {12}


def test_nothing_secret_shows_itself():
    arrived = parse_signed_package(sign_package(CASE, KEY))
    shown = repr(CASE) + repr(CONTACT) + repr(arrived)

    assert "\\x0" not in shown
