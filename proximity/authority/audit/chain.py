"""The hash of a line: over all that it says and over the line before."""

import hmac
from collections.abc import Sequence
from typing import NamedTuple

from proximity.authority.audit.model import Entry

HASH_BYTES = 32
# What the first line has before it.
ROOT = bytes(HASH_BYTES)
_NUMBER_BYTES = 8


class Line(NamedTuple):
    """A line of the audit as it is stored, without its hash."""

    seq: int
    at_s: int
    actor: str
    unit: str
    action: str
    reason: str
    reference: str
    fields: str
    subjects: bytes


def line_of(entry: Entry, seq: int, at_s: int) -> Line:
    """Return the line that an entry becomes."""
    return Line(
        seq=seq,
        at_s=at_s,
        actor=entry.actor,
        unit=entry.unit,
        action=entry.action,
        reason=entry.reason,
        reference=entry.reference,
        fields=",".join(entry.fields),
        subjects=pack_subjects(entry.subjects),
    )


def line_hash(key: bytes, before: bytes, line: Line) -> bytes:
    """Return the hash that follows `before`.

    Without the key, which lies outside the database, nobody who can write rows can
    write ones that follow.

    Parameters
    ----------
    key : bytes
    before : bytes
        Hash of the line before, `ROOT` for the first.
    line : Line

    Returns
    -------
    bytes
        HMAC-SHA-256 over the lengths and bytes of all columns.
    """
    parts = [before]
    for value in line:
        data = value if isinstance(value, bytes) else str(value).encode()
        parts += [len(data).to_bytes(_NUMBER_BYTES), data]
    return hmac.digest(key, b"".join(parts), "sha256")


def pack_subjects(subjects: Sequence[int]) -> bytes:
    """Return numbers of persons as eight bytes each, ascending, none twice."""
    return b"".join(each.to_bytes(_NUMBER_BYTES) for each in sorted(set(subjects)))


def unpack_subjects(packed: bytes) -> list[int]:
    """Read what `pack_subjects` wrote."""
    return [
        int.from_bytes(packed[at : at + _NUMBER_BYTES])
        for at in range(0, len(packed), _NUMBER_BYTES)
    ]
