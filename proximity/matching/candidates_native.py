"""The look-up of candidates by the native kernels: a filter a day, an exact table.

A filter dismisses all but a few of the IDs that keys derive; the table, whose hash is
keyed because senders choose their IDs, decides on the rest. Both are made once and grow
with what is heard. native/search.h has the other side.
"""

import numpy as np
from numpy.typing import NDArray

from proximity.kernels.dispatch import NativeKernels
from proximity.matching.day_filters import DayFilters
from proximity.matching.hearing_span import HearingSpan
from proximity.matching.id_table import new_table
from proximity.protocol.carrier import ID_BYTES
from proximity.protocol.diagnosis_key import DiagnosisKeys
from proximity.protocol.sighting import Encounters

Int64s = NDArray[np.int64]


class NativeLookUp:
    """Look-up by a variant of the native kernel.

    Parameters
    ----------
    native : NativeKernels
    variant : str
        One that this machine can run.
    tolerance_intervals : int >= 0
    """

    def __init__(
        self, native: NativeKernels, variant: str, tolerance_intervals: int
    ) -> None:
        self._native = native
        self._variant = variant
        self._filters = DayFilters(native, tolerance_intervals)
        self._span = HearingSpan(np.zeros(0, np.int64), np.zeros(0, np.int64))
        self._table = new_table(np.zeros((0, ID_BYTES), np.uint8))
        self._rows_of_id: tuple[Int64s, Int64s] | None = None

    def update(self, encounters: Encounters, span: HearingSpan) -> None:
        """Take encounters as they are now; what is known already is kept."""
        ids = np.ascontiguousarray(encounters.ephemeral_id)
        before, table = self._span, self._table
        known = len(table.ids)
        self._span, self._rows_of_id = span, None
        grown = known <= len(ids) <= len(table.next)
        if grown and np.array_equal(ids[:known], table.ids):
            self._table = table._replace(ids=ids)
            self._native.table_insert(self._table, known, len(ids))
            changed = np.ones(len(ids), np.bool_)
            changed[:known] = (span.first[:known] != before.first) | (
                span.last[:known] != before.last
            )
            self._filters.add(encounters, span, np.flatnonzero(changed))
        else:
            self._table = new_table(ids)
            self._native.table_insert(self._table, 0, len(ids))
            self._filters.arrange(encounters, span)

    def look_up(self, keys: DiagnosisKeys) -> Int64s:
        """Return key, interval and row of equal ID, as `candidates` asks."""
        filters = self._filters.arrays
        if not len(keys.key) or not len(filters.words):
            return np.zeros((0, 3), np.int64)
        columns = (
            np.ascontiguousarray(keys.key),
            np.ascontiguousarray(keys.start_interval),
            np.ascontiguousarray(keys.period),
        )
        parts = np.empty(2 * len(keys.key), np.uint32)
        parts = parts[: self._native.group_by_day(columns, filters, parts)]
        # Room for two batches in which every ID was heard; it is used again and again.
        hits = np.empty((2 * self._native.MOST_SURVIVORS, 3), np.uint32)
        found = [hits[:0]]
        while len(parts):
            done, n_hits = self._native.gaen_search(
                self._variant, columns, parts, filters, self._table, hits
            )
            parts = parts[done:]
            found.append(hits[:n_hits].copy())
        key, position, first_row = np.concatenate(found).astype(np.int64).T
        interval = keys.start_interval[key] + position
        return self._with_equal_rows(key, interval, first_row)

    def longest_chain(self) -> int:
        """Return how many IDs one look-up may have to compare."""
        return self._native.table_longest_chain(self._table)

    def _with_equal_rows(self, key: Int64s, interval: Int64s, first: Int64s) -> Int64s:
        """Give each hit all the rows of its ID; the table names the first."""
        if not len(key):
            return np.zeros((0, 3), np.int64)
        order, sorted_first = self._rows_by_id()
        begins = np.searchsorted(sorted_first, first, side="left")
        sizes = np.searchsorted(sorted_first, first, side="right") - begins
        hit = np.repeat(np.arange(len(key)), sizes)
        within = np.arange(len(hit)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        rows = order[np.repeat(begins, sizes) + within]
        return np.stack([key[hit], interval[hit], rows], axis=1)

    def _rows_by_id(self) -> tuple[Int64s, Int64s]:
        """Return rows so that those of one ID stand together, and their first rows."""
        if self._rows_of_id is None:
            first = self._table.first[: len(self._table.ids)].astype(np.int64)
            order = np.argsort(first, kind="stable")
            self._rows_of_id = order, first[order]
        return self._rows_of_id
