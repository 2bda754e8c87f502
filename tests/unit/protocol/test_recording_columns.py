import numpy as np
import pytest

from proximity.errors import FormatError
from proximity.protocol.recording_columns import (
    ColumnReader,
    encode_column,
    encode_differences,
)


def column(*values):
    return np.array(values, np.int64)


def test_a_column_is_its_width_and_then_its_bytes_from_the_lowest():
    assert encode_column(column(1, 0x0203)) == bytes([2, 1, 3, 0, 2])


@pytest.mark.parametrize(
    ("most", "width"),
    [(0, 1), (255, 1), (256, 2), (65_535, 2), (65_536, 4), (2**32, 8), (2**62, 8)],
)
def test_a_column_has_the_least_width_that_holds_it(most, width):
    data = encode_column(column(0, most))

    assert data[0] == width
    assert len(data) == 1 + 2 * width
    assert ColumnReader(data).column(2).tolist() == [0, most]


def test_differences_are_zigzag():
    # 5 - 3 = 2 -> 4, 4 - 5 = -1 -> 1, 4 - 4 = 0 -> 0.
    data = encode_differences(column(5, 4, 4), before=3)

    assert data == bytes([1, 4, 1, 0])
    assert ColumnReader(data).differences(3, before=3).tolist() == [5, 4, 4]


def test_an_empty_column_is_a_width_alone():
    assert encode_column(column()) == b"\1"
    assert ColumnReader(b"\1").column(0).tolist() == []


@pytest.mark.parametrize("data", [b"", b"\1", b"\1\0", b"\2\0\0\0"])
def test_a_column_that_ends_early_is_refused(data):
    with pytest.raises(FormatError):
        ColumnReader(data).column(2)


def test_an_unknown_width_is_refused():
    with pytest.raises(FormatError, match="width"):
        ColumnReader(b"\3\0\0\0").column(1)


def test_bytes_left_over_are_refused():
    reader = ColumnReader(b"ab")
    assert reader.take(1) == b"a"

    with pytest.raises(FormatError, match="left over"):
        reader.finish()
