"""What the compiled form asks of its kernels; tests/contract has what it reads."""

import numpy as np
import pytest

from proximity.kernels.dispatch import load_native
from proximity.protocol.export_scan_native import NativeReader

RECORD = b"\x3a\x12\x0a\x10" + bytes(range(16))
kernels = load_native()
pytestmark = pytest.mark.skipif(kernels is None, reason="nothing was compiled")


def columns(rows: int) -> list[np.ndarray]:
    dtypes = (np.int64, np.int64, np.uint8, np.int16, np.uint8, np.bool_)
    return [np.zeros((rows, 16), np.uint8), *(np.zeros(rows, d) for d in dtypes)]


def test_an_unsound_record_is_judged_by_the_plain_form(monkeypatch):
    judged = []
    monkeypatch.setattr(
        "proximity.protocol.export_scan_plain.scan_records", judged.append
    )
    data = memoryview(RECORD + b"\x3a\x14\x0a\x10" + bytes(16) + b"\x20\x00")

    NativeReader(kernels).scan_records(data)

    assert judged == [data]


def test_a_sound_stretch_is_not_read_a_second_time(monkeypatch):
    monkeypatch.delattr("proximity.protocol.export_scan_plain.scan_records")

    assert len(NativeReader(kernels).scan_records(memoryview(RECORD * 3)).revised) == 3


def test_full_columns_stop_the_kernel_where_it_can_go_on():
    out = columns(2)

    assert kernels.export_scan(RECORD * 3, 0, out, 0) == (40, 2, True)
    assert kernels.export_scan(RECORD * 3, 40, out, 1) == (60, 1, True)
    assert kernels.export_scan(RECORD * 3, 0, out, 2) == (0, 0, True)


@pytest.mark.parametrize("column", range(1, 7))
def test_columns_of_different_length_are_refused(column):
    out = columns(4)
    out[column] = out[column][:3]

    with pytest.raises(ValueError, match="differ in length"):
        kernels.export_scan(RECORD, 0, out, 0)


def test_a_walk_begins_within_the_data_and_the_columns():
    with pytest.raises(ValueError, match="beyond the data"):
        kernels.export_count(RECORD, 21)
    with pytest.raises(ValueError, match="beyond the data"):
        kernels.export_scan(RECORD, 21, columns(1), 0)
    with pytest.raises(ValueError, match="beyond the columns"):
        kernels.export_scan(RECORD, 0, columns(1), 2)


def test_what_cannot_be_written_is_refused():
    out = columns(1)
    out[0].flags.writeable = False

    with pytest.raises((ValueError, BufferError)):
        kernels.export_scan(RECORD, 0, out, 0)
