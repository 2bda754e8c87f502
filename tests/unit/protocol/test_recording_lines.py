import io
import json

import numpy as np
import pytest

from proximity.errors import FormatError, TooLargeError, TruncatedError
from proximity.protocol import reception
from proximity.protocol.reception import Broadcast, gather_receptions
from proximity.protocol.recording_lines import read_lines, write_lines
from proximity.protocol.sighting import MISSING_RSSI_DBM, Scans

ADDRESS = bytes.fromhex("a1b2c3d4e5f6")
NO_SCANS = Scans(*(np.zeros(0, np.int64) for _ in range(3)))


def read(text):
    return read_lines(io.BytesIO(text if isinstance(text, bytes) else text.encode()))


def line(**members):
    heard = {"t_ms": 5, "rssi_dbm": -60, "address": None, "data": "00"}
    return json.dumps({**heard, **members}) + "\n"


def test_a_scan_and_a_reception_are_read():
    receptions, scans = read(
        '{"scan": [1585785600000, 1585785604000]}\n'
        '{"t_ms": 1585785601000, "rssi_dbm": -60, "address": "A1:B2:C3:D4:E5:F6",'
        ' "data": "02011A"}\n'
    )

    assert scans.start_ms.tolist() == [1_585_785_600_000]
    assert scans.end_ms.tolist() == [1_585_785_604_000]
    assert scans.monotonic_ms.tolist() == [-1]
    assert receptions.t_ms.tolist() == [1_585_785_601_000]
    assert receptions.rssi_dbm.tolist() == [-60]
    assert receptions.broadcasts == (Broadcast(ADDRESS, b"\2\1\x1a"),)


@pytest.mark.parametrize("first", [line(), "\n" + line()])
def test_a_byte_order_mark_is_passed_over(first):
    receptions, _ = read(b"\xef\xbb\xbf" + first.encode())

    assert receptions.t_ms.tolist() == [5]


def test_a_scan_may_tell_its_monotonic_time():
    _, scans = read('{"scan": [5, 9], "monotonic_ms": 77}\n')

    assert scans.monotonic_ms.tolist() == [77]


@pytest.mark.parametrize(
    "address", ["a1b2c3d4e5f6", "A1:B2:C3:D4:E5:F6", "a1-b2-c3-d4-e5-f6"]
)
def test_an_address_is_hex_with_or_without_separators(address):
    receptions, _ = read(line(address=address))

    assert receptions.broadcasts[0].address == ADDRESS


def test_an_address_may_be_absent():
    receptions, _ = read('{"t_ms": 5, "rssi_dbm": -60, "data": ""}\n')

    assert receptions.broadcasts == (Broadcast(None, b""),)


@pytest.mark.parametrize("rssi_dbm", [None, 127])
def test_an_rssi_that_was_not_measured_is_null_or_127(rssi_dbm):
    receptions, _ = read(line(rssi_dbm=rssi_dbm))

    assert receptions.rssi_dbm.tolist() == [MISSING_RSSI_DBM]


def test_whole_numbers_may_be_written_with_a_fraction_of_zero():
    receptions, _ = read(line(t_ms=5.0, rssi_dbm=-60.0))

    assert (receptions.t_ms.tolist(), receptions.rssi_dbm.tolist()) == ([5], [-60])


def test_blank_lines_and_unknown_members_are_passed_over():
    receptions, scans = read("\n\r\n" + line(note="loud") + "  \n")

    assert (len(receptions.t_ms), len(scans.start_ms)) == (1, 0)


def test_a_line_that_is_both_a_scan_and_an_advertisement_is_refused():
    with pytest.raises(FormatError, match="line 2: is both"):
        read(line() + line(scan=[5, 9]))


def test_the_last_line_needs_no_line_feed():
    assert len(read(line().rstrip("\n"))[0].t_ms) == 1


def test_an_empty_file_is_an_empty_recording():
    receptions, scans = read("")

    assert (len(receptions.t_ms), len(scans.start_ms)) == (0, 0)


