"""The head of the audit, countersigned once a day and published beside the exports.

A head names the last line of the day and the digest of the head before. Who rewrites
an older line would have to take back files that the whole world may have read.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from proximity.authority.audit.chain import HASH_BYTES
from proximity.authority.people.key_store import Tail
from proximity.authority.publish.published_store import PublishedStore
from proximity.errors import BadSignatureError, FormatError, UnsupportedVersionError
from proximity.protocol.export_message import ExportSignature, SignatureInfo
from proximity.protocol.json_fields import (
    as_object,
    load_object,
    take_bytes,
    take_int,
    take_list,
)
from proximity.protocol.public_keys import PinnedKey
from proximity.protocol.signature import (
    Signer,
    claimed_signatures,
    sign_digest,
    verify_digest,
)
from proximity.units import day_from_iso, iso_day

SCHEMA = "proximity/audit-head/v1"
_MAX_BYTES = 16_384
_NUMBERS = range(2**53)
_MAX_SIGNATURES = 16
_MAX_TEXT = 512
_WHAT = "The head of the audit"
_HINT = "Get the file again, or from somebody who kept it."


@dataclass(frozen=True, slots=True)
class Head:
    """What one published file says.

    Attributes
    ----------
    region : str
    day : int
        UTC day number on which it was signed.
    tail : Tail
        The last line of the audit then.
    before : int | None
        Day of the head before; None for the first.
    before_digest : bytes
        SHA-256 of that file; empty for the first.
    digest : bytes
        SHA-256 of this file.
    """

    region: str
    day: int
    tail: Tail
    before: int | None
    before_digest: bytes
    digest: bytes


def head_name(day: int) -> str:
    """Return the name of the file of a day."""
    return f"audit-{iso_day(day)}.json"


def encode_head(
    region: str,
    day: int,
    tail: Tail,
    *,
    before: Head | None,
    signers: Sequence[Signer],
) -> bytes:
    """Return the file of a head, signed by each signer.

    Returns
    -------
    bytes
        JSON; what is signed is the same object without signatures, canonical, by
        SHA-256.
    """
    fields: dict[str, Any] = {
        "schema": SCHEMA,
        "region": region,
        "day": iso_day(day),
        "seq": tail.seq,
        "hash": tail.hash.hex(),
        "before": None
        if before is None
        else {"day": iso_day(before.day), "sha256": before.digest.hex()},
    }
    digest = _signed_digest(fields)
    fields["signatures"] = [
        {
            "key_id": signer.key_id,
            "key_version": signer.key_version,
            "signature": sign_digest(signer, digest).hex(),
        }
        for signer in signers
    ]
    return (json.dumps(fields, indent=2) + "\n").encode()


def parse_head(data: bytes, keys: Sequence[PinnedKey] | None) -> Head:
    """Read a head whose signature holds.

    Parameters
    ----------
    data : bytes
    keys : sequence of PinnedKey | None
        None where a newer head vouches for the file by its digest.

    Raises
    ------
    FormatError
        If it is no such file.
    UnknownSignerError, BadSignatureError
        If no accepted key signed it.
    """
    document = load_object(data, _WHAT, max_bytes=_MAX_BYTES)
    if document.get("schema") != SCHEMA:
        raise UnsupportedVersionError("this is no head of an audit", _HINT)
    listed = take_list(document, "signatures", _WHAT)[:_MAX_SIGNATURES]
    signatures = [_signature(each) for each in listed]
    fields = {name: document[name] for name in document if name != "signatures"}
    if keys is not None:
        accepted = [key.verification_key for key in keys]
        verify_digest(_signed_digest(fields), claimed_signatures(signatures, accepted))
    before = document.get("before")
    link = {} if before is None else as_object(before, f"{_WHAT}: `before`")
    return Head(
        region=_text(document, "region"),
        day=_day(document),
        tail=Tail(
            take_int(document, "seq", _WHAT, _NUMBERS),
            take_bytes(document, "hash", _WHAT, HASH_BYTES),
        ),
        before=_day(link) if link else None,
        before_digest=take_bytes(link, "sha256", _WHAT, HASH_BYTES) if link else b"",
        digest=hashlib.sha256(data).digest(),
    )


def newest_head(
    store: PublishedStore, keys: Sequence[PinnedKey], *, first: int, last: int
) -> Head | None:
    """Return the newest head of some days, None if none is published.

    Raises
    ------
    FormatError, TrustError
        As `parse_head`.
    """
    for day in range(last, first - 1, -1):
        data = store.get(head_name(day))
        if data is not None:
            return parse_head(data, keys)
    return None


def heads_before(store: PublishedStore, newest: Head) -> list[Head]:
    """Return the heads that a verified one leads to, newest first.

    Raises
    ------
    FormatError
        If one is missing that the next names.
    BadSignatureError
        If one is not what the next names.
    """
    found = []
    head = newest
    while head.before is not None and head.before < head.day:
        data = store.get(head_name(head.before))
        if data is None:
            raise FormatError(
                f"The head {head_name(head.before)} is missing.",
                "Put it back into the published directory.",
            )
        if hashlib.sha256(data).digest() != head.before_digest:
            raise BadSignatureError(
                f"The head {head_name(head.before)} is not the one that was signed.",
                "Compare it with copies that others kept.",
            )
        head = parse_head(data, None)
        found.append(head)
    return found


def _signed_digest(fields: dict[str, Any]) -> bytes:
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).digest()


def _signature(value: object) -> ExportSignature:
    entry = as_object(value, f"{_WHAT}: a signature")
    try:
        signature = bytes.fromhex(_text(entry, "signature"))
    except ValueError as error:
        raise FormatError("a signature of the head is not hex", _HINT) from error
    name = SignatureInfo(_text(entry, "key_id"), _text(entry, "key_version"))
    return ExportSignature(name, 1, 1, signature)


def _day(fields: dict[str, Any]) -> int:
    try:
        return day_from_iso(_text(fields, "day"))
    except ValueError as error:
        raise FormatError("a day of the head is no day", _HINT) from error


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or len(value) > _MAX_TEXT:
        raise FormatError(f"`{name}` of the head is not a short text", _HINT)
    return value
