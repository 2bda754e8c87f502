"""Which keys a batch takes, and how they are found again.

No index has the batch of a key, so that taking a million of them is cheap. Keys are
found by the time at which they are forgotten: it is fixed when a key comes in, and the
later a key comes in, the later it is. Since the keys of a batch are those that came in
or became free after the batch before, both lie in a narrow range of it.
"""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    func,
    insert,
    select,
    true,
    update,
)

from proximity.authority.publish.batch_model import BatchState, batches
from proximity.authority.publish.batch_span import next_span
from proximity.authority.publish.key_columns import load_keys
from proximity.authority.upload.model import exposures
from proximity.authority.upload.rules import KEPT_S
from proximity.protocol.export import ExportKeys
from proximity.units import DAY_S

PADDING = "padding"
# So far the clock of a machine that takes uploads may be behind the worker's, or the
# transaction of an upload may last.
_LATE_S = DAY_S


def take_batch(connection: Connection, now_s: int) -> bool:
    """Give every key that may go out to one new batch; tell whether there is any.

    Parameters
    ----------
    connection : Connection
        In a transaction, the only one that takes.
    now_s : int
        Unix seconds.

    Raises
    ------
    PolicyError
        If the clock is behind the end of the last batch.
    """
    number, start_s, end_s = next_span(connection, batches, "number", now_s=now_s)
    # The first batch of a day looks everywhere: what a machine took in whose clock was
    # wrong by more than a day goes out as well.
    first_of_day = start_s // DAY_S < end_s // DAY_S
    c = exposures.c
    recent = true() if first_of_day else _since_the_last()
    fresh = connection.execute(
        update(exposures)
        .where(c.batch.is_(None), c.release_s <= end_s, recent)
        .values(batch=number)
    )
    revised = connection.execute(
        update(exposures)
        .where(c.revised_type.is_not(None), c.revised_batch.is_(None), c.batch < number)
        .values(revised_batch=number)
    )
    if not fresh.rowcount + revised.rowcount:
        return False
    span = select(func.min(c.forget_s), func.max(c.forget_s))
    first_s, last_s = connection.execute(span.where(c.batch == number, recent)).one()
    connection.execute(
        insert(batches).values(
            number=number,
            start_s=start_s,
            end_s=end_s,
            state=BatchState.TAKEN,
            key_count=fresh.rowcount,
            revised_count=revised.rowcount,
            first_forget_s=first_s,
            last_forget_s=last_s,
        )
    )
    return True


def load_batch(
    connection: Connection, batch: Row[Any], *which: ColumnElement[bool]
) -> ExportKeys:
    """Read the keys of a batch as columns, without padding.

    Parameters
    ----------
    connection : Connection
    batch : row of `batches`
    *which : SQL condition
        Of `exposures`: only these.
    """
    c = exposures.c
    new = and_(
        c.batch == batch.number,
        c.forget_s.between(batch.first_forget_s, batch.last_forget_s),
        c.origin != PADDING,
        *which,
    )
    # The first condition is that of the index.
    changed = and_(c.revised_type.is_not(None), c.revised_batch == batch.number, *which)
    return ExportKeys(
        load_keys(connection, new, revised=False),
        load_keys(connection, changed, revised=True),
    )


def waiting() -> ColumnElement[bool]:
    """Return the condition of the keys that no batch has taken yet."""
    return and_(exposures.c.batch.is_(None), _since_the_last())


def count_waiting(connection: Connection) -> int:
    """Return how many keys no batch has taken yet."""
    statement = select(func.count()).select_from(exposures).where(waiting())
    return connection.execute(statement).scalar_one()


def _since_the_last() -> ColumnElement[bool]:
    """Return the condition of what came in, or became free, since the last batch."""
    last_end_s = func.coalesce(func.max(batches.c.end_s), 0)
    bound = select(last_end_s + (KEPT_S - _LATE_S)).scalar_subquery()
    return exposures.c.forget_s > bound
