"""Counts: failures that bound guessing, and the daily figures of the statistics."""

from bisect import bisect_left

from sqlalchemy import Connection, delete, select

from proximity.authority.database import upsert
from proximity.authority.verification.model import attempts, daily_counts
from proximity.units import DAY_S, day_of

HOUR_S = 3_600
# Limits of the published distribution: one minute to one day.
CLAIM_AGES_S = (60, 300, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400)
# Figures of the days from a test to publication; the last has all longer ones.
DELAY_PREFIX = "test_to_publication_days_"
LONGEST_DELAY_DAYS = 14


def failures_of(connection: Connection, scope: str, window_s: int) -> int:
    """Return how often something failed in a scope since `window_s`."""
    found = connection.execute(
        select(attempts.c.count).where(
            attempts.c.scope == scope, attempts.c.window_s == window_s
        )
    ).scalar()
    return found or 0


def count_failure(connection: Connection, scope: str, window_s: int) -> int:
    """Count one more in a scope; return how many there are."""
    statement = upsert(connection, attempts).values(
        scope=scope, window_s=window_s, count=1
    )
    row = connection.execute(
        statement.on_conflict_do_update(
            index_elements=[attempts.c.scope, attempts.c.window_s],
            set_={"count": attempts.c.count + 1},
        ).returning(attempts.c.count)
    )
    return int(row.scalar_one())


def tally(connection: Connection, name: str, now_s: float, by: int = 1) -> None:
    """Add to a figure of the statistics of the day."""
    statement = upsert(connection, daily_counts).values(
        day=day_of(now_s), name=name, count=by
    )
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[daily_counts.c.day, daily_counts.c.name],
            set_={"count": daily_counts.c.count + by},
        )
    )


def tally_claim(
    connection: Connection, now_s: float, *, age_s: int, is_report: bool
) -> None:
    """Count a code that was claimed, by its age.

    Parameters
    ----------
    connection : Connection
    now_s : float
        Unix seconds.
    age_s : int
        Seconds since it was issued.
    is_report : bool
        Whether a person had asked for it.
    """
    tally(connection, "codes_claimed", now_s)
    tally(connection, f"claim_age_{bisect_left(CLAIM_AGES_S, age_s)}", now_s)
    tally(connection, "claim_age_s", now_s, age_s)
    if is_report:
        tally(connection, "user_reports_claimed", now_s)


def of_unit(name: str, unit: str) -> str:
    """Return the name of a figure that one unit has for itself."""
    return f"{name}@{unit}"


def tallied(connection: Connection, name: str, now_s: float) -> int:
    """Return a figure of the day."""
    found = connection.execute(
        select(daily_counts.c.count).where(
            daily_counts.c.day == day_of(now_s), daily_counts.c.name == name
        )
    ).scalar()
    return found or 0


def forget_attempts(connection: Connection, now_s: float) -> None:
    """Delete counts of failures whose time is over."""
    connection.execute(delete(attempts).where(attempts.c.window_s < int(now_s) - DAY_S))


def hour_of(now_s: float) -> int:
    """Return the begin of the hour, Unix seconds."""
    return int(now_s) // HOUR_S * HOUR_S