@pytest.mark.parametrize(
    "broken",
    [
        "hello\n",
        "5\n",
        "[]\n",
        "null\n",
        "{}\n",
        '{"t_ms": 5}\n',
        line(t_ms="5"),
        line(t_ms=True),
        line(t_ms=None),
        line(t_ms=5.5),
        line(t_ms=-1),
        line(t_ms=10**15),
        '{"t_ms": NaN, "rssi_dbm": -60, "data": "00"}\n',
        '{"t_ms": 1e999, "rssi_dbm": -60, "data": "00"}\n',
        '{"t_ms": ' + "9" * 5_000 + ', "rssi_dbm": -60, "data": "00"}\n',
        '{"t_ms": 5, "data": "00"}\n',
        line(rssi_dbm="-60"),
        line(rssi_dbm=21),
        line(rssi_dbm=126),
        line(rssi_dbm=-128),
        line(rssi_dbm=-60.5),
        line(rssi_dbm=[]),
        line(address="a1b2c3"),
        line(address=5),
        line(address="loud and clear"),
        line(data=None),
        line(data="0"),
        line(data="0g"),
        line(data="00 00"),
        line(data="é0"),
        line(data="00" * 1_651),
        '{"scan": 5}\n',
        '{"scan": [5]}\n',
        '{"scan": [9, 5]}\n',
        '{"scan": ["5", 9]}\n',
        '{"scan": [5, 9], "monotonic_ms": "7"}\n',
        '{"scan": [5, 9], "monotonic_ms": -2}\n',
        "[" * 8_000 + "\n",
        b'{"t_ms": 5, "data": "\xff"}\n',
        '{"t_ms": 5'.encode("utf-16") + b"\n",
    ],
)
def test_a_line_of_another_kind_is_refused_by_its_number(broken):
    text = broken if isinstance(broken, bytes) else broken.encode()

    with pytest.raises(FormatError, match="line 2"):
        read(line().encode() + text)


def test_a_last_line_that_is_cut_off_is_truncated():
    for end in range(2, len(line()) - 1):
        with pytest.raises(TruncatedError, match="line 2"):
            read(line() + line()[:end])


def test_a_line_is_bounded():
    with pytest.raises(TooLargeError, match="line 1"):
        read(line(note="x" * 9_000))


def test_a_file_without_any_line_feed_is_not_read_whole():
    class Endless(io.BytesIO):
        def readline(self, size=-1):
            assert 0 < size <= 10_000
            return b"x" * size

    with pytest.raises(TooLargeError):
        read_lines(Endless())


@pytest.mark.parametrize("bound", ["MAX_RECEPTIONS", "MAX_SCANS"])
def test_a_recording_is_bounded(monkeypatch, bound):
    monkeypatch.setattr(reception, bound, 1)

    with pytest.raises(TooLargeError):
        read((line() + '{"scan": [5, 9]}\n') * 2)


def test_errors_show_neither_address_nor_data():
    with pytest.raises(FormatError) as caught:
        read(line(address="A1:B2:C3:D4:E5:F6", data="c0ffee", rssi_dbm="x"))

    assert "c0ffee" not in str(caught.value)
    assert "A1:B2" not in str(caught.value)


def test_lines_are_written_as_documented():
    stream = io.BytesIO()
    receptions = gather_receptions(
        [(7, -60, Broadcast(ADDRESS, b"\xab")), (9, None, Broadcast(None, b""))]
    )
    scans = Scans(*np.array([[5, 6, -1], [9, 9, 3], [20, 21, -1]], np.int64).T)
    write_lines(stream, receptions, scans)

    assert stream.getvalue().decode().splitlines() == [
        '{"scan":[5,6]}',
        '{"t_ms":7,"rssi_dbm":-60,"address":"a1:b2:c3:d4:e5:f6","data":"ab"}',
        '{"scan":[9,9],"monotonic_ms":3}',
        '{"t_ms":9,"rssi_dbm":null,"address":null,"data":""}',
        '{"scan":[20,21]}',
    ]


def test_scans_alone_are_written():
    stream = io.BytesIO()
    write_lines(stream, gather_receptions([]), Scans(*np.array([[5, 6, -1]]).T))

    assert stream.getvalue() == b'{"scan":[5,6]}\n'


def test_a_clock_far_beyond_any_file_does_not_write_for_ever():
    receptions = gather_receptions([(2**53, -60, Broadcast(None, b""))])
    none = np.zeros(0, np.int64)
    stream = io.BytesIO()

    write_lines(stream, receptions, Scans(none, none, none))

    assert stream.getvalue().count(b"\n") == 1
