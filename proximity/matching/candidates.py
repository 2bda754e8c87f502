"""Which encounters may be with which keys: the vectorised form.

Keys whose time holds no sighting are skipped before they are hashed. Of the rest all
IDs are derived, and all but a few are dismissed by one look into a bitmap; what is
left is compared byte by byte. Memory does not grow with the number of keys.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from proximity.protocol.carrier import ID_BYTES
from proximity.protocol.diagnosis_key import DiagnosisKeys
from proximity.protocol.gaen import derive_ephemeral_ids
from proximity.protocol.sighting import Encounters
from proximity.units import INTERVAL_S, INTERVALS_PER_DAY, MS_PER_S

_INTERVAL_MS = INTERVAL_S * MS_PER_S
# Keys whose IDs are looked up together: 590 kB of IDs, small enough for a cache.
_KEYS_AT_ONCE = 256
# One bit of the bitmap in 64 or fewer is set; between 64 kB and 16 MB.
_BITMAP_SLOTS_PER_ROW = 64
_LEAST_BITMAP_BITS, _MOST_BITMAP_BITS = 16, 24


class Candidates(NamedTuple):
    """Encounters that may be with a key, sorted by key, interval, row.

    Attributes
    ----------
    key_index : int64[c]
        Position of the key among those given.
    interval : int64[c]
        Interval in which the key's owner sent the ID of the encounter.
    row : int64[c]
        Row of the encounter; at least one of its sightings is near the interval.
    """

    key_index: NDArray[np.int64]
    interval: NDArray[np.int64]
    row: NDArray[np.int64]


class EncounterIndex(NamedTuple):
    """Encounters arranged for look-up by ephemeral ID.

    Attributes
    ----------
    encounters : Encounters
    prefix : uint64[n]
        First half of each ID, ascending.
    row : int64[n]
        Row of each entry of `prefix`; ascending where prefixes are equal.
    bitmap : bool[2**b]
        Whether the low `b` bits of any prefix have that value.
    intervals : int64[i]
        Ten-minute intervals that hold a sighting, ascending, each once.
    """

    encounters: Encounters
    prefix: NDArray[np.uint64]
    row: NDArray[np.int64]
    bitmap: NDArray[np.bool_]
    intervals: NDArray[np.int64]

    def __repr__(self) -> str:
        """Tell how many encounters there are, never their IDs."""
        return f"<EncounterIndex n={len(self.row)}>"


def index_encounters(encounters: Encounters) -> EncounterIndex:
    """Arrange encounters for look-up by ephemeral ID.

    Parameters
    ----------
    encounters : Encounters
        n rows; an ID may have several.

    Returns
    -------
    EncounterIndex
    """
    prefix = _prefixes(encounters.ephemeral_id)
    row = np.argsort(prefix, kind="stable")
    slots = max(1, len(prefix)) * _BITMAP_SLOTS_PER_ROW
    bits = min(max(slots.bit_length(), _LEAST_BITMAP_BITS), _MOST_BITMAP_BITS)
    bitmap = np.zeros(1 << bits, np.bool_)
    bitmap[prefix & np.uint64(len(bitmap) - 1)] = True
    return EncounterIndex(
        encounters, prefix[row], row, bitmap, _intervals_heard(encounters)
    )


def find_candidates(
    keys: DiagnosisKeys, index: EncounterIndex, tolerance_intervals: int
) -> Candidates:
    """Find the encounters whose ID a key gave out, near the time it gave it out.

    Parameters
    ----------
    keys : DiagnosisKeys
        Any number, any order; the IDs of the first `period` intervals count.
    index : EncounterIndex
    tolerance_intervals : int >= 0
        An encounter counts if one of its sightings lies at most that many ten-minute
        intervals before or after the interval of the ID.

    Returns
    -------
    Candidates
        Equal to those of `candidates_plain.find_candidates`.
    """
    possible = np.flatnonzero(_time_was_heard(keys, index, tolerance_intervals))
    found = [np.zeros((0, 3), np.int64)]
    for start in range(0, len(possible), _KEYS_AT_ONCE):
        batch = possible[start : start + _KEYS_AT_ONCE]
        found.append(_look_up(keys, batch, index))
    triples = np.concatenate(found)
    near = _heard_near(triples, index.encounters, tolerance_intervals)
    triples = triples[near]
    triples = triples[np.lexsort(triples.T[::-1])]
    return Candidates(*triples.T)


def _time_was_heard(
    keys: DiagnosisKeys, index: EncounterIndex, tolerance_intervals: int
) -> NDArray[np.bool_]:
    first = keys.start_interval - tolerance_intervals
    beyond = keys.start_interval + keys.period + tolerance_intervals
    return np.asarray(
        np.searchsorted(index.intervals, first)
        < np.searchsorted(index.intervals, beyond)
    )


def _look_up(
    keys: DiagnosisKeys, batch: NDArray[np.int64], index: EncounterIndex
) -> NDArray[np.int64]:
    """Return rows of (key, interval, encounter row) of equal ID."""
    ids = np.zeros((len(batch), INTERVALS_PER_DAY, ID_BYTES), np.uint8)
    secrets = keys.key[batch].tobytes()
    starts, periods = keys.start_interval[batch], keys.period[batch]
    for i, (start, period) in enumerate(
        zip(starts.tolist(), periods.tolist(), strict=True)
    ):
        secret = secrets[i * 16 : i * 16 + 16]
        ids[i, :period] = derive_ephemeral_ids(secret, start, period)
    flat = ids.reshape(-1, ID_BYTES)
    prefix = _prefixes(flat)
    hits = np.flatnonzero(index.bitmap[prefix & np.uint64(len(index.bitmap) - 1)])
    key, position = np.divmod(hits, INTERVALS_PER_DAY)
    sent = position < periods[key]
    hits, key, position = hits[sent], key[sent], position[sent]
    first = np.searchsorted(index.prefix, prefix[hits], side="left")
    beyond = np.searchsorted(index.prefix, prefix[hits], side="right")
    triples = [
        (batch[key[i]], starts[key[i]] + position[i], row)
        for i in np.flatnonzero(first < beyond)
        for row in _equal_rows(flat[hits[i]], index, first[i], beyond[i])
    ]
    return np.array(triples, np.int64).reshape(-1, 3)


def _equal_rows(
    ephemeral_id: NDArray[np.uint8], index: EncounterIndex, first: int, beyond: int
) -> list[int]:
    """Compare all of an ID with the encounters that share its first half."""
    rows = index.row[first:beyond]
    equal = (index.encounters.ephemeral_id[rows] == ephemeral_id).all(axis=1)
    listed: list[int] = rows[equal].tolist()
    return listed


def _heard_near(
    triples: NDArray[np.int64], encounters: Encounters, tolerance_intervals: int
) -> NDArray[np.bool_]:
    """Tell which encounters have a sighting near the interval of their ID."""
    near = np.zeros(len(triples), np.bool_)
    for i, (_, interval, row) in enumerate(triples.tolist()):
        series = encounters.t_ms[encounters.offsets[row] : encounters.offsets[row + 1]]
        first = (interval - tolerance_intervals) * _INTERVAL_MS
        beyond = (interval + tolerance_intervals + 1) * _INTERVAL_MS
        near[i] = np.searchsorted(series, first) < np.searchsorted(series, beyond)
    return near


def _intervals_heard(encounters: Encounters) -> NDArray[np.int64]:
    intervals = encounters.t_ms // _INTERVAL_MS
    changes = np.ones(len(intervals), np.bool_)
    changes[1:] = intervals[1:] != intervals[:-1]
    return np.unique(intervals[changes])


def _prefixes(ids: NDArray[np.uint8]) -> NDArray[np.uint64]:
    return np.ascontiguousarray(ids).view("<u8")[:, 0].astype(np.uint64)
