"""What a person shares for tracing: one signed package, for one case, once.

A case shares keys, and of each ID it heard a tag and a time. A contact shares what it
heard of that case alone, and the IDs it sent meanwhile.
"""

import base64
import binascii
import hmac
import itertools
import json
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from proximity.errors import BadSignatureError, FormatError
from proximity.protocol.gaen import TemporaryExposureKey
from proximity.protocol.json_fields import (
    as_object,
    load_object,
    take_bytes,
    take_int,
    take_list,
)
from proximity.units import INTERVALS_PER_DAY

SCHEMA = "proximity/sharing-package/v1"
SIGNED_PREFIX = b"proximity sharing package v1\0"
MAX_BODY_BYTES = 2 << 20
# Base64 of the body, and what stands around it.
MAX_PACKAGE_BYTES = 3 << 20
NONCE_BYTES = SALT_BYTES = 16
TAG_BYTES = 12
ID_BYTES, METADATA_BYTES, KEY_BYTES, SIGNATURE_BYTES = 16, 4, 16, 64
MAX_KEYS = 64
MAX_HEARD = 40_000
MAX_ROWS = 2_000
MAX_SIGHTINGS = 200_000
MAX_SCANS = 10_000
_WHAT = "The package"
_TIMES_S = range(2**33)
_TIMES_MS = range(2**43)
_RSSI_DBM = range(-127, 21)
_COUNTS = range(1, 2**31)
_REVISIONS = range(4_097)
_INTERVALS = range(2**31)
_PERIODS = range(1, INTERVALS_PER_DAY + 1)
_LONGEST_ROW_S = range(86_401)


@dataclass(frozen=True, slots=True)
class HeardTag:
    """That a case heard some ID; the ID itself does not leave the device.

    Attributes
    ----------
    tag : bytes
        By `tag_id`.
    from_s, to_s, count : int
        Unix seconds of the first and the last sighting, and how many there were.
    """

    tag: bytes = field(repr=False)
    from_s: int
    to_s: int
    count: int


@dataclass(frozen=True, slots=True)
class HeardRow:
    """What a contact heard of one ID of the case.

    Attributes
    ----------
    ephemeral_id, metadata : bytes
        16 and 4 bytes.
    t_s : tuple of int
        Unix seconds, ascending, at most one sighting each.
    rssi_dbm : tuple of int
        -127..20.
    """

    ephemeral_id: bytes = field(repr=False)
    metadata: bytes = field(repr=False)
    t_s: tuple[int, ...]
    rssi_dbm: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SentId:
    """An ID that the contact sent.

    Attributes
    ----------
    ephemeral_id : bytes
    from_s, to_s : int
        Unix seconds between which it was sent.
    """

    ephemeral_id: bytes = field(repr=False)
    from_s: int
    to_s: int


@dataclass(frozen=True, slots=True)
class Address:
    """For whom a package is, and for which asking.

    The authority's ID, the case's reference, and the nonce drawn for one token.
    """

    authority: str
    case: str
    nonce: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class CasePackage:
    """What a case shares: keys of the chosen days, and a tag for each ID heard then.

    What its last upload left on the device shows that published keys are its own.
    """

    address: Address
    keys: tuple[TemporaryExposureKey, ...]
    heard: tuple[HeardTag, ...]
    revision_token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class ContactPackage:
    """What a contact shares.

    Attributes
    ----------
    address : Address
    heard : tuple of HeardRow
        Of IDs of the case, no others.
    scans : tuple of (int, int)
        Unix milliseconds of the listening periods around them.
    sent : tuple of SentId
    recursive : tuple of TemporaryExposureKey
        Ended keys to warn one's own contacts by; empty without that consent.
    """

    address: Address
    heard: tuple[HeardRow, ...]
    scans: tuple[tuple[int, int], ...]
    sent: tuple[SentId, ...]
    recursive: tuple[TemporaryExposureKey, ...] = ()


Package = CasePackage | ContactPackage


