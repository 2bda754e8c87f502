import numpy as np

from proximity.protocol.sighting import (
    MISSING_RSSI_DBM,
    Sighting,
    group_encounters,
)

FIRST, SECOND = bytes(range(16)), bytes(range(16, 32))


def heard(
    t_ms: int, ephemeral_id: bytes = FIRST, rssi_dbm: int | None = -60
) -> Sighting:
    return Sighting(t_ms, rssi_dbm, "gaen", ephemeral_id, bytes(4), b"\x01\2\3\4\5\6")


def test_a_sighting_never_shows_whom_it_heard():
    text = repr(heard(1_000))

    assert "gaen" in text
    assert FIRST.hex() not in text
    assert "0102030405" not in text


def test_encounters_are_counted_and_never_shown():
    assert repr(group_encounters([heard(1), heard(2, SECOND)])) == "<Encounters n=2>"


def test_sightings_of_one_id_become_one_row_in_time_order():
    rows = group_encounters([heard(300), heard(100), heard(200, SECOND)])

    assert rows.ephemeral_id.tolist() == [list(FIRST), list(SECOND)]
    assert rows.offsets.tolist() == [0, 2, 3]
    assert rows.t_ms.tolist() == [100, 300, 200]


def test_an_unmeasured_rssi_keeps_its_mark():
    rows = group_encounters([heard(1, rssi_dbm=None), heard(2, rssi_dbm=-71)])

    assert rows.rssi_dbm.tolist() == [MISSING_RSSI_DBM, -71]
    assert rows.rssi_dbm.dtype == np.int8


def test_other_schemes_are_left_to_their_own_matchers():
    other = Sighting(5, -60, "bluezone", bytes(12))

    assert len(group_encounters([other, heard(6)]).ephemeral_id) == 1


def test_nothing_heard_gives_empty_columns_of_the_right_shape():
    rows = group_encounters([])

    assert rows.ephemeral_id.shape == (0, 16)
    assert rows.metadata.shape == (0, 4)
    assert rows.offsets.tolist() == [0]
