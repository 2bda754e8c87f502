"""Revision tokens: what a device shows to change keys that it uploaded before.

A token is sealed, so that it tells nothing, and always of one length, so that it does
not tell how many keys it is for.
"""

import base64
import binascii
import struct
from collections.abc import Callable, Iterable
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from proximity.authority.keyring import Secret

# As many as two requests may hold.
MAX_ENTRIES = 60
_ENTRY = struct.Struct("<16sIH")
_KID_BYTES, _NONCE_BYTES = 8, 12
TokenKey = tuple[bytes, int, int]


def make_token(
    keys: Iterable[TokenKey],
    secret: Secret,
    audience: str,
    entropy: Callable[[int], bytes],
) -> str:
    """Seal which keys may be changed.

    Parameters
    ----------
    keys : iterable of (bytes, int, int)
        Key, start and period; of more than 60 the latest.
    secret : Secret
    audience : str
        The authority for which it holds.
    entropy : callable int -> bytes

    Returns
    -------
    str
        Base64, always of one length.
    """
    latest = sorted(set(keys), key=lambda key: key[1])[-MAX_ENTRIES:]
    content = b"".join(_ENTRY.pack(*key) for key in latest)
    content = content.ljust(MAX_ENTRIES * _ENTRY.size, b"\0")
    nonce = entropy(_NONCE_BYTES)
    sealed = _cipher(secret.data).encrypt(nonce, content, audience.encode())
    return base64.b64encode(bytes.fromhex(secret.kid) + nonce + sealed).decode()


def read_token(
    text: str, secrets: Iterable[Secret], audience: str
) -> frozenset[TokenKey] | None:
    """Return what a token allows to change, None if it is not one of ours.

    Parameters
    ----------
    text : str
    secrets : iterable of Secret
        Those that are still believed.
    audience : str
    """
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    kid, rest = data[:_KID_BYTES].hex(), data[_KID_BYTES:]
    for secret in secrets:
        if secret.kid != kid:
            continue
        nonce, sealed = rest[:_NONCE_BYTES], rest[_NONCE_BYTES:]
        try:
            content = _cipher(secret.data).decrypt(nonce, sealed, audience.encode())
        except (InvalidTag, ValueError):
            return None
        entries = (
            _ENTRY.unpack_from(content, at)
            for at in range(0, len(content), _ENTRY.size)
        )
        return frozenset(entry for entry in entries if entry[2])
    return None


@lru_cache(maxsize=8)
def _cipher(key: bytes) -> AESGCM:
    """Return the cipher of a key; there are few, and each is set up once."""
    return AESGCM(key)
