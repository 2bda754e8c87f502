"""JSON Web Tokens of one form: ES256, with a key ID, compact."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256

from proximity.errors import (
    BadSignatureError,
    ExpiredError,
    FormatError,
    UnknownSignerError,
)

# The skew of clocks that the key server of reference allows.
SKEW_S = 5
MAX_TOKEN_CHARACTERS = 4_096
_ALGORITHM = ec.ECDSA(SHA256())
_HINT = "Ask for a new one."


def encode_token(
    claims: Mapping[str, Any], key: ec.EllipticCurvePrivateKey, kid: str
) -> str:
    """Sign claims.

    Parameters
    ----------
    claims : mapping
        JSON values, among them `exp`.
    key : EllipticCurvePrivateKey
        On P-256.
    kid : str
        Which key it is.

    Returns
    -------
    str
        RFC 7519, compact.
    """
    header = _part({"alg": "ES256", "kid": kid, "typ": "JWT"})
    signed = f"{header}.{_part(claims)}"
    r, s = decode_dss_signature(key.sign(signed.encode(), _ALGORITHM))
    raw = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    return f"{signed}.{encode_base64url(raw)}"


def verify_token(
    text: str,
    keys: Mapping[str, ec.EllipticCurvePublicKey],
    *,
    issuer: str,
    audience: str,
    now_s: float,
) -> dict[str, Any]:
    """Return the claims of a token whose signature holds now.

    Parameters
    ----------
    text : str
    keys : mapping of str to EllipticCurvePublicKey
        By key ID.
    issuer, audience : str
        Only a token of the one for the other counts.
    now_s : float
        Unix seconds; clocks may differ by five seconds.

    Raises
    ------
    FormatError
        If it is no such token.
    UnknownSignerError
        If no accepted key is named, or it is of another issuer or audience.
    BadSignatureError
        If the signature does not hold.
    ExpiredError
        If it is over, or not valid yet.
    """
    if len(text) > MAX_TOKEN_CHARACTERS or text.count(".") != 2:
        raise FormatError("this is not a signed token", _HINT)
    signed, _, signature = text.rpartition(".")
    header_text, _, claims_text = signed.partition(".")
    header = _object(header_text)
    if header.get("alg") != "ES256":
        raise FormatError("the token's algorithm is not ES256", _HINT)
    kid = header.get("kid")
    key = keys.get(kid) if isinstance(kid, str) else None
    if key is None:
        raise UnknownSignerError("no accepted key signed the token", _HINT)
    raw = decode_base64url(signature)
    if len(raw) != 64:
        raise FormatError("the token's signature has not 64 bytes", _HINT)
    der = encode_dss_signature(
        int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
    )
    try:
        key.verify(der, signed.encode(), _ALGORITHM)
    except InvalidSignature as error:
        raise BadSignatureError("the token's signature does not hold", _HINT) from error
    claims = _object(claims_text)
    if claims.get("iss") != issuer or claims.get("aud") != audience:
        raise UnknownSignerError("the token is of another issuer or audience", _HINT)
    _check_times(claims, now_s)
    return claims


def encode_base64url(data: bytes) -> str:
    """Write bytes as RFC 4648 base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode_base64url(text: str) -> bytes:
    """Read base64url without padding.

    Raises
    ------
    FormatError
        If it is anything else.
    """
    try:
        # The characters are checked by `validate`, after a change of alphabet.
        if "+" in text or "/" in text or "=" in text:
            raise FormatError("this is not base64url", _HINT)
        filled = text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4)
        return base64.b64decode(filled, validate=True)
    except (binascii.Error, ValueError) as error:
        raise FormatError("this is not base64url", _HINT) from error


def _check_times(claims: dict[str, Any], now_s: float) -> None:
    if _time(claims, "exp", None) <= now_s - SKEW_S:
        raise ExpiredError("the token is over", _HINT)
    if max(_time(claims, "nbf", 0), _time(claims, "iat", 0)) > now_s + SKEW_S:
        raise ExpiredError("the token is not valid yet", _HINT)


def _part(value: Mapping[str, Any]) -> str:
    return encode_base64url(msgspec.json.encode(value))


def _object(part: str) -> dict[str, Any]:
    try:
        value = msgspec.json.decode(decode_base64url(part))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FormatError("a part of the token is not JSON", _HINT) from error
    if not isinstance(value, dict):
        raise FormatError("a part of the token is not a JSON object", _HINT)
    return value


def _time(claims: dict[str, Any], name: str, default: float | None) -> float:
    value = claims.get(name)
    if value is None:
        value = default
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise FormatError(f"the token's {name} is not a time", _HINT)
    return value
