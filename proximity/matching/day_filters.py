"""For each day a filter of the IDs heard then; native/filter.h has its form."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from proximity.kernels.dispatch import NativeKernels
from proximity.matching.hearing_span import HearingSpan, sightings_of_rows
from proximity.protocol.sighting import Encounters
from proximity.units import INTERVALS_PER_DAY

# Words of 32 bits for each ID: few enough for the first cache, then for the second.
_WORDS_PER_ID, _MOST_ROOMY_WORDS = 4, 4_096
# What is heard on more days than this is in one filter: no person has such a store,
# but a recording may say so.
MOST_DAYS = 1_024
# A row heard on more days than this gives each of its days, not those between.
_MOST_DAYS_OF_ROW = 3

Int64s = NDArray[np.int64]


class FilterArrays(NamedTuple):
    """The filters as the kernels take them.

    Attributes
    ----------
    base_day : int
        Day of the first entry of `slot_of_day`.
    slot_of_day : int32[d]
        Number of a day's filter, -1 where nothing was heard.
    offsets : int64[f + 1]
        Filter i has `words[offsets[i]:offsets[i + 1]]`, a power of two of them.
    words : uint32[w]
    folded : uint32[64 * f]
        Each filter again, the words joined whose low six index bits are equal.
    """

    base_day: int
    slot_of_day: NDArray[np.int32]
    offsets: Int64s
    words: NDArray[np.uint32]
    folded: NDArray[np.uint32]


class DayFilters:
    """Filters of the days on which something was heard.

    Parameters
    ----------
    native : NativeKernels
    tolerance_intervals : int >= 0
        A sighting so near to midnight is in the filters of both days.
    """

    def __init__(self, native: NativeKernels, tolerance_intervals: int) -> None:
        self._native = native
        self._tolerance = tolerance_intervals
        self._entries = np.zeros(0, np.int64)
        self.arrays = FilterArrays(
            base_day=0,
            slot_of_day=np.zeros(0, np.int32),
            offsets=np.zeros(1, np.int64),
            words=np.zeros(0, np.uint32),
            folded=np.zeros(0, np.uint32),
        )

    def arrange(self, encounters: Encounters, span: HearingSpan) -> None:
        """Make all filters anew, each with the room that its day needs."""
        everything = np.arange(len(encounters.ephemeral_id))
        rows, days = self._days_heard(encounters, span, everything)
        distinct, counts = np.unique(days, return_counts=True)
        self.arrays = empty_filters(
            self._native, distinct, counts, in_one=len(distinct) > MOST_DAYS
        )
        self._entries = np.zeros(len(self.arrays.offsets) - 1, np.int64)
        self._insert(encounters.ephemeral_id, rows, days)

    def add(self, encounters: Encounters, span: HearingSpan, new: Int64s) -> None:
        """Take in rows that are new, or were heard at further times.

        Parameters
        ----------
        encounters : Encounters
            All that is known.
        span : HearingSpan
        new : int64[r]
            Rows.
        """
        rows, days = self._days_heard(encounters, span, new)
        if self._have_room(days):
            self._insert(encounters.ephemeral_id, rows, days)
        else:
            self.arrange(encounters, span)

    def _have_room(self, days: Int64s) -> bool:
        slot_of_day, sizes = self.arrays.slot_of_day, np.diff(self.arrays.offsets)
        places = days - self.arrays.base_day
        if np.any((places < 0) | (places >= len(slot_of_day))):
            return False
        slots = slot_of_day[places]
        if np.any(slots < 0):
            return False
        added = np.bincount(slots, minlength=len(sizes))
        return not np.any(self._entries + added > sizes)

    def _insert(self, ids: NDArray[np.uint8], rows: Int64s, days: Int64s) -> None:
        if not len(rows):
            return
        arrays = self.arrays
        slots = arrays.slot_of_day[days - arrays.base_day]
        self._entries += np.bincount(slots, minlength=len(self._entries))
        self._native.filters_insert((ids[rows], days, days), arrays)
        fold_filters(self._native, arrays, np.unique(slots).tolist())

    def _days_heard(
        self, encounters: Encounters, span: HearingSpan, rows: Int64s
    ) -> tuple[Int64s, Int64s]:
        """Return rows and the days of IDs that they may have heard, each pair once."""
        first = (span.first[rows] - self._tolerance) // INTERVALS_PER_DAY
        last = (span.last[rows] + self._tolerance) // INTERVALS_PER_DAY
        heard = span.first[rows] <= span.last[rows]
        many = heard & (last - first >= _MOST_DAYS_OF_ROW)
        few = heard & ~many
        found = [(rows[few], first[few])]
        for i in range(1, _MOST_DAYS_OF_ROW):
            more = few & (first + i <= last)
            found.append((rows[more], first[more] + i))
        if np.any(many):
            found.append(self._days_apart(encounters, rows[many]))
        every_row, every_day = map(np.concatenate, zip(*found, strict=True))
        possible = every_day >= 0
        return every_row[possible], every_day[possible]

    def _days_apart(
        self, encounters: Encounters, rows: Int64s
    ) -> tuple[Int64s, Int64s]:
        """Return rows and days as `_days_heard` does, by every single sighting."""
        owner, heard = sightings_of_rows(encounters, rows)
        found = [
            owner << 32 | np.maximum(heard + shift, 0) // INTERVALS_PER_DAY
            for shift in (-self._tolerance, 0, self._tolerance)
        ]
        pairs = np.unique(np.concatenate(found))
        return rows[pairs >> 32], pairs & 0xFFFFFFFF


def empty_filters(
    native: NativeKernels, days: Int64s, counts: Int64s, *, in_one: bool
) -> FilterArrays:
    """Return empty filters of days, each with the room that it needs.

    Parameters
    ----------
    native : NativeKernels
    days : int64[d]
        Days on which something was heard, ascending, each once.
    counts : int64[d]
        How many IDs each of them is to hold.
    in_one : bool
        Whether all days share one filter.

    Returns
    -------
    FilterArrays
    """
    slots = np.arange(len(days), dtype=np.int32)
    if in_one:
        slots, counts = np.zeros_like(slots), counts.sum(keepdims=True)[: len(days)]
    base_day = int(days[0]) if len(days) else 0
    beyond = int(days[-1]) + 1 if len(days) else 0
    slot_of_day = np.full(beyond - base_day, -1, np.int32)
    slot_of_day[days - base_day] = slots
    sizes = [_words_for(native, count) for count in counts.tolist()]
    return FilterArrays(
        base_day=base_day,
        slot_of_day=slot_of_day,
        offsets=np.cumsum([0, *sizes], dtype=np.int64),
        words=np.zeros(sum(sizes), np.uint32),
        folded=np.zeros(len(sizes) * native.FILTER_FOLDED_WORDS, np.uint32),
    )


def fold_filters(
    native: NativeKernels, arrays: FilterArrays, slots: Iterable[int]
) -> None:
    """Fold filters anew whose words have changed.

    Parameters
    ----------
    native : NativeKernels
    arrays : FilterArrays
        Its `folded` is written.
    slots : iterable of int
        Numbers of the filters.
    """
    folded = native.FILTER_FOLDED_WORDS
    for slot in slots:
        words = arrays.words[arrays.offsets[slot] : arrays.offsets[slot + 1]]
        np.bitwise_or.reduce(
            words.reshape(-1, folded),
            axis=0,
            out=arrays.folded[folded * slot : folded * (slot + 1)],
        )


def _words_for(native: NativeKernels, count: int) -> int:
    words = max(count, min(_WORDS_PER_ID * count, _MOST_ROOMY_WORDS))
    least, most = native.FILTER_LEAST_WORDS, native.FILTER_MOST_WORDS
    return int(min(max(1 << (words - 1).bit_length(), least), most))
