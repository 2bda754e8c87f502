"""The clock of the service: the real one, or one that a test has set."""

import math
import time
from collections.abc import Callable, Mapping

from proximity.authority.settings import Settings
from proximity.errors import FormatError

TEST_TIME = "PROXIMITY_NOW"
# Interval numbers of exports end with 32 bits.
_LATEST_S = 2**31 * 600


def service_clock(
    settings: Settings, environment: Mapping[str, str]
) -> Callable[[], float]:
    """Return what tells the time, in Unix seconds.

    Parameters
    ----------
    settings : Settings
        Only with `test` is the environment heard.
    environment : mapping
        `PROXIMITY_NOW` is the Unix time at the start; from there on the clock runs.

    Raises
    ------
    FormatError
        If it is heard and is no such time.
    """
    text = environment.get(TEST_TIME)
    if not settings.test or text is None:
        return time.time
    try:
        start_s = float(text)
    except ValueError:
        start_s = math.nan
    if not 0 <= start_s <= _LATEST_S:
        raise FormatError(
            f"{TEST_TIME} is not a number of seconds.", "Give Unix seconds."
        )
    begun = time.monotonic()
    return lambda: start_s + time.monotonic() - begun
