"""Signatures over the digest of an export."""

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from proximity.errors import (
    BadSignatureError,
    FormatError,
    NotCanonicalError,
    UnknownSignerError,
    UnsupportedVersionError,
)
from proximity.protocol.export_message import (
    ECDSA_SHA256_OID,
    ECDSA_SHA512_OID,
    ExportSignature,
    SignatureInfo,
)
from proximity.protocol.signature import (
    Signer,
    VerificationKey,
    claimed_signatures,
    is_strict_der,
    load_public_key,
    load_signing_key,
    sign_digest,
    verify_digest,
)

DIGEST = hashlib.sha256(b"an export").digest()
PRIVATE_KEY = ec.derive_private_key(7, ec.SECP256R1())
OTHER_KEY = ec.derive_private_key(8, ec.SECP256R1())
SIGNER = Signer(PRIVATE_KEY, "452", "v1")
GOOD = sign_digest(SIGNER, DIGEST)


def entry(signature: bytes = GOOD, **info: str) -> ExportSignature:
    named = {
        "key_id": "452",
        "key_version": "v1",
        "algorithm": ECDSA_SHA256_OID,
        **info,
    }
    return ExportSignature(SignatureInfo(**named), 1, 1, signature)


def verify(*entries: ExportSignature, key_id=None, key_version=None):
    key = VerificationKey(PRIVATE_KEY.public_key(), key_id, key_version)
    return verify_digest(DIGEST, claimed_signatures(entries, [key]))


def public_pem(key) -> bytes:
    return key.public_key().public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    )


def private_pem(key, encryption) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


def test_a_good_signature_is_returned():
    assert verify(entry()) == entry()


def test_a_signature_over_something_else_does_not_hold():
    other = sign_digest(SIGNER, hashlib.sha256(b"another").digest())

    with pytest.raises(BadSignatureError):
        verify(entry(other))


def test_a_signature_by_another_key_does_not_hold():
    with pytest.raises(BadSignatureError):
        verify(entry(sign_digest(Signer(OTHER_KEY, "452", "v1"), DIGEST)))


def test_one_good_signature_among_others_is_enough():
    wrong = sign_digest(Signer(OTHER_KEY, "452", "v1"), DIGEST)

    assert verify(entry(b"junk"), entry(wrong), entry()) == entry()


def test_a_signature_under_another_id_is_ignored():
    with pytest.raises(UnknownSignerError):
        verify(entry(), key_id="310")


def test_a_signature_under_another_version_is_ignored():
    with pytest.raises(UnknownSignerError):
        verify(entry(), key_id="452", key_version="v2")


def test_the_named_signature_is_found_among_others():
    found = verify(
        entry(b"junk", key_id="310"), entry(), key_id="452", key_version="v1"
    )

    assert found == entry()


def test_any_of_several_keys_may_verify():
    keys = [
        VerificationKey(OTHER_KEY.public_key()),
        VerificationKey(PRIVATE_KEY.public_key()),
    ]

    assert verify_digest(DIGEST, claimed_signatures([entry()], keys)) == entry()


def test_an_unsigned_export_has_no_signer():
    with pytest.raises(UnknownSignerError, match="no signature"):
        verify()


def test_raw_64_bytes_are_not_a_signature():
    r, s = decode_dss_signature(GOOD)

    with pytest.raises(NotCanonicalError, match="64 bytes"):
        verify(entry(r.to_bytes(32, "big") + s.to_bytes(32, "big")))


@pytest.mark.parametrize(
    "change",
    [
        lambda der: der + b"\0",
        lambda der: der[:-1],
        lambda der: b"",
        # A length in long form, and an integer with a superfluous zero.
        lambda der: der[:1] + b"\x81" + der[1:],
        lambda der: b"\x30\x07\x02\x02\x00\x01\x02\x01\x01",
        lambda der: b"\x30\x06\x02\x01\x81\x02\x01\x01",
    ],
)
def test_der_that_is_not_strict_is_refused(change):
    assert is_strict_der(GOOD)
    with pytest.raises(NotCanonicalError, match="DER"):
        verify(entry(change(GOOD)))


def test_zero_as_a_signature_does_not_hold():
    with pytest.raises(BadSignatureError):
        verify(entry(b"\x30\x06\x02\x01\x00\x02\x01\x00"))


@pytest.mark.parametrize("name", ["ECDSA p-256 SHA-256", "", "ecdsa-with-SHA256"])
def test_the_name_of_an_algorithm_is_not_its_identifier(name):
    with pytest.raises(NotCanonicalError, match="object identifier"):
        verify(entry(algorithm=name))


@pytest.mark.parametrize("oid", [ECDSA_SHA512_OID, "1.2.840.113549.1.1.11"])
def test_another_algorithm_is_not_supported(oid):
    with pytest.raises(UnsupportedVersionError):
        verify(entry(algorithm=oid))


def test_a_wrong_signature_is_reported_before_an_unreadable_one():
    wrong = sign_digest(Signer(OTHER_KEY, "452", "v1"), DIGEST)

    with pytest.raises(BadSignatureError):
        verify(entry(b"junk"), entry(wrong))


def test_a_public_key_on_p256_is_read():
    key = load_public_key(public_pem(PRIVATE_KEY))

    assert key.public_numbers() == PRIVATE_KEY.public_key().public_numbers()


@pytest.mark.parametrize(
    "pem",
    [
        b"",
        b"junk",
        public_pem(PRIVATE_KEY)[:-40],
        public_pem(ec.derive_private_key(7, ec.SECP384R1())),
        private_pem(PRIVATE_KEY, NoEncryption()),
        public_pem(PRIVATE_KEY) + b" " * 65_536,
    ],
    ids=["empty", "junk", "truncated", "P-384", "private", "huge"],
)
def test_what_is_no_public_key_on_p256_is_refused(pem):
    with pytest.raises(FormatError, match="public key"):
        load_public_key(pem)


def test_a_signing_key_on_p256_is_read():
    key = load_signing_key(private_pem(PRIVATE_KEY, NoEncryption()))

    assert key.private_numbers() == PRIVATE_KEY.private_numbers()


@pytest.mark.parametrize(
    "pem",
    [
        b"junk",
        public_pem(PRIVATE_KEY),
        private_pem(ec.derive_private_key(7, ec.SECP384R1()), NoEncryption()),
    ],
    ids=["junk", "public", "P-384"],
)
def test_what_is_no_signing_key_on_p256_is_refused(pem):
    with pytest.raises(FormatError, match="private key"):
        load_signing_key(pem)


def test_a_key_behind_a_password_is_refused_by_name():
    encryption = BestAvailableEncryption(b"password")

    with pytest.raises(FormatError, match="private key"):
        load_signing_key(private_pem(PRIVATE_KEY, encryption))


def test_keys_show_their_name_and_nothing_else():
    shown = repr(SIGNER) + repr(VerificationKey(PRIVATE_KEY.public_key(), "452", "v1"))

    assert shown == (
        "<Signer id='452' version='v1'><VerificationKey id='452' version='v1'>"
    )
