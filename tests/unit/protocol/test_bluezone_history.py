import pytest

from proximity.errors import FormatError, TooLargeError, TruncatedError
from proximity.protocol import bluezone_history
from proximity.protocol.bluezone_history import (
    HistoryRow,
    decode_history,
    encode_history,
)

OWN, HEARD = "E376E0B409BCE18ECF5F2ED4", "286BCE589AB994EFA5F73CAD"
ANDROID = f"{OWN}\t{HEARD}\t-61\t1596869100153\n".encode()
IOS = f"{OWN}\t{HEARD}\t-61\t1596869100\n".encode()
ROW = HistoryRow(bytes.fromhex(OWN), bytes.fromhex(HEARD), -61, 1_596_869_100_153)


def test_a_file_of_android_is_read_in_milliseconds():
    assert decode_history(ANDROID) == (ROW,)


def test_a_file_of_ios_is_read_in_seconds():
    assert decode_history(IOS)[0].t_ms == 1_596_869_100_000


def test_one_file_may_hold_both_units():
    assert [row.t_ms for row in decode_history(IOS + ANDROID)] == [
        1_596_869_100_000,
        1_596_869_100_153,
    ]


def test_files_are_written_as_the_phones_write_them():
    assert encode_history([ROW]) == ANDROID
    assert encode_history([ROW], unit="s") == IOS


def test_an_empty_file_has_no_rows():
    assert decode_history(b"") == ()


def test_lower_case_is_read():
    assert decode_history(ANDROID.lower()) == (ROW,)


@pytest.mark.parametrize("cut", [1, 2, 4, 20])
def test_a_cut_line_is_truncated_even_where_it_looks_whole(cut):
    with pytest.raises(TruncatedError):
        decode_history(ANDROID + ANDROID[:-cut])


@pytest.mark.parametrize(
    "line",
    [
        "",
        f"{OWN}\t{HEARD}\t-61\n",
        f"{OWN}\t{HEARD}\t-61\t15968691001\n",
        f"{OWN}\t{HEARD}\t-61\t0596869100\n",
        f"{OWN}\t{HEARD}\t-129\t1596869100\n",
        f"{OWN}\t{HEARD}\t128\t1596869100\n",
        f"{OWN}\t{HEARD}\t-61.5\t1596869100\n",
        f"{OWN}\t{HEARD[:-2]}\t-61\t1596869100\n",
        f"{OWN} {HEARD} -61 1596869100\n",
        f"{OWN}\t{HEARD}\t-61\t1596869100\r\n",
        f"{OWN}\t{HEARD}\t-61\t1596869100\tx\n",
        f"{OWN}\t{HEARD}\t-61\t\u0661596869100\n",
    ],
)
def test_a_line_of_another_form_is_named_by_its_number(line):
    with pytest.raises(FormatError, match="Line 2 ") as caught:
        decode_history(ANDROID + line.encode() + (b"" if line else b"\n"))

    assert OWN not in str(caught.value) + caught.value.hint


def test_a_file_beyond_its_bound_is_refused_unread(monkeypatch):
    monkeypatch.setattr(bluezone_history, "MAX_HISTORY_BYTES", len(ANDROID))

    assert len(decode_history(ANDROID)) == 1
    with pytest.raises(TooLargeError):
        decode_history(ANDROID * 2)


@pytest.mark.parametrize(
    "row",
    [
        HistoryRow(bytes(11), bytes(12), -61, 1_596_869_100_153),
        HistoryRow(bytes(12), bytes(13), -61, 1_596_869_100_153),
        HistoryRow(bytes(12), bytes(12), 128, 1_596_869_100_153),
        HistoryRow(bytes(12), bytes(12), -61, 999_999_999_999),
        HistoryRow(bytes(12), bytes(12), -61, 10**13),
    ],
)
@pytest.mark.parametrize("unit", ["ms", "s"])
def test_a_row_that_readers_would_misread_is_not_written(row, unit):
    with pytest.raises(ValueError, match=r"\w"):
        encode_history([row], unit=unit)


def test_a_row_does_not_show_its_ids():
    assert repr(ROW) == "<HistoryRow t_ms=1596869100153>"
