"""The clock of the service: the real one, or one that a test has set."""

import time
from collections.abc import Callable, Mapping

from proximity.authority.settings import Settings
from proximity.errors import FormatError

TEST_TIME = "PROXIMITY_NOW"


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
        If it is heard and is not a number.
    """
    text = environment.get(TEST_TIME)
    if not settings.test or text is None:
        return time.time
    try:
        start_s = float(text)
    except ValueError as error:
        raise FormatError(
            f"{TEST_TIME} is not a number of seconds.", "Give Unix seconds."
        ) from error
    begun = time.monotonic()
    return lambda: start_s + time.monotonic() - begun
