"""Exposures: the windows with each matched key, sealed; the store cannot read them."""

import sqlite3
from dataclasses import dataclass, field

from proximity.protocol.diagnosis_key import ReportType
from proximity.store.connection import damaged, read_rows, transaction
from proximity.store.sealing import SealingKey

_TABLE = "exposures"
_DIGEST_SIZE = 32
_TYPES = (bytes, bytes, int, bytes)


@dataclass(frozen=True, slots=True)
class Exposure:
    """What matching one key of one export gave.

    Attributes
    ----------
    export_digest : bytes
        SHA-256 of the export, 32 bytes.
    key_digest : bytes
        SHA-256 of the 16 key bytes, 32 bytes.
    report_type : ReportType
        As last published.
    day : int
        UTC day number of the exposure; the only part that is stored in the clear.
    windows : bytes
        The windows in an encoding of the caller's.
    """

    export_digest: bytes = field(repr=False)
    key_digest: bytes = field(repr=False)
    report_type: ReportType
    day: int
    windows: bytes = field(repr=False)


def put_exposure(
    connection: sqlite3.Connection, sealing: SealingKey, exposure: Exposure
) -> None:
    """Store an exposure in place of an earlier one of the same key and export.

    Raises
    ------
    ValueError
        If a digest has not 32 bytes.
    LockedError, StoreError
        If it cannot be stored.
    """
    digests = exposure.export_digest + exposure.key_digest
    if len(exposure.export_digest) != _DIGEST_SIZE or len(digests) != 2 * _DIGEST_SIZE:
        raise ValueError("digests have 32 bytes")
    # A published key's digest would tell, to whoever reads the disk, which case it was.
    export_tag = sealing.tag(exposure.export_digest, _TABLE)
    key_tag = sealing.tag(exposure.key_digest, _TABLE)
    plain = digests + bytes([exposure.report_type]) + exposure.windows
    sealed = sealing.seal(plain, _TABLE, _row(export_tag, key_tag, exposure.day))
    with transaction(connection):
        connection.execute(
            "REPLACE INTO exposures (export_tag, key_tag, day, sealed)"
            " VALUES (?, ?, ?, ?)",
            (export_tag, key_tag, exposure.day, sealed),
        )


def read_exposures(
    connection: sqlite3.Connection, sealing: SealingKey, since_day: int
) -> list[Exposure]:
    """Return the exposures on and after a UTC day, oldest first.

    Raises
    ------
    LockedError, StoreError
        If the store cannot be read, or was sealed by another key.
    """
    rows = read_rows(
        connection,
        "SELECT export_tag, key_tag, day, sealed FROM exposures WHERE day >= ?"
        " ORDER BY day, key_tag, export_tag",
        (since_day,),
        types=_TYPES,
    )
    return [_open(sealing, row) for row in rows]


def find_exposures(
    connection: sqlite3.Connection, sealing: SealingKey, key_digest: bytes
) -> list[Exposure]:
    """Return the exposures to one key, whichever export it came in.

    Raises
    ------
    LockedError, StoreError
        As `read_exposures`.
    """
    rows = read_rows(
        connection,
        "SELECT export_tag, key_tag, day, sealed FROM exposures WHERE key_tag = ?"
        " ORDER BY day, export_tag",
        (sealing.tag(key_digest, _TABLE),),
        types=_TYPES,
    )
    return [_open(sealing, row) for row in rows]


def delete_exposures(
    connection: sqlite3.Connection, sealing: SealingKey, key_digest: bytes
) -> int:
    """Delete the exposures to a key that was revoked.

    Returns
    -------
    int
        How many there were; 0 if the key was never met.

    Raises
    ------
    LockedError, StoreError
        If it cannot be stored.
    """
    tag = sealing.tag(key_digest, _TABLE)
    with transaction(connection):
        deleted = connection.execute("DELETE FROM exposures WHERE key_tag = ?", (tag,))
    return deleted.rowcount


def _open(sealing: SealingKey, row: tuple[bytes, bytes, int, bytes]) -> Exposure:
    export_tag, key_tag, day, sealed = row
    plain = sealing.open(sealed, _TABLE, _row(export_tag, key_tag, day))
    digests, rest = plain[: 2 * _DIGEST_SIZE], plain[2 * _DIGEST_SIZE :]
    if not rest or rest[0] not in set(ReportType):
        raise damaged()
    return Exposure(
        export_digest=digests[:_DIGEST_SIZE],
        key_digest=digests[_DIGEST_SIZE:],
        report_type=ReportType(rest[0]),
        day=day,
        windows=rest[1:],
    )


def _row(export_tag: bytes, key_tag: bytes, day: int) -> bytes:
    return export_tag + key_tag + str(day).encode()
