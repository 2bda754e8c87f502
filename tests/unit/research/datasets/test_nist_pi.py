"""Two Raspberry Pis in line of sight."""

import numpy as np
import pytest

from proximity.errors import FormatError
from proximity.research.datasets.nist_pi import IDS, load_nist_pi

HEADER = "Timestamp,MAC,RSSI,UUID,RPI,Version,TX_Power,Reserved\n"


def test_rows_with_a_damaged_id_are_left_out(tmp_path):
    (tmp_path / "ContactTracingData_150cm_Device_A.csv").write_text(
        HEADER
        + f"1588139637.5,x,-45,fd6f,{IDS[1]},40,0c,0000\n"
        + "1588139638.5,x,-4294967234,036f,0003040506,40,00,0000\n"
    )
    (tmp_path / "ContactTracingData_50cm_Device_B.csv").write_text(
        HEADER + f"1588139640,x,-4294967234,fd6f,{IDS[0]},40,0c,0000\n"
    )

    (pair,) = load_nist_pi(tmp_path).collections

    assert pair.sightings.t_ms.tolist() == [1_588_139_637_500, 1_588_139_640_000]
    assert [s.distance_m for s in pair.segments] == [1.5, 0.5]
    assert [s.receiver for s in pair.segments] == [0, 1]
    assert np.isnan(pair.sightings.rssi_dbm[1])


def test_no_address_is_kept(tmp_path):
    (tmp_path / "ContactTracingData_150cm_Device_A.csv").write_text(
        HEADER + f"1588139637,b8:27:eb:74:3e:15,-45,fd6f,{IDS[1]},40,0c,0000\n"
    )

    assert "74:3e" not in repr(load_nist_pi(tmp_path))


def test_a_folder_without_logs_is_refused(tmp_path):
    with pytest.raises(FormatError, match="no log"):
        load_nist_pi(tmp_path)
