import pytest

from proximity.errors import TooLargeError
from proximity.protocol import reception
from proximity.protocol.reception import Broadcast, gather_receptions
from proximity.protocol.sighting import MISSING_RSSI_DBM

ADDRESS = bytes.fromhex("a1b2c3d4e5f6")


def test_receptions_keep_their_order_and_share_broadcasts():
    first, second = Broadcast(ADDRESS, b"one"), Broadcast(None, b"one")
    found = gather_receptions([(5, -60, first), (3, -61, second), (9, -62, first)])

    assert found.t_ms.tolist() == [5, 3, 9]
    assert found.rssi_dbm.tolist() == [-60, -61, -62]
    assert found.broadcast.tolist() == [0, 1, 0]
    assert found.broadcasts == (first, second)


def test_an_rssi_that_was_not_measured_is_marked():
    found = gather_receptions([(5, None, Broadcast(None, b""))])

    assert found.rssi_dbm.tolist() == [MISSING_RSSI_DBM]


def test_nothing_heard_is_no_receptions():
    found = gather_receptions([])

    assert [len(column) for column in found] == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("bound", "what"),
    [
        ("MAX_RECEPTIONS", "receptions"),
        ("MAX_BROADCASTS", "distinct broadcasts"),
        ("MAX_BROADCAST_BYTES", "bytes of distinct advertising data"),
    ],
)
def test_a_recording_is_bounded(monkeypatch, bound, what):
    monkeypatch.setattr(reception, bound, 2)
    three = [(i, -60, Broadcast(None, bytes([i]))) for i in range(3)]

    with pytest.raises(TooLargeError, match=what):
        gather_receptions(three)
    assert len(gather_receptions(three[:2]).t_ms) == 2


def test_repr_shows_neither_address_nor_data():
    found = gather_receptions([(5, -60, Broadcast(ADDRESS, b"secret advertisement"))])

    for text in (repr(found), repr(found.broadcasts)):
        assert "secret" not in text
        assert ADDRESS.hex() not in text
