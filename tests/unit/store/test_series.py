import numpy as np
import pytest

from proximity.errors import StoreError
from proximity.store.series import floor_to_step, pack_series, unpack_series


def test_a_sighting_takes_three_bytes_as_documented():
    packed = pack_series([1_000, 1_300, 27_000], [-60, 127, -101])

    assert packed.hex(" ", 3) == "0000c4 03007f 01019b"


def test_rows_come_back_end_to_end():
    rows = [([100, 300], [-1, -2]), ([50_000], [127]), ([0, 0, 6_553_500], [1, 2, 3])]
    packed = [pack_series(*row) for row in rows]

    series = unpack_series(packed, [100, 50_000, 0])

    assert series.offsets.tolist() == [0, 2, 3, 6]
    assert series.t_ms.tolist() == [100, 300, 50_000, 0, 0, 6_553_500]
    assert series.rssi_dbm.tolist() == [-1, -2, 127, 1, 2, 3]
    assert series.t_ms.dtype == np.int64
    assert series.rssi_dbm.dtype == np.int8


def test_no_rows_give_empty_columns():
    series = unpack_series([], [])

    assert series.offsets.tolist() == [0]
    assert len(series.t_ms) == len(series.rssi_dbm) == 0


@pytest.mark.parametrize("broken", [b"", b"\0\0", b"\0\0\0\0"])
def test_a_row_that_is_not_whole_is_damage(broken):
    with pytest.raises(StoreError, match="damaged"):
        unpack_series([pack_series([0], [0]), broken], [0, 0])


def test_times_are_rounded_down_so_that_order_stays():
    assert [floor_to_step(t_ms) for t_ms in (0, 99, 100, 1_234)] == [0, 0, 100, 1_200]
