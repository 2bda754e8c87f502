"""HKDF-SHA256 without salt, of one block: the derivation of every gaen subkey."""

import hashlib

_BLOCK_BYTES = 64
_INNER, _OUTER = 0x36, 0x5C
_SHA256 = hashlib.sha256

# The hash states after the key blocks of HMAC with a zero key (RFC 5869, 2.2): the same
# for every key, so that half of the extraction is done once.
_SALT_INNER = _SHA256(bytes([_INNER]) * _BLOCK_BYTES)
_SALT_OUTER = _SHA256(bytes([_OUTER]) * _BLOCK_BYTES)
_TO_INNER = bytes(octet ^ _INNER for octet in range(256))
_TO_OUTER = bytes(octet ^ _OUTER for octet in range(256))
_REST_INNER = bytes([_INNER]) * (_BLOCK_BYTES - 32)
_REST_OUTER = bytes([_OUTER]) * (_BLOCK_BYTES - 32)


def derive_subkey(key: bytes, info: bytes, length: int = 16) -> bytes:
    """Derive a key from a key.

    Parameters
    ----------
    key : bytes
        Of any length.
    info : bytes
        What it is for.
    length : int
        1..32 bytes.

    Returns
    -------
    bytes
        Source: RFC 5869, sections 2.2 and 2.3, of which one block is enough here.

    Raises
    ------
    ValueError
        If the length is out of range.
    """
    if not 1 <= length <= 32:
        raise ValueError("one block of HKDF-SHA256 gives 1..32 bytes")
    inner = _SALT_INNER.copy()
    inner.update(key)
    outer = _SALT_OUTER.copy()
    outer.update(inner.digest())
    extracted = outer.digest()
    expanded = _SHA256(extracted.translate(_TO_INNER) + _REST_INNER + info + b"\x01")
    opened = extracted.translate(_TO_OUTER) + _REST_OUTER
    return _SHA256(opened + expanded.digest()).digest()[:length]
