"""The look-up of candidates where nothing was compiled: `cryptography` and numpy.

Keys whose time holds no sighting are skipped before they are hashed. Of the rest all
IDs are derived, and all but a few are dismissed by one look into a bitmap; what is
left is compared byte by byte. Memory does not grow with the number of keys.
"""

import numpy as np
from numpy.typing import NDArray

from proximity.matching.hearing_span import HearingSpan
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

Int64s = NDArray[np.int64]


class PythonLookUp:
    """Look-up by `cryptography` and numpy.

    Parameters
    ----------
    tolerance_intervals : int >= 0
    """

    def __init__(self, tolerance_intervals: int) -> None:
        self._tolerance = tolerance_intervals
        self._ids = np.zeros((0, ID_BYTES), np.uint8)
        # First half of each ID, ascending, and the row that each of them is of.
        self._prefix, self._row = np.zeros(0, np.uint64), np.zeros(0, np.int64)
        # Whether the low bits of any prefix have that value.
        self._bitmap = np.zeros(1, np.bool_)
        # Ten-minute intervals that hold a sighting, ascending, each once.
        self._intervals = np.zeros(0, np.int64)

    def update(self, encounters: Encounters, _span: HearingSpan) -> None:
        """Take encounters as they are now: a sort and a bitmap, whatever was before."""
        self._ids = encounters.ephemeral_id
        prefix = _prefixes(self._ids)
        self._row = np.argsort(prefix, kind="stable")
        self._prefix = prefix[self._row]
        slots = max(1, len(prefix)) * _BITMAP_SLOTS_PER_ROW
        bits = min(max(slots.bit_length(), _LEAST_BITMAP_BITS), _MOST_BITMAP_BITS)
        self._bitmap = np.zeros(1 << bits, np.bool_)
        self._bitmap[prefix & np.uint64(len(self._bitmap) - 1)] = True
        self._intervals = _intervals_heard(encounters)

    def look_up(self, keys: DiagnosisKeys) -> Int64s:
        """Return key, interval and row of equal ID, as `candidates` asks."""
        possible = np.flatnonzero(self._time_was_heard(keys))
        found = [np.zeros((0, 3), np.int64)]
        for start in range(0, len(possible), _KEYS_AT_ONCE):
            batch = possible[start : start + _KEYS_AT_ONCE]
            found.append(self._look_up_batch(keys, batch))
        return np.concatenate(found)

    def _time_was_heard(self, keys: DiagnosisKeys) -> NDArray[np.bool_]:
        first = keys.start_interval - self._tolerance
        beyond = keys.start_interval + keys.period + self._tolerance
        return np.asarray(
            np.searchsorted(self._intervals, first)
            < np.searchsorted(self._intervals, beyond)
        )

    def _look_up_batch(self, keys: DiagnosisKeys, batch: Int64s) -> Int64s:
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
        hits = np.flatnonzero(self._bitmap[prefix & np.uint64(len(self._bitmap) - 1)])
        key, position = np.divmod(hits, INTERVALS_PER_DAY)
        sent = position < periods[key]
        hits, key, position = hits[sent], key[sent], position[sent]
        first = np.searchsorted(self._prefix, prefix[hits], side="left")
        beyond = np.searchsorted(self._prefix, prefix[hits], side="right")
        triples = [
            (batch[key[i]], starts[key[i]] + position[i], row)
            for i in np.flatnonzero(first < beyond)
            for row in self._equal_rows(flat[hits[i]], first[i], beyond[i])
        ]
        return np.array(triples, np.int64).reshape(-1, 3)

    def _equal_rows(
        self, ephemeral_id: NDArray[np.uint8], first: int, beyond: int
    ) -> list[int]:
        """Compare all of an ID with the encounters that share its first half."""
        rows = self._row[first:beyond]
        equal = (self._ids[rows] == ephemeral_id).all(axis=1)
        listed: list[int] = rows[equal].tolist()
        return listed


def _intervals_heard(encounters: Encounters) -> Int64s:
    intervals = encounters.t_ms // _INTERVAL_MS
    changes = np.ones(len(intervals), np.bool_)
    changes[1:] = intervals[1:] != intervals[:-1]
    return np.unique(intervals[changes])


def _prefixes(ids: NDArray[np.uint8]) -> NDArray[np.uint64]:
    return np.ascontiguousarray(ids).view("<u8")[:, 0].astype(np.uint64)
