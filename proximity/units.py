"""Times of the protocol: seconds and milliseconds since the epoch, intervals, days."""

import datetime
from collections.abc import Callable
from dataclasses import dataclass

INTERVAL_S = 600
INTERVALS_PER_DAY = 144
DAY_S = 86_400
MS_PER_S = 1_000


@dataclass(frozen=True, slots=True)
class Clock:
    """Where time comes from.

    Attributes
    ----------
    wall : callable -> float
        Unix time, seconds.
    monotonic : callable -> float
        Seconds since some start; never goes back while the machine runs.
    """

    wall: Callable[[], float]
    monotonic: Callable[[], float]


def interval_of(t_s: float) -> int:
    """Return the ten-minute interval number (ENIN) of a Unix time in seconds."""
    return int(t_s // INTERVAL_S)


def day_of(t_s: float) -> int:
    """Return the UTC day number since the epoch of a Unix time in seconds."""
    return int(t_s // DAY_S)


def iso_day(day: int) -> str:
    """Return a UTC day number as `YYYY-MM-DD`."""
    return (datetime.date(1970, 1, 1) + datetime.timedelta(days=day)).isoformat()


def day_from_iso(text: str) -> int:
    """Return the UTC day number of `YYYY-MM-DD`.

    Raises
    ------
    ValueError
        If the text is not a calendar day.
    """
    return (datetime.date.fromisoformat(text) - datetime.date(1970, 1, 1)).days
