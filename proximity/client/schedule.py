"""When a device listens, fetches and tries again; chance keeps devices out of step."""

from collections.abc import Callable
from dataclasses import dataclass

# A source of numbers that are uniform from 0 to below 1.
Chance = Callable[[], float]

UPDATE_EVERY_S = 4 * 3_600
UPDATE_SPREAD_S = 3_600
# Long enough for several devices that start at once not to ask at once.
FIRST_UPDATE_WITHIN_S = 60
FIRST_RETRY_S = 1.0
LAST_RETRY_S = 60.0
FIRST_UPDATE_RETRY_S = 300.0


@dataclass(frozen=True, slots=True)
class ScanSchedule:
    """How long and how often a device listens.

    The defaults are those of Exposure Notification: 4 s in full, the next scan 211 s to
    300 s after the start of the last, so that five minutes are never without one.

    Attributes
    ----------
    listen_s : float
        Length of one scan.
    longest_gap_s : float
        The longest time from one start to the next.
    spread_s : float
        By how much less it may be.
    first_within_s : float
        The first scan starts at a random moment of this time.
    """

    listen_s: float = 4.0
    longest_gap_s: float = 300.0
    spread_s: float = 89.0
    first_within_s: float = 60.0

    def first_delay_s(self, chance: Chance) -> float:
        """Return the seconds until the first scan: a random phase."""
        return self.first_within_s * chance()

    def next_delay_s(self, since_start_s: float, chance: Chance) -> float:
        """Return the seconds until the next scan.

        Parameters
        ----------
        since_start_s : float
            Monotonic seconds since the last scan started.
        chance : callable -> float
            Uniform in 0 <= x < 1.

        Returns
        -------
        float
            0 or more.
        """
        gap_s = self.longest_gap_s - self.spread_s * chance()
        return max(0.0, gap_s - since_start_s)


def seconds_to_next_id(now_s: float, length_s: int) -> float:
    """Return how long the ephemeral ID of a moment is still the right one, > 0.

    Parameters
    ----------
    now_s : float
        Unix seconds.
    length_s : int
        For how long each ID is sent; the first of a day from midnight on.
    """
    return length_s - now_s % length_s


def retry_delay_s(failures: int, chance: Chance) -> float:
    """Return the seconds before a radio is tried again.

    Parameters
    ----------
    failures : int
        In a row, 1 or more.
    chance : callable -> float

    Returns
    -------
    float
        From 0.5..1 s, doubled with each failure, to 30..60 s.
    """
    return _doubled(FIRST_RETRY_S, LAST_RETRY_S, failures) * (0.5 + 0.5 * chance())


def first_update_delay_s(
    last_fetch_s: float | None, now_s: float, chance: Chance
) -> float:
    """Return the seconds until a device that starts asks its authority.

    Parameters
    ----------
    last_fetch_s : float or None
        Unix seconds of its last fetch, which may lie ahead of a clock that was set.
    now_s : float
        Unix seconds.
    chance : callable -> float

    Returns
    -------
    float
        Within a minute if the last fetch is long ago; else as if it had not ended.
    """
    soon_s = FIRST_UPDATE_WITHIN_S * chance()
    if last_fetch_s is None or last_fetch_s > now_s:
        return soon_s
    return max(soon_s, last_fetch_s + next_update_delay_s(chance) - now_s)


def next_update_delay_s(chance: Chance) -> float:
    """Return the seconds between two fetches, 3.5 to 4.5 hours."""
    return UPDATE_EVERY_S + UPDATE_SPREAD_S * (chance() - 0.5)


def update_retry_delay_s(failures: int, chance: Chance) -> float:
    """Return the seconds before a failed fetch is tried again.

    Parameters
    ----------
    failures : int
        In a row, 1 or more.
    chance : callable -> float

    Returns
    -------
    float
        From 2.5..5 minutes, doubled with each failure, to 2..4 hours.
    """
    longest = _doubled(FIRST_UPDATE_RETRY_S, UPDATE_EVERY_S, failures)
    return longest * (0.5 + 0.5 * chance())


def _doubled(first: float, last: float, times: int) -> float:
    # Beyond thirty doublings any of these is past its last value.
    return min(last, first * 2.0 ** min(times - 1, 30))
