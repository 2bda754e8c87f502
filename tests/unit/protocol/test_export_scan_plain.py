"""The plain form of counting and reading records; tests/contract holds what both do."""

from proximity.protocol.export_scan_plain import count_records, scan_records

RECORD = b"\x3a\x12\x0a\x10" + bytes(range(16))


def test_records_are_counted_and_read_with_the_fields_around_them():
    data = memoryview(b"\x1a\x02VN" + RECORD + b"\x42" + RECORD[1:] + RECORD[:5])

    counted, scanned = count_records(data), scan_records(data)

    assert counted == (2, 1, (b"\x1a\x02VN",), 44)
    assert scanned.keys.key.tobytes() == bytes(range(16)) * 2
    assert scanned.revised.tolist() == [False, True]
    assert (scanned.others, scanned.end) == (counted.others, counted.end)
