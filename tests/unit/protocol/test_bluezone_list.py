import json

import pytest

from proximity.errors import FormatError, TooLargeError
from proximity.protocol import bluezone, bluezone_list
from proximity.protocol.bluezone_history import HistoryRow
from proximity.protocol.bluezone_list import (
    HistoryMatch,
    PublishedKey,
    decode_list,
    encode_list,
    match_history,
    slots,
)

KEY = bytes(range(32))
START_S = 1_596_844_800
ENTRY = {"daily_key": KEY.hex(), "time_start": START_S, "time_end": START_S, "max": 96}


def published(**change):
    return json.dumps({"data": [ENTRY | change]}).encode()


def heard(slot, offset_ms):
    """Return a row that heard a slot's ID so long after the slot's start."""
    ids = bluezone.ephemeral_ids(KEY, START_S)
    return HistoryRow(
        bytes(12), ids[slot].value, -95, ids[slot].valid_from_ms + offset_ms
    )


def test_a_list_is_read_in_its_order():
    data = json.dumps({"data": [ENTRY, ENTRY | {"max": 48}]}).encode()

    assert decode_list(data) == (
        PublishedKey(KEY, START_S, START_S, 96),
        PublishedKey(KEY, START_S, START_S, 48),
    )


def test_a_list_is_read_as_it_was_written():
    keys = (PublishedKey(KEY, START_S, START_S + 86_400, 48),)

    assert decode_list(encode_list(keys)) == keys
    assert KEY.hex().upper().encode() in encode_list(keys)


def test_fields_that_are_not_known_are_left_out():
    assert len(decode_list(published(note="x"))) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"daily_key": KEY.hex()[2:]},
        {"daily_key": "zz" * 32},
        {"daily_key": " " * 64},
        {"daily_key": 5},
        {"time_start": -1},
        {"time_start": 1.5},
        {"time_end": 2**32},
        {"time_end": None},
        {"max": 1},
        {"max": True},
        {"max": 10**9},
        {"max": "96"},
    ],
)
def test_an_entry_of_another_form_is_named(change):
    with pytest.raises(FormatError, match=f"Entry 0 .*`{next(iter(change))}`"):
        decode_list(published(**change))


def test_an_entry_that_ends_before_it_starts_is_refused():
    with pytest.raises(FormatError, match="ends before"):
        decode_list(published(time_end=START_S - 1))


@pytest.mark.parametrize("data", [b"", b"[]", b'{"data": 1}', b'{"data": [1]}', b"{"])
def test_what_is_no_list_is_refused(data):
    with pytest.raises(FormatError):
        decode_list(data)


def test_centuries_of_slots_are_refused_before_they_are_hashed():
    with pytest.raises(TooLargeError, match="slots"):
        decode_list(published(time_start=0, time_end=2**32 - 1))
    with pytest.raises(TooLargeError, match="slots"):
        decode_list(published(max=86_400, time_end=START_S + 1_000_000))


def test_many_entries_share_one_bound():
    fortnight = ENTRY | {"time_end": START_S + 14 * 86_400}

    assert len(decode_list(json.dumps({"data": [fortnight] * 743}).encode())) == 743
    with pytest.raises(TooLargeError, match="slots"):
        decode_list(json.dumps({"data": [fortnight] * 744}).encode())


def test_a_list_beyond_its_bytes_is_refused(monkeypatch):
    monkeypatch.setattr(bluezone_list, "MAX_LIST_BYTES", 10)

    with pytest.raises(TooLargeError, match="10 bytes"):
        decode_list(published())


def test_slots_go_on_with_the_next_day():
    key = PublishedKey(KEY, START_S, START_S + 86_400, 96)
    found = list(slots(key))

    assert len(found) == 97
    assert (
        found[96].ephemeral_id
        == (bluezone.derive_ephemeral_ids(bluezone.advance_key(KEY))[0])
    )
    assert found[96].start_ms == (START_S + 86_400) * 1000


def test_a_slot_that_starts_at_the_end_still_counts():
    assert len(list(slots(PublishedKey(KEY, START_S, START_S + 899)))) == 1
    assert len(list(slots(PublishedKey(KEY, START_S, START_S + 900)))) == 2


def test_the_window_of_the_published_example_has_3506_slots():
    assert len(list(slots(PublishedKey(KEY, START_S, 1_600_000_000)))) == 3_506


@pytest.mark.parametrize(
    ("offset_ms", "matches"),
    [(-2_001, False), (-2_000, True), (902_000, True), (902_001, False)],
)
def test_the_tolerance_widens_both_ends_of_a_slot(offset_ms, matches):
    keys = [PublishedKey(KEY, START_S, START_S + 86_400)]

    found = match_history(keys, [heard(5, offset_ms)], tolerance_ms=2_000)

    assert bool(found) is matches


def test_two_minutes_are_tolerated_unless_stated_otherwise():
    keys = [PublishedKey(KEY, START_S, START_S + 86_400)]

    assert match_history(keys, [heard(5, -120_000)])
    assert not match_history(keys, [heard(5, -120_001)])


def test_the_tolerance_does_not_prolong_what_was_published():
    keys = [PublishedKey(KEY, START_S, START_S + 899)]

    assert not match_history(keys, [heard(1, 0)], tolerance_ms=3_600_000)


def test_matches_name_their_key_and_row():
    stranger = HistoryRow(bytes(12), bytes(12), -40, START_S * 1000)
    keys = [
        PublishedKey(KEY[::-1], START_S, START_S + 86_400),
        PublishedKey(KEY, START_S, START_S + 86_400),
    ]

    found = match_history(
        keys, [heard(7, 5), stranger, heard(2, 9), heard(2, 4)], tolerance_ms=0
    )

    assert found == (HistoryMatch(1, 2), HistoryMatch(1, 3), HistoryMatch(1, 0))


def test_a_negative_tolerance_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="negative"):
        match_history([], [], tolerance_ms=-1)


def test_neither_keys_nor_slots_show_their_secret():
    key = PublishedKey(KEY, START_S, START_S)

    assert repr(key) == f"<PublishedKey 32 bytes {START_S}..{START_S}>"
    assert repr(next(slots(key))) == f"<Slot start_ms={START_S}000>"
