"""CSV as spreadsheets write it: encodings, formulas, and what is no CSV."""

import pytest

from proximity.authority.cases.spreadsheet import (
    ENCODINGS,
    MAX_BYTES,
    MAX_CELL,
    MAX_ROWS,
    read_sheet,
    write_sheet,
)
from proximity.errors import FormatError, TooLargeError

HEADER = ("ref", "assigned")
VIETNAMESE = "Nguyễn Thị Hồng Ngọc, thôn Tả Phìn — ổ dịch số 2"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "utf-16", "windows-1258"])
@pytest.mark.parametrize(
    "text", ["Lê Văn Đức", "Nguyễn Thị Ngọc Hường", "ở đường Ỷ Lan"]
)
def test_vietnamese_comes_back_from_every_encoding(encoding, text):
    sheet = read_sheet(write_sheet(HEADER, [{"ref": "A", "assigned": text}], encoding))

    assert sheet.encoding == encoding
    assert sheet.rows == [(2, {"ref": "A", "assigned": text})]


def test_western_letters_of_the_old_code_page_are_told_from_tone_marks():
    data = "ref,assigned\r\nA,Müller Þórr Ìngo".encode("windows-1252")
    sheet = read_sheet(data)

    assert sheet.encoding == "windows-1252"
    assert sheet.rows[0][1]["assigned"] == "Müller Þórr Ìngo"


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_any_of_three_delimiters_will_do(delimiter):
    data = f"REF{delimiter} Assigned \nA{delimiter}b\n\n{delimiter}\n".encode()

    assert read_sheet(data).rows == [(2, {"ref": "A", "assigned": "b"})]


@pytest.mark.parametrize(
    "text", ["=1+1", "+84", "-2", "@SUM(A1)", "=cmd|' /C calc'!A0", "\t=1"]
)
def test_no_cell_is_a_formula_and_the_text_comes_back(text):
    data = write_sheet(HEADER, [{"ref": text, "assigned": "x"}], "utf-8")
    cell = data.decode().split("\r\n")[1]

    assert cell.startswith(("'", "\"'"))
    assert read_sheet(data).rows[0][1]["ref"] == text


def test_text_with_separators_and_line_breaks_stays_one_cell():
    data = write_sheet(HEADER, [{"ref": VIETNAMESE, "assigned": 'a "b"\nc'}])

    (row,) = read_sheet(data).rows
    assert row[1] == {"ref": VIETNAMESE, "assigned": 'a "b"\nc'}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n\n",
        b"a,a\n1,2",
        b"a,b\n1,2,3",
        b"\xff\xfea",
        b"\xef\xbb\xbf\xff",
        b"a\n" + b"x" * (MAX_CELL + 1),
        b'a\n"' + b"x" * 200_000,
    ],
)
def test_what_is_no_line_list_is_a_named_error(data):
    with pytest.raises(FormatError):
        read_sheet(data)


@pytest.mark.parametrize(
    "data", [b"a" * (MAX_BYTES + 1), b"a\n" + b"1\n" * (MAX_ROWS + 1)]
)
def test_what_is_too_much_is_refused(data):
    with pytest.raises(TooLargeError):
        read_sheet(data)


def test_an_encoding_is_one_of_those_that_are_named():
    with pytest.raises(ValueError, match="encoding"):
        write_sheet(HEADER, [], "latin-2")
    assert len(ENCODINGS) == 5
