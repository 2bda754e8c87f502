"""Put recordings that share no clock one after another on one."""

import numpy as np

from proximity.errors import FormatError
from proximity.research.datasets.signals import Float64, Int64
from proximity.units import MS_PER_S

# Between two recordings: longer than anything that could be taken for one contact.
BREAK_MS = 3_600_000
LONGEST_S = 400 * 86_400.0


def milliseconds(seconds: Float64, name: str) -> Int64:
    """Return times in milliseconds.

    Raises
    ------
    FormatError
        If one is not finite, or lies beyond what a date can be.
    """
    if not np.all(np.isfinite(seconds) & (np.abs(seconds) < 4e9)):
        raise FormatError(f"{name} holds a time that is none", "Fetch the file again.")
    return np.rint(seconds * MS_PER_S).astype(np.int64)


def one_after_another(recording: Int64, seconds: Float64, name: str) -> Int64:
    """Return times on one clock, recording by recording.

    Parameters
    ----------
    recording : int64[n]
        Number of the recording of each time, 0..; in this order they are placed.
    seconds : float64[n]
        On a clock of its own for each recording.
    name : str
        Of the file, for errors.

    Returns
    -------
    int64[n]
        Milliseconds from 0; recordings lie `BREAK_MS` apart.

    Raises
    ------
    FormatError
        If a time is none, or a recording lasts longer than a year.
    """
    t_ms = milliseconds(seconds, name)
    if len(t_ms) == 0:
        return t_ms
    n = int(recording.max()) + 1
    first = np.full(n, np.iinfo(np.int64).max)
    last = np.full(n, np.iinfo(np.int64).min)
    np.minimum.at(first, recording, t_ms)
    np.maximum.at(last, recording, t_ms)
    length = np.where(last >= first, last - first + BREAK_MS, 0)
    if np.any(length > LONGEST_S * MS_PER_S):
        message = f"{name} holds a recording longer than a year"
        raise FormatError(message, "Fetch the file again.")
    start = np.concatenate(([0], np.cumsum(length)[:-1]))
    placed: Int64 = t_ms - first[recording] + start[recording]
    return placed