@dataclass(frozen=True, slots=True)
class SignedPackage:
    """A package as it arrives: nothing of it is believed yet."""

    _body: bytes = field(repr=False)
    _signature: bytes = field(repr=False)

    def verify(self, public_key: Ed25519PublicKey) -> Package:
        """Return what was signed.

        Parameters
        ----------
        public_key : Ed25519PublicKey
            The one with which the token was opened.

        Raises
        ------
        BadSignatureError
            If another key, or no key, signed these bytes.
        FormatError
            If the signed bytes are no package.
        """
        try:
            public_key.verify(self._signature, SIGNED_PREFIX + self._body)
        except InvalidSignature as error:
            raise BadSignatureError(
                "The signature of the package does not hold.",
                "Share again from the device that opened the token.",
            ) from error
        return _parse_body(self._body)


def tag_id(salt: bytes, ephemeral_id: bytes) -> bytes:
    """Return what stands for an ID that a case heard.

    Parameters
    ----------
    salt : bytes
        16 bytes, of the token: the same ID has another tag in every other case.
    ephemeral_id : bytes

    Returns
    -------
    bytes
        12 bytes: HMAC-SHA256, cut.
    """
    return hmac.digest(salt, b"heard" + ephemeral_id, "sha256")[:TAG_BYTES]


def sign_package(package: Package, key: Ed25519PrivateKey) -> bytes:
    """Write a package; Source: docs/reference/sharing.md."""
    body = json.dumps(_fields_of(package), separators=(",", ":")).encode()
    document = {
        "schema": SCHEMA,
        "body": base64.b64encode(body).decode(),
        "signature": key.sign(SIGNED_PREFIX + body).hex(),
    }
    return json.dumps(document).encode()


def parse_signed_package(data: bytes) -> SignedPackage:
    """Read the envelope of a package.

    Raises
    ------
    TooLargeError
        If it is larger than `MAX_PACKAGE_BYTES`.
    FormatError
        If it is something else.
    """
    document = load_object(data, _WHAT, max_bytes=MAX_PACKAGE_BYTES)
    if document.get("schema") != SCHEMA:
        raise FormatError(f"{_WHAT} is not {SCHEMA}.", "Use a version that writes it.")
    signature = take_bytes(document, "signature", _WHAT, SIGNATURE_BYTES)
    text = document.get("body")
    try:
        body = base64.b64decode(text if isinstance(text, str) else "!", validate=True)
    except (binascii.Error, ValueError) as error:
        raise FormatError(
            f"{_WHAT}: `body` is not base64.", "Send it again."
        ) from error
    return SignedPackage(body, signature)


def _fields_of(package: Package) -> dict[str, Any]:
    address = package.address
    fields: dict[str, Any] = {
        "authority": address.authority,
        "case": address.case,
        "nonce": address.nonce.hex(),
    }
    if isinstance(package, CasePackage):
        return fields | {
            "kind": "case",
            "revision_token": package.revision_token,
            "keys": [_key_fields(each) for each in package.keys],
            "heard": [
                [each.tag.hex(), each.from_s, each.to_s, each.count]
                for each in package.heard
            ],
        }
    return fields | {
        "kind": "contact",
        "heard": [
            {
                "id": row.ephemeral_id.hex(),
                "metadata": row.metadata.hex(),
                "from": row.t_s[0],
                "offsets": [t_s - row.t_s[0] for t_s in row.t_s],
                "rssi": list(row.rssi_dbm),
            }
            for row in package.heard
        ],
        "scans": [list(scan) for scan in package.scans],
        "sent": [
            [each.ephemeral_id.hex(), each.from_s, each.to_s] for each in package.sent
        ],
        "recursive": [_key_fields(each) for each in package.recursive],
    }


def _key_fields(key: TemporaryExposureKey) -> dict[str, Any]:
    return {
        "key": key.key.hex(),
        "start_interval": key.start_interval,
        "period": key.period,
    }


