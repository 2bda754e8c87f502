"""A Bluezone history searched by kernels; equality is in tests/property/."""

from dataclasses import replace

import pytest

from proximity.errors import KernelError
from proximity.matching.bluezone_candidates import HistoryIndex, match_history
from proximity.protocol.bluezone import derive_ephemeral_ids
from proximity.protocol.bluezone_history import HistoryRow
from proximity.protocol.bluezone_list import HistoryMatch, PublishedKey

KEY = bytes(range(32))
START_S = 1_596_844_800
DAY_S = 86_400
PUBLISHED = PublishedKey(KEY, START_S, START_S + DAY_S - 1, 96)


def row(position, t_s=None):
    sent = derive_ephemeral_ids(KEY)[position]
    at_s = START_S + 900 * position if t_s is None else t_s
    return HistoryRow(bytes(12), sent, -60, at_s * 1_000)


def test_an_id_at_its_time_is_found():
    assert match_history([PUBLISHED], [row(40)]) == (HistoryMatch(0, 0),)


def test_an_id_at_another_time_is_not_found():
    assert match_history([PUBLISHED], [row(40, START_S)]) == ()


def test_rows_are_in_the_order_of_key_slot_and_row():
    history = [row(7), row(3), row(7)]

    assert match_history([PUBLISHED, PUBLISHED], history) == tuple(
        HistoryMatch(key, at) for key in (0, 1) for at in (1, 0, 2)
    )


def test_one_index_serves_several_lists():
    index = HistoryIndex([row(5)])

    assert index.find([PUBLISHED]) == (HistoryMatch(0, 0),)
    assert index.find([]) == ()
    assert index.find([PUBLISHED]) == (HistoryMatch(0, 0),)


def test_an_id_replayed_very_often_is_found_as_often():
    history = [row(5)] * 50_000

    assert len(match_history([PUBLISHED], history)) == 50_000


def test_nothing_heard_finds_nothing():
    assert match_history([PUBLISHED], []) == ()


def test_repr_shows_no_ids():
    assert repr(HistoryIndex([row(1)])) == "<HistoryIndex n=1>"


def test_what_is_out_of_range_is_refused():
    with pytest.raises(ValueError, match="tolerance"):
        HistoryIndex([], tolerance_ms=-1)
    with pytest.raises(ValueError, match="32 bytes"):
        match_history([replace(PUBLISHED, daily_key=b"short")], [row(1)])
    with pytest.raises(ValueError, match="32 bits"):
        match_history([replace(PUBLISHED, time_end_s=2**32)], [row(1)])


def test_a_variant_that_cannot_run_is_refused():
    with pytest.raises(KernelError):
        HistoryIndex([], variant="abacus")
