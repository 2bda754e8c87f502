"""Camera tracks of the DP-3T measurements."""

import io
import json
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from proximity.errors import FormatError, TooLargeError
from proximity.research.datasets.xz import PACKED, plain_chunks, unpack
from proximity.research.world import Tracks

# The cameras' clocks showed local summer time (UTC + 2 h). The distances in the
# tables agree: see docs/explanation/measured-data.md.
LOCAL_TIME_MS = 2 * 3_600_000
MAX_TRACK_BYTES = 32 << 20
TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d{1,6})?")
PHONE = re.compile(r"[1-9]\d{0,5}")
HINT = "The tracks may be damaged: fetch them again from DP-3T/bt-measurements."

# The clock of one part, and the places of each phone on it: float64[k, 2].
Part = tuple[NDArray[np.int64], dict[int, NDArray[np.float64]]]


def read_tracks(parts: Sequence[Path]) -> tuple[tuple[int, ...], Tracks]:
    """Read the tracks of one scenario.

    Parameters
    ----------
    parts : sequence of Path
        JSON files, packed or not, in time order.

    Returns
    -------
    phones : tuple of int
        Numbers of the phones that were followed, ascending.
    tracks : Tracks
        Row i is `phones[i]`; metres; UTC.

    Raises
    ------
    FormatError
        If a part is damaged, the parts are not in time order, or nobody was followed.
    """
    read = [_read_part(part) for part in parts]
    phones = tuple(sorted({phone for _, people in read for phone in people}))
    t_ms = np.concatenate([np.zeros(0, np.int64), *(clock for clock, _ in read)])
    if not phones or not len(t_ms):
        raise FormatError("camera tracks follow nobody", HINT)
    if np.any(np.diff(t_ms) <= 0):
        raise FormatError("camera tracks are not in time order", HINT)
    blocks = []
    for clock, people in read:
        unseen = np.full((len(clock), 2), np.nan)
        blocks.append(np.stack([people.get(phone, unseen) for phone in phones]))
    places = np.concatenate(blocks, axis=1)
    return phones, Tracks(t_ms, places[:, :, 0], places[:, :, 1])


def _read_part(source: Path) -> Part:
    try:
        document = json.loads(_read(source))
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{source.name} is not JSON", HINT) from error
    if not isinstance(document, dict) or "datetime" not in document:
        raise FormatError(f"{source.name} has no times", HINT)
    clock = _clock(document.pop("datetime"), source.name)
    people = {}
    for phone, places in document.items():
        if PHONE.fullmatch(phone) is None:
            raise FormatError(f"{source.name} has a track without a number", HINT)
        people[int(phone)] = _places(places, len(clock), source.name)
    return clock, people


def _read(source: Path) -> bytes:
    content = io.BytesIO()
    if source.name.endswith(PACKED):
        unpack(source, content, max_bytes=MAX_TRACK_BYTES)
        return content.getvalue()
    for chunk in plain_chunks(source):
        content.write(chunk)
        if content.tell() > MAX_TRACK_BYTES:
            raise TooLargeError(f"{source.name} exceeds {MAX_TRACK_BYTES} bytes", HINT)
    return content.getvalue()


def _clock(times: object, name: str) -> NDArray[np.int64]:
    if not isinstance(times, list) or not all(
        isinstance(t, str) and TIME.fullmatch(t) for t in times
    ):
        raise FormatError(f"{name} has a time that is none", HINT)
    try:
        local = np.array(times, "datetime64[us]").astype("datetime64[ms]")
    except ValueError as error:
        raise FormatError(f"{name} has a time that is none", HINT) from error
    return local.astype(np.int64) - LOCAL_TIME_MS


def _places(places: object, n: int, name: str) -> NDArray[np.float64]:
    if not isinstance(places, list) or len(places) != n:
        raise FormatError(f"{name} has a track of the wrong length", HINT)
    unseen = (np.nan, np.nan)
    try:
        rows = [unseen if p is None else (p[0], p[1]) for p in places]
        xy = np.array(rows, np.float64).reshape(n, 2)
    except (TypeError, ValueError, LookupError, OverflowError) as error:
        raise FormatError(f"{name} has a place that is none", HINT) from error
    if np.any(np.isinf(xy)):
        raise FormatError(f"{name} has a place that is none", HINT)
    return xy
