"""Tables of packets: repeated ones, missing values, damage."""

import lzma

import numpy as np
import pytest

from proximity.errors import FormatError
from proximity.protocol.sighting import MISSING_RSSI_DBM
from proximity.research.datasets import dp3t_table
from proximity.research.datasets.dp3t_table import MISSING_TX_POWER_DBM, read_packets

T_MS = 1_587_102_977_032


def test_packets_come_in_the_order_of_their_times(write_table):
    packets = read_packets(
        write_table(
            [(1, 2, T_MS + 5.0, -70, -20, 1.5), (3, 1, float(T_MS), -80, -21, None)]
        )
    )

    assert packets.t_ms.tolist() == [T_MS, T_MS + 5]
    assert packets.receiver.tolist() == [3, 1]
    assert packets.transmitter.tolist() == [1, 2]
    assert packets.rssi_dbm.tolist() == [-80, -70]
    assert packets.tx_power_dbm.tolist() == [-21, -20]
    assert packets.table_distance_m[1] == 1.5
    assert np.isnan(packets.table_distance_m[0])


def test_a_packet_stored_twice_for_one_millisecond_counts_once(write_table):
    row = (1, 2, float(T_MS), -70, -20, None)
    packets = read_packets(
        write_table([row, (1, 2, float(T_MS), -90, -20, None), (2, 1, *row[2:]), row])
    )

    assert packets.receiver.tolist() == [1, 2]
    assert packets.rssi_dbm.tolist() == [-70, -70]


RSSI = (0, 127, -19, -20, -128, -700, None, float("inf"))


def test_an_rssi_that_no_radio_measures_is_missing(write_table):
    rows = [(1, 2, T_MS + i, rssi, -20, None) for i, rssi in enumerate(RSSI)]

    packets = read_packets(write_table(rows))

    missing = [MISSING_RSSI_DBM] * 7
    assert packets.rssi_dbm.tolist() == [*missing[:3], -20, *missing[3:]]


def test_a_power_that_no_advertisement_states_is_missing(write_table):
    stated = (-20, None, -128, 300, float("-inf"), 20)
    rows = [(1, 2, T_MS + i, -70, power, None) for i, power in enumerate(stated)]

    packets = read_packets(write_table(rows))

    missing = [MISSING_TX_POWER_DBM] * 4
    assert packets.tx_power_dbm.tolist() == [-20, *missing, 20]


def test_a_negative_distance_is_none(write_table):
    packets = read_packets(write_table([(1, 2, T_MS, -70, -20, -1.0)]))

    assert np.isnan(packets.table_distance_m).all()


def test_times_in_seconds_become_milliseconds(write_table):
    packets = read_packets(write_table([(1, 2, T_MS / 1_000, -70, -20, None)]))

    assert packets.t_ms.tolist() == [T_MS]


def test_an_empty_table_has_no_packets(write_table):
    assert len(read_packets(write_table([])).t_ms) == 0


@pytest.mark.parametrize(
    "row",
    [
        (1, 2, None, -70, -20, None),
        (-1, 2, T_MS, -70, -20, None),
        (1, 2, T_MS, -70, b"\x00", None),
        ("phone", 2, T_MS, -70, -20, None),
        (1, 2, float("inf"), -70, -20, None),
    ],
)
def test_values_out_of_range_are_refused(write_table, row):
    with pytest.raises(FormatError):
        read_packets(write_table([row]))


def test_another_table_is_refused(write_table):
    with pytest.raises(FormatError, match="not readable"):
        read_packets(write_table([], create="CREATE TABLE other(x)"))


def test_what_is_no_database_is_refused(tmp_path):
    packed = tmp_path / "scenario01-lunch.sqlite.xz"
    packed.write_bytes(lzma.compress(b"no database at all" * 100))

    with pytest.raises(FormatError):
        read_packets(packed)


def test_a_view_that_never_ends_is_stopped(write_table, monkeypatch):
    monkeypatch.setattr(dp3t_table, "MAX_LOOKS", 2)
    endless = """CREATE VIEW results AS WITH RECURSIVE n(x) AS
        (SELECT 1 UNION ALL SELECT x + 1 FROM n)
        SELECT x AS receiver_id, x AS transmitter_id, x AS timestamp, x AS rssi,
        x AS tx_power, x AS ground_truth_distance FROM n WHERE x < 0"""

    with pytest.raises(FormatError):
        read_packets(write_table([], create=endless))
