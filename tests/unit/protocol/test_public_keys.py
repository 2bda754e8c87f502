"""public_keys.json: what an authority hands out is what a client pins."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from proximity.errors import FormatError
from proximity.protocol.public_keys import (
    PinnedKey,
    encode_public_keys,
    parse_public_keys,
)
from proximity.protocol.signature import VerificationKey

PUBLIC_KEY = ec.derive_private_key(7, ec.SECP256R1()).public_key()
PINNED = PinnedKey(VerificationKey(PUBLIC_KEY, "VN", "v1"), 1_600_000_000)


def entry(**changes: object) -> dict[str, object]:
    return json.loads(encode_public_keys([PINNED]))["keys"][0] | changes


def test_what_is_written_is_read_back():
    newest = PinnedKey(VerificationKey(PUBLIC_KEY, "VN", "v2"))

    assert parse_public_keys(encode_public_keys([PINNED, newest])) == (PINNED, newest)


def test_the_pem_is_a_subject_public_key_info():
    expected = PUBLIC_KEY.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    assert PINNED.pem.encode() == expected


@pytest.mark.parametrize(
    "changes",
    [
        {"public_key": "not a key"},
        {"public_key": None},
        {"key_id": 7},
        {"key_version": "\ud800"},
        {"key_id": "x" * 65},
        {"until": "soon"},
        {"until": -1},
    ],
)
def test_a_damaged_entry_is_a_format_error(changes: dict[str, object]):
    with pytest.raises(FormatError):
        parse_public_keys(json.dumps({"keys": [entry(**changes)]}).encode())


@pytest.mark.parametrize("count", [0, 17])
def test_a_list_without_keys_or_with_very_many_is_a_format_error(count: int):
    with pytest.raises(FormatError):
        parse_public_keys(json.dumps({"keys": [entry()] * count}).encode())