def _parse_body(body: bytes) -> Package:
    document = load_object(body, _WHAT, max_bytes=MAX_BODY_BYTES)
    address = Address(
        _text(document, "authority", range(1, 256)),
        _text(document, "case", range(1, 33)),
        take_bytes(document, "nonce", _WHAT, NONCE_BYTES),
    )
    kind = document.get("kind")
    if kind == "case":
        return CasePackage(
            address,
            tuple(map(_parse_key, _bounded(document, "keys", MAX_KEYS))),
            tuple(map(_parse_tag, _bounded(document, "heard", MAX_HEARD))),
            _text(document, "revision_token", _REVISIONS),
        )
    if kind != "contact":
        raise _malformed("kind", '"case" or "contact"')
    rows = tuple(map(_parse_row, _bounded(document, "heard", MAX_ROWS)))
    if sum(len(row.t_s) for row in rows) > MAX_SIGHTINGS:
        raise _malformed("heard", f"at most {MAX_SIGHTINGS} sightings")
    return ContactPackage(
        address,
        rows,
        tuple(map(_parse_scan, _bounded(document, "scans", MAX_SCANS))),
        tuple(map(_parse_sent, _bounded(document, "sent", MAX_ROWS))),
        tuple(map(_parse_key, _bounded(document, "recursive", MAX_KEYS))),
    )


def _parse_key(value: object) -> TemporaryExposureKey:
    entry = as_object(value, f"{_WHAT}: a key")
    return TemporaryExposureKey(
        take_bytes(entry, "key", _WHAT, KEY_BYTES),
        take_int(entry, "start_interval", _WHAT, _INTERVALS),
        take_int(entry, "period", _WHAT, _PERIODS),
    )


def _parse_tag(value: object) -> HeardTag:
    entry = _row(value, ("tag", "from", "to", "count"))
    from_s, to_s = _span(entry, _TIMES_S)
    tag = take_bytes(entry, "tag", _WHAT, TAG_BYTES)
    return HeardTag(tag, from_s, to_s, take_int(entry, "count", _WHAT, _COUNTS))


def _parse_sent(value: object) -> SentId:
    entry = _row(value, ("id", "from", "to"))
    return SentId(take_bytes(entry, "id", _WHAT, ID_BYTES), *_span(entry, _TIMES_S))


def _parse_scan(value: object) -> tuple[int, int]:
    return _span(_row(value, ("from", "to")), _TIMES_MS)


def _parse_row(value: object) -> HeardRow:
    entry = as_object(value, f"{_WHAT}: a row")
    from_s = take_int(entry, "from", _WHAT, _TIMES_S)
    offsets = _integers(entry, "offsets", _LONGEST_ROW_S)
    rssi_dbm = _integers(entry, "rssi", _RSSI_DBM)
    ascending = all(a < b for a, b in itertools.pairwise(offsets))
    if not offsets or len(offsets) != len(rssi_dbm) or not ascending:
        raise _malformed("offsets", "ascending, one for each of `rssi`")
    return HeardRow(
        take_bytes(entry, "id", _WHAT, ID_BYTES),
        take_bytes(entry, "metadata", _WHAT, METADATA_BYTES),
        tuple(from_s + offset for offset in offsets),
        rssi_dbm,
    )


def _row(value: object, names: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(value, list) or len(value) != len(names):
        raise _malformed("a row", f"a list of {len(names)}")
    return dict(zip(names, value, strict=True))


def _span(entry: dict[str, Any], limits: range) -> tuple[int, int]:
    start = take_int(entry, "from", _WHAT, limits)
    end = take_int(entry, "to", _WHAT, limits)
    if end < start:
        raise _malformed("to", "after `from`")
    return start, end


def _integers(entry: dict[str, Any], name: str, limits: range) -> tuple[int, ...]:
    values = take_list(entry, name, _WHAT)
    if any(type(value) is not int or value not in limits for value in values):
        raise _malformed(name, f"integers from {limits.start} to {limits[-1]}")
    return tuple(values)


def _bounded(document: dict[str, Any], name: str, limit: int) -> list[Any]:
    values = take_list(document, name, _WHAT)
    if len(values) > limit:
        raise _malformed(name, f"at most {limit} entries")
    return values


def _text(document: dict[str, Any], name: str, lengths: range) -> str:
    # What may be empty may be missing.
    value = document.get(name, "")
    if not isinstance(value, str) or not value.isascii() or len(value) not in lengths:
        raise _malformed(name, f"{lengths.start} to {lengths[-1]} ASCII characters")
    return value


def _malformed(name: str, expected: str) -> FormatError:
    return FormatError(
        f"{_WHAT}: `{name}` is not {expected}.",
        "docs/reference/sharing.md tells the form.",
    )
