"""What a page answers."""

import csv
import io

import pytest

from proximity.authority.console.view import Csv, SignedIn, encode_csv, safe_cell


@pytest.mark.parametrize(
    "cell", ["=1+1", "+1", "-1", "@a", "\t=1", "\r=1", "\n=1", '=HYPERLINK("x")']
)
def test_no_cell_is_a_formula(cell):
    assert safe_cell(cell) == "'" + cell


@pytest.mark.parametrize("cell", ["Lan", "1-2", "", 5, -5, None, "a=b"])
def test_what_is_none_stays_as_it_is(cell):
    assert safe_cell(cell) == cell


def test_a_table_is_read_back_with_every_letter():
    rows = [('Nguyễn, Thị "Hoa"\nB', "=1"), ("Vàng A Páo", 7)]
    data = b"".join(encode_csv(Csv("t", ("Họ tên", "n"), rows)))
    found = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))

    assert data.startswith(b"\xef\xbb\xbf")
    assert found == [
        ["Họ tên", "n"],
        ['Nguyễn, Thị "Hoa"\nB', "'=1"],
        ["Vàng A Páo", "7"],
    ]


def test_a_token_is_not_told():
    assert "abc" not in repr(SignedIn("abc", "/today"))
