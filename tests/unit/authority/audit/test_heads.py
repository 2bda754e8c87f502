"""A head says which line was the last, and who signed that."""

import json
from pathlib import Path

import jsonschema
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from proximity.authority.audit.heads import (
    encode_head,
    head_name,
    heads_before,
    newest_head,
    parse_head,
)
from proximity.authority.people.key_store import Tail
from proximity.errors import (
    BadSignatureError,
    FormatError,
    TooLargeError,
    UnknownSignerError,
    UnsupportedVersionError,
)
from proximity.protocol.public_keys import PinnedKey
from proximity.protocol.signature import Signer, VerificationKey

SIGNER = Signer(ec.generate_private_key(ec.SECP256R1()), "VN", "v1")
KEYS = [PinnedKey(VerificationKey(SIGNER.private_key.public_key(), "VN", "v1"))]
SCHEMA = Path(__file__).parents[4] / "docs/reference/schemas/audit-head-v1.json"
TAIL = Tail(9, b"h" * 32)


class Shelf(dict):
    """A published store in memory."""

    def get(self, name):
        return super().get(name)


def head(day=20_600, before=None, signer=SIGNER):
    return encode_head("VN", day, TAIL, before=before, signers=[signer])


def test_a_head_comes_back():
    first = parse_head(head(), KEYS)
    second = parse_head(head(20_601, before=first), KEYS)

    assert (first.region, first.day, first.tail) == ("VN", 20_600, TAIL)
    assert (first.before, second.before) == (None, 20_600)
    assert second.before_digest == first.digest
    assert head_name(20_600) == "audit-2026-05-27.json"


def test_a_head_has_the_published_form_and_whoever_reads_that_can_verify_it():
    first = parse_head(head(), KEYS)
    for data in (head(), head(20_601, before=first)):
        document = json.loads(data)
        jsonschema.validate(document, json.loads(SCHEMA.read_text("utf-8")))
        (signature,) = document.pop("signatures")
        text = json.dumps(document, sort_keys=True, separators=(",", ":"))
        # Raises if it does not hold.
        SIGNER.private_key.public_key().verify(
            bytes.fromhex(signature["signature"]), text.encode(), ec.ECDSA(SHA256())
        )


@pytest.mark.parametrize("name", ["region", "day", "seq", "hash", "before"])
def test_a_field_that_is_changed_breaks_the_signature(name):
    document = json.loads(head())
    document[name] = {"seq": 8, "day": "2026-05-26", "before": {}}.get(name, "00" * 32)

    with pytest.raises(BadSignatureError):
        parse_head(json.dumps(document).encode(), KEYS)


def test_another_signer_is_not_believed():
    other = Signer(ec.generate_private_key(ec.SECP256R1()), "VN", "v1")
    stranger = Signer(other.private_key, "XX", "v1")

    with pytest.raises(BadSignatureError):
        parse_head(head(signer=other), KEYS)
    with pytest.raises(UnknownSignerError):
        parse_head(head(signer=stranger), KEYS)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", FormatError),
        (b"[]", FormatError),
        (b"{}", UnsupportedVersionError),
        (b"\xff", FormatError),
        (b"[" * 20_000, TooLargeError),
        (b'{"schema": "proximity/audit-head/v1"}', FormatError),
        (b'{"schema": "proximity/audit-head/v1", "signatures": [1]}', FormatError),
    ],
)
def test_what_is_no_head_is_named(data, error):
    with pytest.raises(error):
        parse_head(data, KEYS)


@pytest.mark.parametrize(
    "change",
    [
        {"day": "yesterday"},
        {"seq": -1},
        {"seq": True},
        {"hash": "zz"},
        {"before": 5},
        {"before": {"day": "2026-05-26", "sha256": ""}},
        {"region": None},
    ],
)
def test_a_head_that_others_vouch_for_still_has_its_form(change):
    document = json.loads(head()) | change

    with pytest.raises(FormatError):
        parse_head(json.dumps(document).encode(), None)


def test_heads_lead_back_to_the_first():
    first = parse_head(head(), KEYS)
    second = parse_head(head(20_603, before=first), KEYS)
    shelf = Shelf({head_name(20_600): head()})
    # Signatures differ from one to the next: keep the very file.
    shelf[head_name(20_600)] = data = head()
    first = parse_head(data, KEYS)
    shelf[head_name(20_603)] = head(20_603, before=first)
    newest = newest_head(shelf, KEYS, first=20_590, last=20_605)

    assert newest.day == second.day
    assert heads_before(shelf, newest) == [first]
    shelf[head_name(20_600)] = head()
    with pytest.raises(BadSignatureError):
        heads_before(shelf, newest)
    del shelf[head_name(20_600)]
    with pytest.raises(FormatError, match="missing"):
        heads_before(shelf, newest)
    assert newest_head(Shelf(), KEYS, first=20_590, last=20_605) is None
