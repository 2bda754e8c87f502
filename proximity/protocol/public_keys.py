"""public_keys.json: the public keys by which an authority's exports verify."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from proximity.errors import FormatError
from proximity.protocol.json_fields import as_object, load_object, take_int, take_list
from proximity.protocol.signature import VerificationKey, load_public_key

MAX_PUBLIC_KEYS = 16
_MAX_FILE_BYTES = 65_536
_MAX_NAME_LENGTH = 64
_TIMES_S = range(2**40)


@dataclass(frozen=True, slots=True)
class PinnedKey:
    """A public key to believe, handed over once by a way that can be trusted.

    Attributes
    ----------
    verification_key : VerificationKey
        With its ID and version.
    until_s : int | None
        Unix seconds at which it stops signing new files; None if that is not known.
    """

    verification_key: VerificationKey
    until_s: int | None = None

    @property
    def pem(self) -> str:
        """The key as SubjectPublicKeyInfo in PEM form."""
        data = self.verification_key.public_key.public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        )
        return data.decode()


def encode_public_keys(keys: Iterable[PinnedKey]) -> bytes:
    """Write public keys as public_keys.json.

    Parameters
    ----------
    keys : iterable of PinnedKey
        Oldest first.

    Returns
    -------
    bytes
        UTF-8 JSON; `parse_public_keys` gives the same keys back.
    """
    document = {"keys": [public_key_fields(key) for key in keys]}
    return (json.dumps(document, indent=2) + "\n").encode()


def public_key_fields(key: PinnedKey) -> dict[str, Any]:
    """Return the JSON fields of one key."""
    return {
        "key_id": key.verification_key.key_id,
        "key_version": key.verification_key.key_version,
        "until": key.until_s,
        "public_key": key.pem,
    }


def parse_public_keys(data: bytes) -> tuple[PinnedKey, ...]:
    """Read public_keys.json.

    Parameters
    ----------
    data : bytes
        At most 64 KiB.

    Returns
    -------
    tuple of PinnedKey
        In the order of the file, at least one.

    Raises
    ------
    FormatError
        If it is anything else, also a key that is not on P-256.
    """
    document = load_object(data, "The file of keys", max_bytes=_MAX_FILE_BYTES)
    entries = take_list(document, "keys", "The file of keys")
    if not 1 <= len(entries) <= MAX_PUBLIC_KEYS:
        raise _malformed(f"it holds {len(entries)} keys")
    return tuple(
        _parse_entry(as_object(entry, f"Key {number}"), f"Key {number}")
        for number, entry in enumerate(entries, 1)
    )


def _parse_entry(entry: dict[str, Any], what: str) -> PinnedKey:
    until = entry.get("until")
    pem = _text(entry, "public_key", what, _MAX_FILE_BYTES)
    return PinnedKey(
        VerificationKey(
            load_public_key(pem.encode()),
            _text(entry, "key_id", what, _MAX_NAME_LENGTH),
            _text(entry, "key_version", what, _MAX_NAME_LENGTH),
        ),
        None if until is None else take_int(entry, "until", what, _TIMES_S),
    )


def _text(entry: dict[str, Any], name: str, what: str, max_length: int) -> str:
    value = entry.get(name)
    # JSON can escape halves of surrogate pairs, which are not text.
    if not isinstance(value, str) or not value.isascii() or len(value) > max_length:
        raise _malformed(f"{what} has no `{name}`")
    return value


def _malformed(what: str) -> FormatError:
    return FormatError(
        f"The file of public keys cannot be read: {what}.",
        "Get public_keys.json from the authority again.",
    )
