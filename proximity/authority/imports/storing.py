"""Keys of another authority, written beside those that were uploaded here."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, select, update

from proximity.authority.database import upsert
from proximity.authority.imports.model import IMPORTED
from proximity.authority.upload.decisions import WITHDRAWN
from proximity.authority.upload.model import AcceptedKey, exposures
from proximity.authority.upload.rules import may_become
from proximity.authority.upload.writer import exposure_row
from proximity.protocol.diagnosis_key import ReportType


class StoredKeys(NamedTuple):
    """How many keys were new, and how many changed."""

    keys: int = 0
    revised: int = 0

    def plus(self, other: "StoredKeys") -> "StoredKeys":
        """Return the sum."""
        return StoredKeys(self.keys + other.keys, self.revised + other.revised)


def store_imported(
    connection: Connection,
    keys: Sequence[AcceptedKey],
    region: str,
    *,
    revised: bool,
    now_s: int,
) -> StoredKeys:
    """Store keys that are not known, and apply changes to those of the same authority.

    A key that was uploaded here, or came from a third authority, is never changed:
    whoever knows a published key could withdraw it otherwise.

    Parameters
    ----------
    connection : Connection
        In a transaction.
    keys : sequence of AcceptedKey
        A few thousand at most.
    region : str
        Of the other authority.
    revised : bool
        Whether they are of the list that changes what was published before.
    now_s : int
        Unix seconds.

    Returns
    -------
    StoredKeys
    """
    known = _known(connection, [key.key for key in keys])
    fresh, changed = [], []
    for key in keys:
        row = known.get(key.key)
        if row is None:
            # Nobody has to be told of the end of what nobody was told.
            if key.report_type is not ReportType.REVOKED:
                fresh.append(key)
        elif revised and _may_change(row, key, region):
            changed.append((key, row.batch is None))
    if fresh:
        statement = upsert(connection, exposures).on_conflict_do_nothing()
        rows = [
            exposure_row(key, region, traveler=True, origin=IMPORTED, now_s=now_s)
            for key in fresh
        ]
        connection.execute(statement, rows)
    _replace(connection, [key for key, waits in changed if waits])
    _revise(connection, [key for key, waits in changed if not waits])
    return StoredKeys(len(fresh), len(changed))


def _known(connection: Connection, keys: list[bytes]) -> dict[bytes, Any]:
    c = exposures.c
    rows = connection.execute(
        select(
            *(c.key, c.start, c.period, c.report_type),
            *(c.region, c.origin, c.batch, c.revised_type),
        )
        .where(c.key.in_(keys))
        .order_by(c.key)
        .with_for_update()
    )
    return {bytes(row.key): row for row in rows}


def _may_change(row: Any, key: AcceptedKey, region: str) -> bool:
    return (
        (row.origin, row.region) == (IMPORTED, region)
        and (row.start, row.period) == (key.start, key.period)
        and row.revised_type is None
        and may_become(ReportType(row.report_type), key.report_type)
    )


def _replace(connection: Connection, keys: Sequence[AcceptedKey]) -> None:
    """Change keys that wait: what is published is the change alone."""
    rows = [
        {
            "at": key.key,
            "kind": int(key.report_type),
            "to_batch": WITHDRAWN if key.report_type is ReportType.REVOKED else None,
        }
        for key in keys
    ]
    if rows:
        statement = update(exposures).where(exposures.c.key == bindparam("at"))
        connection.execute(
            statement.values(
                report_type=bindparam("kind"), batch=bindparam("to_batch")
            ),
            rows,
        )


def _revise(connection: Connection, keys: Sequence[AcceptedKey]) -> None:
    """Change keys that were published: they go out among the revised ones."""
    rows = [
        {
            "at": key.key,
            "kind": int(key.report_type),
            "days": key.onset_days,
            "new_risk": key.risk,
        }
        for key in keys
    ]
    if rows:
        statement = update(exposures).where(exposures.c.key == bindparam("at"))
        connection.execute(
            statement.values(
                revised_type=bindparam("kind"),
                revised_onset_days=bindparam("days"),
                revised_risk=bindparam("new_risk"),
            ),
            rows,
        )
