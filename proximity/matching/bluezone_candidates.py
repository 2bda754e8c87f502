"""Which rows of a Bluezone history heard a published key: by the native kernels.

A key derives a chain of IDs for each of its days. Chains of days on which nothing was
heard are not followed; all others are followed side by side, slot by slot, and all but
a few of their IDs are dismissed by the filter of the day. The same filters and table
serve gaen (candidates_native.py); an ID of 12 bytes is filled up with zeros.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from proximity.kernels.dispatch import (
    PYTHON,
    NativeKernels,
    choose_variant,
    load_native,
)
from proximity.matching.day_filters import (
    MOST_DAYS,
    FilterArrays,
    empty_filters,
    fold_filters,
)
from proximity.matching.id_table import IdTable, new_table
from proximity.protocol import bluezone_list
from proximity.protocol.bluezone import ID_BYTES, KEY_BYTES, slot_ms
from proximity.protocol.bluezone_history import HistoryRow
from proximity.protocol.bluezone_list import (
    CLOCK_TOLERANCE_MS,
    HistoryMatch,
    PublishedKey,
)
from proximity.units import DAY_S, MS_PER_S

_TABLE_ID_BYTES = 16
_DAY_MS = DAY_S * MS_PER_S
# Days of times in seconds below 2**32.
_TIMES_S = 2**32
_LAST_DAY = (_TIMES_S - 1) // DAY_S
# Beyond all differences of such times; sums with them stay within 64 bits.
_FOREVER_MS = 2**60
# A row that is near more days than this is in one filter with all others.
_MOST_DAYS_OF_ROW = 4
# Chains whose links are held at once: 2 MB.
_CHAINS_AT_ONCE = 65_536

Int64s = NDArray[np.int64]


class _Index(NamedTuple):
    """A history arranged for look-up; rows of one ID stand together, by time."""

    table: IdTable
    filters: FilterArrays
    # Rows by the first row of their ID and then by time, and that pair as one number.
    order: Int64s
    place: Int64s
    times: Int64s


class _Chains(NamedTuple):
    """What keys derive in single days."""

    key: Int64s
    # Days since the key's own, slots, Unix milliseconds of the first slot, and of one.
    age: Int64s
    slots: Int64s
    start_ms: Int64s
    step_ms: Int64s


class HistoryIndex:
    """A history arranged for look-up by ephemeral ID.

    Parameters
    ----------
    history : sequence of HistoryRow
        As `decode_history` gives it, in any order.
    tolerance_ms : int >= 0
        As in `bluezone_list.match_history`.
    variant : str or None
        A kernel variant to force; see `kernels.dispatch`.

    Attributes
    ----------
    variant : str
        What searches.

    Raises
    ------
    ValueError
        If the tolerance is negative, or an ID has not 12 bytes.
    KernelError
        If the variant cannot run on this machine.
    """

    def __init__(
        self,
        history: Sequence[HistoryRow],
        *,
        tolerance_ms: int = CLOCK_TOLERANCE_MS,
        variant: str | None = None,
    ) -> None:
        if tolerance_ms < 0:
            raise ValueError("a tolerance is not negative")
        self.variant = choose_variant(variant)
        self._history = history
        self._tolerance_ms = min(tolerance_ms, _FOREVER_MS)
        self._native = None if self.variant == PYTHON else load_native()
        if self._native and len(history):
            self._index = _arrange(self._native, history, self._tolerance_ms)

    def __repr__(self) -> str:
        """Tell how many rows there are, never their IDs."""
        return f"<HistoryIndex n={len(self._history)}>"

    def find(self, keys: Sequence[PublishedKey]) -> tuple[HistoryMatch, ...]:
        """Find the rows that heard a published key.

        Parameters
        ----------
        keys : sequence of PublishedKey
            As `decode_list` gives them, of any number of slots.

        Returns
        -------
        tuple of HistoryMatch
            Equal to those of `bluezone_list.match_history`.

        Raises
        ------
        ValueError
            If a key has not 32 bytes, its count is out of range, or a time has not 32
            bits.
        """
        secrets = _secrets_of(keys)
        if self._native is None:
            return bluezone_list.match_history(
                keys, self._history, tolerance_ms=self._tolerance_ms
            )
        if not len(self._history):
            return ()
        found = [np.zeros((0, 3), np.int64)]
        for chains in _chains_heard(keys, self._index.filters):
            hits = self._follow(self._native, chains, secrets)
            found.append(self._near_rows(chains, hits))
        key, start_ms, row = np.concatenate(found).T
        order = np.lexsort((row, start_ms, key))
        pairs = zip(key[order].tolist(), row[order].tolist(), strict=True)
        return tuple(map(HistoryMatch._make, pairs))

    def _follow(
        self, native: NativeKernels, chains: _Chains, secrets: NDArray[np.uint8]
    ) -> Int64s:
        """Return chain, slot and first row of each ID that was heard."""
        links = self._links(native, chains, secrets)
        day, left = chains.start_ms // _DAY_MS, chains.slots
        # Chains of one day stand together, those of many slots with their like.
        which = np.lexsort((-left, day))
        room = np.empty((2 * native.MOST_SURVIVORS, 3), np.uint32)
        links = links[which]
        filters, table = self._index.filters, self._index.table
        found = [np.zeros((0, 3), np.int64)]
        for at in range(0, int(left.max()), native.BLUEZONE_STEPS):
            going_on = left[which] > at
            which, links = which[going_on], links[going_on]
            columns = (links, day[which], left[which] - at, at == 0)
            done = 0
            while done < len(which):
                done, n_hits = native.bluezone_search(
                    self.variant, (*columns, done), filters, table, room
                )
                hits = room[:n_hits].astype(np.int64)
                hits[:, 0] = which[hits[:, 0]]
                hits[:, 1] += at
                found.append(hits)
        return np.concatenate(found)

    def _links(
        self, native: NativeKernels, chains: _Chains, secrets: NDArray[np.uint8]
    ) -> NDArray[np.uint8]:
        """Return the key of each chain's day."""
        links = np.empty((len(chains.key), KEY_BYTES), np.uint8)
        by_age = np.argsort(chains.age, kind="stable")
        ages, begins = np.unique(chains.age[by_age], return_index=True)
        # Keys that go on longest come first: those that are needed stay together.
        owners, at_owner = np.unique(chains.key, return_inverse=True)
        oldest = np.zeros(len(owners), np.int64)
        np.maximum.at(oldest, at_owner, chains.age)
        by_oldest = np.argsort(-oldest, kind="stable")
        place = np.argsort(by_oldest)[at_owner]
        current, age_of_current = secrets[owners[by_oldest]], 0
        for age, rows in zip(ages.tolist(), np.split(by_age, begins[1:]), strict=True):
            current = current[: np.count_nonzero(oldest >= age)]
            native.bluezone_advance(self.variant, current, age - age_of_current)
            age_of_current = age
            links[rows] = current[place[rows]]
        return links

    def _near_rows(self, chains: _Chains, hits: Int64s) -> Int64s:
        """Return key, start of the slot and row of all that heard it at its time."""
        index = self._index
        chain, slot, first = hits.T
        start_ms = chains.start_ms[chain] + slot * chains.step_ms[chain]
        end_ms = start_ms + chains.step_ms[chain]
        group = first * (len(index.times) + 1)
        earliest = np.searchsorted(index.times, start_ms - self._tolerance_ms, "left")
        beyond = np.searchsorted(index.times, end_ms + self._tolerance_ms, "right")
        begins = np.searchsorted(index.place, group + earliest)
        sizes = np.searchsorted(index.place, group + beyond) - begins
        hit = np.repeat(np.arange(len(hits)), sizes)
        within = np.arange(len(hit)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        rows = index.order[begins[hit] + within]
        return np.stack([chains.key[chain[hit]], start_ms[hit], rows], axis=1)


def match_history(
    keys: Sequence[PublishedKey],
    history: Sequence[HistoryRow],
    *,
    tolerance_ms: int = CLOCK_TOLERANCE_MS,
    variant: str | None = None,
) -> tuple[HistoryMatch, ...]:
    """Find as `bluezone_list.match_history` does; see `HistoryIndex`."""
    index = HistoryIndex(history, tolerance_ms=tolerance_ms, variant=variant)
    return index.find(keys)


def _arrange(
    native: NativeKernels, history: Sequence[HistoryRow], tolerance_ms: int
) -> _Index:
    heard = [row.contact_id for row in history]
    if set(map(len, heard)) != {ID_BYTES}:
        raise ValueError(f"an ephemeral ID has {ID_BYTES} bytes")
    ids = np.zeros((len(heard), _TABLE_ID_BYTES), np.uint8)
    ids[:, :ID_BYTES] = np.frombuffer(b"".join(heard), np.uint8).reshape(-1, ID_BYTES)
    t_ms = np.fromiter((row.t_ms for row in history), np.int64, len(history))
    # Far beyond what any slot is near to, whatever the tolerance below forever.
    t_ms = np.clip(t_ms, -2 * _FOREVER_MS, 2 * _FOREVER_MS)
    table = new_table(ids)
    native.table_insert(table, 0, len(ids))
    first = table.first[: len(ids)].astype(np.int64)
    times = np.sort(t_ms)
    place = first * (len(ids) + 1) + np.searchsorted(times, t_ms)
    order = np.argsort(place, kind="stable")
    filters = _filters(native, ids, t_ms, tolerance_ms)
    return _Index(table, filters, order, place[order], times)


def _filters(
    native: NativeKernels, ids: NDArray[np.uint8], t_ms: Int64s, tolerance_ms: int
) -> FilterArrays:
    """Fill the filter of each day with what may be heard of chains that begin in it.

    The last slot of such a chain ends at most a day after the first begins.
    """
    first = np.maximum((t_ms - tolerance_ms) // _DAY_MS - 1, 0)
    last = np.minimum((t_ms + tolerance_ms) // _DAY_MS, _LAST_DAY)
    possible = first <= last
    ids, first, last = ids[possible], first[possible], last[possible]
    begins = np.bincount(first, minlength=_LAST_DAY + 2)
    ends = np.bincount(last + 1, minlength=_LAST_DAY + 2)
    heard = np.cumsum(begins - ends)
    days = np.flatnonzero(heard)
    far = np.any(last - first >= _MOST_DAYS_OF_ROW)
    in_one = bool(far) or len(days) > MOST_DAYS
    counts = begins[days] if in_one else heard[days]
    arrays = empty_filters(native, days, counts, in_one=in_one)
    native.filters_insert((ids, first, first if in_one else last), arrays)
    fold_filters(native, arrays, range(len(arrays.offsets) - 1))
    return arrays


def _secrets_of(keys: Sequence[PublishedKey]) -> NDArray[np.uint8]:
    for key in keys:
        if len(key.daily_key) != KEY_BYTES:
            raise ValueError(f"a Bluezone key has {KEY_BYTES} bytes")
        if not (0 <= key.time_start_s < _TIMES_S and 0 <= key.time_end_s < _TIMES_S):
            raise ValueError("a time has 32 bits")
    joined = b"".join(key.daily_key for key in keys)
    return np.frombuffer(joined, np.uint8).reshape(-1, KEY_BYTES)


def _chains_heard(
    keys: Sequence[PublishedKey], filters: FilterArrays
) -> Iterator[_Chains]:
    """Yield the chains of days on which something was heard, some at a time."""
    n = len(keys)
    count = np.fromiter((key.count for key in keys), np.int64, n)
    step_ms = np.fromiter((slot_ms(key.count) for key in keys), np.int64, n)
    start_ms = np.fromiter((key.time_start_s for key in keys), np.int64, n) * MS_PER_S
    end_ms = np.fromiter((key.time_end_s for key in keys), np.int64, n) * MS_PER_S
    slots = np.maximum((end_ms - start_ms) // step_ms + 1, 0)
    length_ms = count * step_ms
    # Ages from..beyond - 1 of a key begin within the days that filters know.
    days = filters.base_day + np.array([0, len(filters.slot_of_day)])
    from_, beyond = (-((start_ms - day * _DAY_MS) // length_ms) for day in days)
    from_ = np.maximum(from_, 0)
    beyond = np.minimum(beyond, -(-slots // count))
    sizes = np.maximum(beyond - from_, 0)
    ends = np.cumsum(sizes)
    at = 0
    while at < n:
        behind = ends[at] - sizes[at]
        upto = int(np.searchsorted(ends, behind + _CHAINS_AT_ONCE, "right"))
        upto = max(upto, at + 1)
        key = np.repeat(np.arange(at, upto), sizes[at:upto])
        age = np.arange(len(key)) - (ends - sizes - from_)[key] + behind
        at = upto
        start = start_ms[key] + age * length_ms[key]
        heard = filters.slot_of_day[start // _DAY_MS - filters.base_day] >= 0
        key, age, start = key[heard], age[heard], start[heard]
        left = np.minimum(slots[key] - age * count[key], count[key])
        if len(key):
            yield _Chains(key, age, left, start, step_ms[key])
