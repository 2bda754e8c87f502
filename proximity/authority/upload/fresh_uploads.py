"""The way of nearly every upload: none of it is there yet, so nothing is looked up.

Keys and certificates are inserted at once; the database refuses a second one. Then
nothing of the group is stored, and it goes the way on which everything is looked up.
"""

import struct
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from proximity.authority.publish.rules import EMBARGO_S
from proximity.authority.upload.model import AcceptedKey, Upload
from proximity.authority.upload.rules import KEPT_S
from proximity.protocol.diagnosis_key import ReportType
from proximity.units import INTERVAL_S

ORIGIN = "upload"
_EXPOSURES = (
    "exposures (key, start, period, report_type, onset_days, risk, traveler, "
    "release_s, forget_s, region, origin)"
)
_CERTIFICATES = "certificates (digest, inserted, until_s)"
# SQLite gives the interpreter's lock back once a statement, not once a row, and whoever
# takes it meanwhile may keep it for milliseconds: so a statement has many rows. There
# are few different ones, and the driver keeps each of them prepared.
_ROWS_A_STATEMENT = (224, 14, 1)
# The binary form of COPY, PostgreSQL 15 documentation, SQL COPY: a head, rows of
# fields that each have their length before them, an end.
_COPY_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_COPY_END = b"\xff\xff"
_COPY_CERTIFICATE = struct.Struct(">h i32s ii iq")
_ExposureRow = tuple[bytes, int, int, int, int, int, bool, int, int, str, str]
_CertificateRow = tuple[bytes, int, int]


def is_fresh(upload: Upload) -> bool:
    """Tell whether an upload can be meant to change nothing that is there."""
    return (
        upload.token_keys is None
        and upload.keys[0].report_type is not ReportType.REVOKED
    )


def store_fresh(
    engine: Engine, uploads: Sequence[Upload], region: str, *, now_s: int
) -> bool:
    """Insert uploads in one transaction.

    Parameters
    ----------
    engine : Engine
    uploads : sequence of Upload
        Each of them fresh.
    region : str
    now_s : int
        Unix seconds.

    Returns
    -------
    bool
        Whether they are stored. If not, something of them is there already or the
        database fails; nothing of them was written, unless a commit was not heard of.
    """
    certificates = [
        (each.certificate, len(each.keys), each.certificate_until_s) for each in uploads
    ]
    rows = [
        _row(key, now_s, region, traveler=each.traveler)
        for each in uploads
        for key in each.keys
    ]
    # In one order, so that two processes do not wait for each other.
    rows.sort()
    certificates.sort()
    write = _copy if engine.dialect.name == "postgresql" else _insert
    try:
        with engine.begin() as connection:
            write(connection, rows, certificates)
    except (SQLAlchemyError, engine.dialect.loaded_dbapi.Error):
        return False
    return True


def _row(key: AcceptedKey, now_s: int, region: str, *, traveler: bool) -> _ExposureRow:
    data, start, period, report_type, days, risk = key
    release_s = (start + period) * INTERVAL_S + EMBARGO_S
    forget_s = (release_s if release_s > now_s else now_s) + KEPT_S
    kind = int(report_type)
    return (
        *(data, start, period, kind, days, risk),
        *(traveler, release_s, forget_s, region, ORIGIN),
    )


def _insert(
    connection: Connection,
    rows: list[_ExposureRow],
    certificates: list[_CertificateRow],
) -> None:
    driver: Any = connection.connection.driver_connection
    for into, values in ((_EXPOSURES, rows), (_CERTIFICATES, certificates)):
        begin = 0
        for count in _ROWS_A_STATEMENT:
            statement = _insert_many(into, count, len(values[0]))
            while begin + count <= len(values):
                end = begin + count
                driver.execute(statement, [*chain.from_iterable(values[begin:end])])
                begin = end


@cache
def _insert_many(into: str, rows: int, columns: int) -> str:
    row = f"({','.join('?' * columns)})"
    # Both texts are constants of this file: nothing of a request is in them.
    return f"INSERT INTO {into} VALUES {','.join([row] * rows)}"  # noqa: S608 - as told above


def _copy(
    connection: Connection,
    rows: list[_ExposureRow],
    certificates: list[_CertificateRow],
) -> None:
    region, origin = (text.encode() for text in rows[0][9:])
    names = len(region), region, len(origin), origin
    pack = struct.Struct(
        f">h i16s ii ih ih ih ih i? iq iq i{len(region)}s i{len(origin)}s"
    ).pack
    records = [
        pack(
            *(11, 16, key, 4, start, 2, period, 2, kind, 2, days, 2, risk),
            *(1, abroad, 8, release_s, 8, over_s, *names),
        )
        for key, start, period, kind, days, risk, abroad, release_s, over_s, *_ in rows
    ]
    spent = [
        _COPY_CERTIFICATE.pack(3, 32, digest, 4, inserted, 8, until_s)
        for digest, inserted, until_s in certificates
    ]
    # What SQLAlchemy says of cursors is what all drivers have; COPY is psycopg's.
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor:
        _copy_rows(cursor, _EXPOSURES, records)
        _copy_rows(cursor, _CERTIFICATES, spent)


def _copy_rows(cursor: Any, table: str, records: Iterable[bytes]) -> None:
    with cursor.copy(f"COPY {table} FROM STDIN (FORMAT BINARY)") as copy:
        copy.write(b"".join([_COPY_HEAD, *records, _COPY_END]))
