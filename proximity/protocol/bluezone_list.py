"""The list that Bluezone publishes, and the rule by which phones match it."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from proximity.errors import FormatError, TooLargeError
from proximity.protocol.bluezone import (
    DEFAULT_COUNT,
    KEY_BYTES,
    MAX_COUNT,
    advance_key,
    id_chain,
    slot_ms,
)
from proximity.protocol.bluezone_history import HistoryRow
from proximity.protocol.json_fields import (
    as_object,
    load_object,
    take_bytes,
    take_int,
    take_list,
)
from proximity.units import MS_PER_S

# The original sends lists in push messages of 4 KiB. A million slots are 740 cases
# of 14 days, and take seconds to hash.
MAX_LIST_BYTES = 2**20
MAX_LIST_SLOTS = 1_000_000
# A phone keeps an old advertisement up to 15 s after a slot ends; the rest is for
# clocks that differ.
CLOCK_TOLERANCE_MS = 120_000

_TIMES_S = range(2**32)
_COUNTS = range(2, MAX_COUNT + 1)


@dataclass(frozen=True, slots=True)
class PublishedKey:
    """One entry of the list: a key, and the span for which its IDs count.

    Attributes
    ----------
    daily_key : bytes
        32 bytes, D[n].
    time_start_s : int
        Unix time of the start of the key's day.
    time_end_s : int
        Unix time of the last moment at which a slot may start.
    count : int
        IDs a day, 2..86,400; `max` in the list.
    """

    daily_key: bytes
    time_start_s: int
    time_end_s: int
    count: int = DEFAULT_COUNT

    def __repr__(self) -> str:
        """Tell the length and the times, never the key."""
        span = f"{self.time_start_s}..{self.time_end_s}"
        return f"<PublishedKey {len(self.daily_key)} bytes {span}>"


class Slot(NamedTuple):
    """An ID and the Unix milliseconds between which it counts, both inclusive."""

    ephemeral_id: bytes
    start_ms: int
    end_ms: int

    def __repr__(self) -> str:
        """Tell the start, never the ID."""
        return f"<Slot start_ms={self.start_ms}>"


class HistoryMatch(NamedTuple):
    """A heard ID that is a case's.

    Attributes
    ----------
    key_index : int
        Index into the list.
    row_index : int
        Index into the history.
    """

    key_index: int
    row_index: int


def decode_list(data: bytes) -> tuple[PublishedKey, ...]:
    """Read a published list.

    Parameters
    ----------
    data : bytes
        `{"data": [{"daily_key", "time_start", "time_end", "max"}, …]}`, at most
        1 MiB; times in seconds below 2**32.

    Returns
    -------
    tuple of PublishedKey
        In the order of the list.

    Raises
    ------
    TooLargeError
        If there are more bytes, or the entries span more than a million slots.
    FormatError
        If it is not JSON, a field is missing, of a wrong type or out of range, or
        an entry ends before it starts; the message names the entry.
    """
    what = "The published list"
    entries = take_list(load_object(data, what, max_bytes=MAX_LIST_BYTES), "data", what)
    keys = tuple(_decode_entry(entry, at) for at, entry in enumerate(entries))
    if sum(map(_slot_count, keys)) > MAX_LIST_SLOTS:
        raise TooLargeError(
            f"The published list spans more than {MAX_LIST_SLOTS} slots.",
            "Publish each case's infectious days only.",
        )
    return keys


def encode_list(keys: Iterable[PublishedKey]) -> bytes:
    """Write a list as Bluezone publishes it; `decode_list` states its bounds."""
    data = [
        {
            "daily_key": key.daily_key.hex().upper(),
            "time_start": key.time_start_s,
            "time_end": key.time_end_s,
            "max": key.count,
        }
        for key in keys
    ]
    return json.dumps({"data": data}, separators=(",", ":")).encode()


def slots(key: PublishedKey) -> Iterator[Slot]:
    """Yield every slot of a published key, in time order.

    Parameters
    ----------
    key : PublishedKey
        As `decode_list` gives it, which bounds the number of slots.

    Yields
    ------
    Slot
        While slots start at or before the key's end. The chain goes on with the next
        day's key after `count` slots, even where these fall short of a day.
    """
    step_ms = slot_ms(key.count)
    start_ms = key.time_start_s * MS_PER_S
    end_ms = key.time_end_s * MS_PER_S
    daily_key = key.daily_key
    while start_ms <= end_ms:
        for ephemeral_id in islice(id_chain(daily_key), key.count):
            if start_ms > end_ms:
                return
            yield Slot(ephemeral_id, start_ms, start_ms + step_ms)
            start_ms += step_ms
        daily_key = advance_key(daily_key)


def match_history(
    keys: Sequence[PublishedKey],
    history: Sequence[HistoryRow],
    *,
    tolerance_ms: int = CLOCK_TOLERANCE_MS,
) -> tuple[HistoryMatch, ...]:
    """Find the rows of a history that heard a published key.

    Parameters
    ----------
    keys : sequence of PublishedKey
        As `decode_list` gives them.
    history : sequence of HistoryRow
        In any order.
    tolerance_ms : int >= 0
        By how much clocks may differ: a row counts from so long before its slot
        starts until so long after it ends, both inclusive; 0 is Bluezone's own rule.

    Returns
    -------
    tuple of HistoryMatch
        Ordered by key, slot and row. Source: docs/reference/schemes.md#matching.

    Raises
    ------
    ValueError
        If the tolerance is negative.
    """
    if tolerance_ms < 0:
        raise ValueError("a tolerance is not negative")
    rows_of: defaultdict[bytes, list[int]] = defaultdict(list)
    for row_index, row in enumerate(history):
        rows_of[row.contact_id].append(row_index)
    return tuple(
        HistoryMatch(key_index, row_index)
        for key_index, key in enumerate(keys)
        for slot in slots(key)
        for row_index in rows_of.get(slot.ephemeral_id, ())
        if slot.start_ms - tolerance_ms
        <= history[row_index].t_ms
        <= slot.end_ms + tolerance_ms
    )


def _decode_entry(entry: object, at: int) -> PublishedKey:
    what = f"Entry {at} of the published list"
    document = as_object(entry, what)
    key = PublishedKey(
        daily_key=take_bytes(document, "daily_key", what, KEY_BYTES),
        time_start_s=take_int(document, "time_start", what, _TIMES_S),
        time_end_s=take_int(document, "time_end", what, _TIMES_S),
        count=take_int(document, "max", what, _COUNTS),
    )
    if key.time_end_s < key.time_start_s:
        raise FormatError(
            f"{what} ends before it starts.", "Ask the publisher for a right list."
        )
    return key


def _slot_count(key: PublishedKey) -> int:
    span_ms = (key.time_end_s - key.time_start_s) * MS_PER_S
    return span_ms // slot_ms(key.count) + 1
