"""CSV columns: packed or not, ragged, empty, hostile."""

import lzma

import numpy as np
import pytest

from proximity.errors import FormatError
from proximity.research.datasets import csv_table
from proximity.research.datasets.csv_table import (
    Columns,
    find_table,
    number,
    read_records,
    read_table,
)

COLUMNS = Columns(numbers=("a",), texts=("b",), optional=("c",))


@pytest.fixture
def write(tmp_path):
    def make(text, name="table.csv"):
        path = tmp_path / name
        data = text if isinstance(text, bytes) else text.encode()
        path.write_bytes(lzma.compress(data) if name.endswith(".xz") else data)
        return path

    return make


@pytest.mark.parametrize("name", ["table.csv", "table.csv.xz"])
def test_columns_are_found_by_name(write, name):
    table = read_table(write("b,x,a\nfar,9,1.5\nnear,9,\n", name), COLUMNS)

    assert table.n == 2
    assert table.numbers["a"][0] == 1.5
    assert np.isnan(table.numbers["a"][1])
    assert np.isnan(table.numbers["c"]).all()
    assert table.texts["b"].names == ("far", "near")
    assert table.texts["b"].code.tolist() == [0, 1]


def test_lines_that_span_pieces_stay_whole(write, monkeypatch):
    monkeypatch.setattr("proximity.research.datasets.xz.CHUNK_BYTES", 3)

    table = read_table(write("a,b\r\n12345,é\r\n-1,é\r\n"), COLUMNS)

    assert table.numbers["a"].tolist() == [12345, -1]
    assert table.texts["b"].names == ("é",)


def test_a_mark_of_byte_order_is_no_part_of_a_name(write):
    assert read_table(write("\ufeffa,b\n1,x\n"), COLUMNS).n == 1


def test_a_file_without_a_header_is_told_its_names(write):
    columns = Columns(numbers=("t",), header=("t", "unused"))

    assert read_table(write("5,x\n"), columns).numbers["t"].tolist() == [5]


def test_times_are_read_as_utc(write):
    columns = Columns(times=("time",))
    table = read_table(write("time\n2021-01-04 14:22:03\n"), columns)

    assert table.times_ms["time"].tolist() == [1_609_770_123_000]


def test_rows_of_another_shape_are_left_out_only_if_asked(write):
    path = write("a,b\n1,x\nsafe,-89,2412,\n,\n2,y\n")
    lenient = Columns(numbers=("a",), skip_ragged=True)

    assert read_table(path, lenient).numbers["a"].tolist() == [1, 2]
    with pytest.raises(FormatError, match="length"):
        read_table(path, COLUMNS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no column"),
        ("b\nx\n", "no column a"),
        ("a,b\none,x\n", "should not"),
        (f"a,b\n1,{'x' * 70_000}", "line without end"),
        ('a,b\n1,"' + "x\n" * 90_000, "not CSV"),
    ],
)
def test_what_is_no_such_table_is_refused(write, text, message):
    with pytest.raises(FormatError, match=message):
        read_table(write(text), COLUMNS)


def test_a_date_that_is_none_is_refused(write):
    with pytest.raises(FormatError):
        read_table(write("time\nyesterday\n"), Columns(times=("time",)))


def test_more_rows_than_any_campaign_has_are_refused(write, monkeypatch):
    monkeypatch.setattr(csv_table, "MAX_ROWS", 2)

    with pytest.raises(FormatError, match="more than 2 rows"):
        read_table(write("a,b\n" + "1,x\n" * 3), COLUMNS)


def test_more_names_than_a_column_of_names_has_are_refused(write, monkeypatch):
    monkeypatch.setattr(csv_table, "MAX_NAMES", 2)

    with pytest.raises(FormatError):
        read_table(write("a,b\n1,x\n1,y\n1,z\n"), COLUMNS)


def test_a_bomb_is_stopped(write, monkeypatch):
    monkeypatch.setattr(csv_table, "MAX_BYTES", 1_000)

    with pytest.raises(FormatError, match="unpacks"):
        read_table(write("a,b\n" + "1,x\n" * 1_000, "table.csv.xz"), COLUMNS)


def test_the_plain_file_goes_before_the_packed_one(write, tmp_path):
    packed = write("a\n1\n", "table.csv.xz")
    assert find_table(tmp_path, "table.csv") == packed

    plain = write("a\n1\n")
    assert find_table(tmp_path, "table.csv") == plain


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FormatError, match=r"no table\.csv"):
        find_table(tmp_path, "table.csv")


def test_records_are_read_by_name(write):
    assert read_records(write("a,b\n1,x\n\n2,\n")) == [
        {"a": "1", "b": "x"},
        {"a": "2", "b": ""},
    ]


def test_too_many_records_are_refused(write, monkeypatch):
    monkeypatch.setattr(csv_table, "MAX_NAMES", 1)

    with pytest.raises(FormatError, match="more than 1 rows"):
        read_records(write("a\n1\n2\n"))


def test_a_field_is_a_number_nothing_or_refused():
    assert number({"x": " 1.5 "}, "x") == 1.5
    assert number({"x": ""}, "x") is None
    assert number({"x": " NaN "}, "x") is None
    assert number({}, "x") is None
    for text in ("near", "nano", "inf"):
        with pytest.raises(FormatError):
            number({"x": text}, "x")
