"""Seals what is personal: AES-256-GCM under a key that is not in the store."""

import hashlib
import hmac
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from proximity.errors import StoreError

KEY_SIZE = 32
_NONCE_SIZE = 12


class SealingKey:
    """Seals bytes to the one row they belong to, and opens them again.

    Parameters
    ----------
    secret : bytes
        32 secret bytes.
    """

    __slots__ = ("_cipher", "_tag_key")

    def __init__(self, secret: bytes) -> None:
        if len(secret) != KEY_SIZE:
            raise ValueError(f"a sealing key has {KEY_SIZE} bytes")
        self._cipher = AESGCM(secret)
        self._tag_key = hmac.digest(secret, b"proximity/store/tag/v1", hashlib.sha256)

    def __repr__(self) -> str:
        """Tell what it is, never what it says."""
        return f"<SealingKey {KEY_SIZE} bytes>"

    def seal(self, plain: bytes, table: str, row: bytes) -> bytes:
        """Encrypt bytes so that they open only in the same row of the same table.

        Parameters
        ----------
        plain : bytes
            What to keep secret.
        table : str
            Name of the table, without a null character.
        row : bytes
            What identifies the row in it.

        Returns
        -------
        bytes
            A fresh 12-byte nonce, the ciphertext, a 16-byte tag.
        """
        nonce = secrets.token_bytes(_NONCE_SIZE)
        return nonce + self._cipher.encrypt(nonce, plain, _place(table, row))

    def open(self, sealed: bytes, table: str, row: bytes) -> bytes:
        """Decrypt what `seal` made for this row of this table.

        Raises
        ------
        StoreError
            If the key is another one, or the bytes were changed or moved.
        """
        nonce, body = sealed[:_NONCE_SIZE], sealed[_NONCE_SIZE:]
        try:
            return self._cipher.decrypt(nonce, body, _place(table, row))
        except (InvalidTag, ValueError) as error:
            raise StoreError(
                "A sealed entry of the store does not open.",
                "Use the key that sealed it; if that is lost, `proximity forget --all`"
                " starts afresh.",
            ) from error

    def tag(self, value: bytes, table: str) -> bytes:
        """Return 32 bytes that find a value again and tell nothing about it."""
        return hmac.digest(self._tag_key, _place(table, value), hashlib.sha256)


def _place(table: str, row: bytes) -> bytes:
    return table.encode() + b"\0" + row
