"""The keys of a batch, from the rows of the database to columns.

The database itself joins the values of all rows into two: the keys, and the numbers of
each key as one. So no object is made for a key, and a batch of a million costs about a
second. Both joins of one query see the rows in one order.
"""

from typing import Any

import numpy as np
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    LargeBinary,
    cast,
    func,
    literal,
    select,
)

from proximity.authority.upload.model import exposures
from proximity.protocol.diagnosis_key import DiagnosisKeys

# Bits of the period, report type, days since onset and risk; the start is above them.
_PERIOD_BITS, _TYPE_BITS, _ONSET_BITS, _RISK_BITS = 8, 3, 16, 4
_ONSET_ZERO = 1 << 15


def load_keys(
    connection: Connection, wanted: ColumnElement[bool], *, revised: bool
) -> DiagnosisKeys:
    """Read keys as columns.

    Parameters
    ----------
    connection : Connection
    wanted : SQL condition
        Of `exposures`; at most some 30 million rows, the longest value of a database.
    revised : bool
        Take the report, days and risk that a key was changed to.

    Returns
    -------
    DiagnosisKeys
        In no order.
    """
    c = exposures.c
    changed = (c.revised_type, c.revised_onset_days, c.revised_risk)
    report_type, onset, risk = (
        changed if revised else (c.report_type, c.onset_days, c.risk)
    )
    number: ColumnElement[Any] = cast(c.start, BigInteger)
    for column, bits in (
        (c.period, _PERIOD_BITS),
        (report_type, _TYPE_BITS),
        (cast(onset, BigInteger) + _ONSET_ZERO, _ONSET_BITS),
        (risk, _RISK_BITS),
    ):
        number = number * (1 << bits) + cast(column, BigInteger)
    if connection.dialect.name == "postgresql":
        octets, numbers = _joined_by_postgresql(connection, number, wanted)
    else:
        octets, numbers = _joined_by_sqlite(connection, number, wanted)
    return _columns(octets, numbers)


def _joined_by_postgresql(
    connection: Connection, number: ColumnElement[Any], wanted: ColumnElement[bool]
) -> tuple[bytes, np.ndarray[Any, np.dtype[np.int64]]]:
    nothing = literal(b"", LargeBinary)
    octets, numbers = connection.execute(
        select(
            func.string_agg(exposures.c.key, nothing, type_=LargeBinary),
            func.string_agg(func.int8send(number), nothing, type_=LargeBinary),
        ).where(wanted)
    ).one()
    return octets or b"", np.frombuffer(numbers or b"", ">i8").astype(np.int64)


def _joined_by_sqlite(
    connection: Connection, number: ColumnElement[Any], wanted: ColumnElement[bool]
) -> tuple[bytes, np.ndarray[Any, np.dtype[np.int64]]]:
    octets, numbers = connection.execute(
        select(
            func.group_concat(func.hex(exposures.c.key), ""),
            func.group_concat(number, ","),
        ).where(wanted)
    ).one()
    if octets is None:
        return b"", np.zeros(0, np.int64)
    return bytes.fromhex(octets), np.fromstring(numbers, np.int64, sep=",")


def _columns(
    octets: bytes, numbers: np.ndarray[Any, np.dtype[np.int64]]
) -> DiagnosisKeys:
    rest, fields = numbers, []
    for bits in (_RISK_BITS, _ONSET_BITS, _TYPE_BITS, _PERIOD_BITS):
        fields.append(rest & ((1 << bits) - 1))
        rest = rest >> bits
    risk, onset, report_type, period = fields
    return DiagnosisKeys(
        key=np.frombuffer(octets, np.uint8).reshape(-1, 16),
        start_interval=rest,
        period=period,
        report_type=report_type.astype(np.uint8),
        days_since_onset=(onset - _ONSET_ZERO).astype(np.int16),
        transmission_risk=risk.astype(np.uint8),
    )
