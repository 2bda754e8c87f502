"""Signatures over exports: ECDSA on P-256 with SHA-256, written as X9.62 DER."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    Prehashed,
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    load_pem_private_key,
    load_pem_public_key,
)

from proximity.errors import (
    BadSignatureError,
    FormatError,
    NotCanonicalError,
    ProximityError,
    UnknownSignerError,
    UnsupportedVersionError,
)
from proximity.protocol.export_message import (
    ECDSA_SHA256_OID,
    ECDSA_SHA512_OID,
    ExportSignature,
    SignatureInfo,
)

MAX_PEM_BYTES = 65_536

_ALGORITHM = ec.ECDSA(Prehashed(SHA256()))
_PUBLISHER = "Ask the publisher of the file to sign it anew."


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A public key that is believed, and the name it signs under.

    Attributes
    ----------
    public_key : EllipticCurvePublicKey
        On P-256, see `load_public_key`.
    key_id, key_version : str | None
        Only signatures of this name count; None for any name.
    """

    public_key: ec.EllipticCurvePublicKey
    key_id: str | None = None
    key_version: str | None = None

    def __repr__(self) -> str:
        """Tell the name it signs under."""
        return f"<VerificationKey id={self.key_id!r} version={self.key_version!r}>"

    def names(self, info: SignatureInfo) -> bool:
        """Tell whether a signature claims to be by this key."""
        return self.key_id in (None, info.key_id) and self.key_version in (
            None,
            info.key_version,
        )


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key on P-256 and the name it signs under."""

    private_key: ec.EllipticCurvePrivateKey
    key_id: str
    key_version: str

    def __repr__(self) -> str:
        """Tell the name it signs under, nothing of the key."""
        return f"<Signer id={self.key_id!r} version={self.key_version!r}>"

    @property
    def info(self) -> SignatureInfo:
        """What an export says of this signer."""
        return SignatureInfo(self.key_id, self.key_version)


def load_public_key(pem: bytes) -> ec.EllipticCurvePublicKey:
    """Read a public key on P-256.

    Parameters
    ----------
    pem : bytes
        One `PUBLIC KEY` block (SubjectPublicKeyInfo).

    Raises
    ------
    FormatError
        If it is anything else, also a key on another curve.
    """
    hint = "Give a PEM file that begins with -----BEGIN PUBLIC KEY-----."
    try:
        key = load_pem_public_key(_bounded(pem))
    except Exception as error:
        # The library documents ValueError and UnsupportedAlgorithm, but the set of
        # its errors has grown before; none of them may pass as a traceback.
        raise FormatError("this is not a public key in PEM form", hint) from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not _on_p256(key):
        raise FormatError("the public key is not an EC key on P-256", hint)
    return key


def load_signing_key(
    pem: bytes, passphrase: bytes | None = None
) -> ec.EllipticCurvePrivateKey:
    """Read a private key on P-256, as `load_public_key` reads a public one.

    Parameters
    ----------
    pem : bytes
    passphrase : bytes | None
        That of an encrypted key; None where it is not encrypted.

    Raises
    ------
    FormatError
        If it is anything else, also a key behind another passphrase.
    """
    hint = "Give an unencrypted PEM file with an EC private key on P-256."
    try:
        key = load_pem_private_key(_bounded(pem), passphrase)
    except Exception as error:
        raise FormatError("this is not a private key in PEM form", hint) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not _on_p256(key):
        raise FormatError("the private key is not an EC key on P-256", hint)
    return key


def sign_digest(signer: Signer, digest: bytes) -> bytes:
    """Return the X9.62 DER signature of a SHA-256 digest."""
    return signer.private_key.sign(digest, _ALGORITHM)


def is_strict_der(signature: bytes) -> bool:
    """Tell whether these bytes are the one X9.62 DER form of two integers."""
    try:
        return encode_dss_signature(*decode_dss_signature(signature)) == signature
    except ValueError:
        return False


def claimed_signatures(
    signatures: Sequence[ExportSignature], keys: Iterable[VerificationKey]
) -> tuple[tuple[VerificationKey, ExportSignature], ...]:
    """Pair each key with the signatures that claim to be by it.

    Parameters
    ----------
    signatures : sequence of ExportSignature
    keys : iterable of VerificationKey

    Returns
    -------
    tuple of (VerificationKey, ExportSignature)
        Not empty; nothing is verified yet.

    Raises
    ------
    UnknownSignerError
        If there is no such pair: no signature, or only of other names.
    """
    if not signatures:
        raise UnknownSignerError("the export carries no signature", _PUBLISHER)
    pairs = tuple((key, s) for key in keys for s in signatures if key.names(s.info))
    if not pairs:
        raise UnknownSignerError(
            "no signature names an accepted key",
            "Check key ID and version; `proximity export inspect` lists what is there.",
        )
    return pairs


def verify_digest(
    digest: bytes, pairs: Iterable[tuple[VerificationKey, ExportSignature]]
) -> ExportSignature:
    """Return the first signature that holds.

    Parameters
    ----------
    digest : bytes
        SHA-256 of all of `export.bin`, its 16-byte header included.
    pairs : iterable of (VerificationKey, ExportSignature)
        From `claimed_signatures`.

    Raises
    ------
    BadSignatureError
        If a well-formed signature by an accepted name does not hold.
    NotCanonicalError
        If there are only signatures that are not strict DER, or whose algorithm is
        not an object identifier.
    UnsupportedVersionError
        If there are only signatures of an algorithm that is not supported.
    """
    errors = []
    for key, entry in pairs:
        try:
            _verify(key, entry, digest)
        except ProximityError as error:
            errors.append(error)
        else:
            return entry
    # A signature that was read and is wrong says more than one that was not read.
    raise min(errors, key=lambda error: not isinstance(error, BadSignatureError))


def _bounded(pem: bytes) -> bytes:
    if len(pem) > MAX_PEM_BYTES:
        raise ValueError("too long for one key")
    return pem


def _verify(key: VerificationKey, entry: ExportSignature, digest: bytes) -> None:
    _check_algorithm(entry.info.algorithm)
    _check_strict_der(entry.signature)
    try:
        key.public_key.verify(entry.signature, digest, _ALGORITHM)
    except InvalidSignature as error:
        raise BadSignatureError(
            "the signature does not hold",
            "The file was changed, or another key signed it: do not use it.",
        ) from error


def _check_algorithm(algorithm: str) -> None:
    if algorithm == ECDSA_SHA256_OID:
        return
    if algorithm == ECDSA_SHA512_OID:
        raise UnsupportedVersionError("ECDSA with SHA-512 is not supported", _PUBLISHER)
    if all(part.isdigit() for part in algorithm.split(".")):
        raise UnsupportedVersionError(
            "the signature's algorithm is not supported", _PUBLISHER
        )
    raise NotCanonicalError(
        "the signature's algorithm is not an object identifier", _PUBLISHER
    )


def _check_strict_der(signature: bytes) -> None:
    if not is_strict_der(signature):
        raise NotCanonicalError(
            f"the signature ({len(signature)} bytes) is not X9.62 DER", _PUBLISHER
        )


def _on_p256(key: ec.EllipticCurvePublicKey | ec.EllipticCurvePrivateKey) -> bool:
    return isinstance(key.curve, ec.SECP256R1)
