"""What batches of keys have in common, of cases and of contacts: time, padding."""

from typing import Any

from sqlalchemy import Connection, Table, func, select

from proximity.errors import PolicyError
from proximity.protocol.diagnosis_key import DiagnosisKeys
from proximity.units import DAY_S, INTERVAL_S


def next_span(
    connection: Connection, table: Table, number: str, *, now_s: int
) -> tuple[int, int, int]:
    """Return number, start and end of the batch that comes next.

    Parameters
    ----------
    connection : Connection
    table : Table
        With `end_s` of the batches that were.
    number : str
        Its column that numbers them.
    now_s : int
        Unix seconds.

    Raises
    ------
    PolicyError
        If the clock is behind the end of the last one.
    """
    last = select(func.max(table.c[number]), func.max(table.c.end_s))
    last_number, last_end_s = connection.execute(last).one()
    if last_end_s is not None and last_end_s > now_s + INTERVAL_S:
        raise PolicyError(
            "The clock is behind the end of the last batch.",
            "Set the clock of this machine, then run the worker again.",
        )
    end_s = max(now_s // INTERVAL_S * INTERVAL_S, (last_end_s or 0) + 1)
    return (last_number or 0) + 1, last_end_s or end_s - DAY_S, end_s


def invented_rows(keys: DiagnosisKeys, real: int) -> list[dict[str, Any]]:
    """Return the padding of a file as rows: nobody can hand a key of it in later.

    Parameters
    ----------
    keys : DiagnosisKeys
    real : int
        So many of them, the first, are of people.
    """
    return [
        {
            "key": keys.key[at].tobytes(),
            "start": int(keys.start_interval[at]),
            "period": int(keys.period[at]),
            "onset_days": int(keys.days_since_onset[at]),
        }
        for at in range(real, len(keys.key))
    ]
