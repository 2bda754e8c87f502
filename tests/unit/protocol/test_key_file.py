"""KEYS.json: what comes out is what went in, and an error names the entry."""

import base64
import json

import pytest

from proximity.errors import FormatError, TooLargeError
from proximity.protocol.diagnosis_key import ReportType
from proximity.protocol.key_file import (
    MAX_FILE_BYTES,
    UploadedKey,
    encode_key_file,
    parse_key_file,
)

KEY = bytes(range(16))
START = 2_642_976


def file_of(**entry: object) -> bytes:
    return json.dumps(
        {"keys": [{"key": KEY.hex(), "start_interval": START, **entry}]}
    ).encode()


def test_what_is_written_is_read_back():
    keys = (
        UploadedKey(KEY, START, 100, ReportType.SELF_REPORT, -3, 2),
        UploadedKey(KEY[::-1], START + 144),
    )

    assert parse_key_file(encode_key_file(keys)).keys == keys


def test_all_but_key_and_start_may_be_left_out():
    (key,) = parse_key_file(file_of()).keys

    assert key == UploadedKey(KEY, START, 144, ReportType.CONFIRMED_TEST, None, 0)


@pytest.mark.parametrize("text", [KEY.hex().upper(), base64.b64encode(KEY).decode()])
def test_a_key_may_be_upper_case_hex_or_base64(text: str):
    assert parse_key_file(file_of(key=text)).keys[0].key == KEY


def test_a_key_of_another_length_is_left_to_the_rules():
    assert parse_key_file(file_of(key=KEY[:15].hex())).keys[0].key == KEY[:15]


@pytest.mark.parametrize("value", [5, "revoked", "REVOKED"])
def test_a_report_type_is_a_number_or_a_name_in_any_case(value: object):
    assert parse_key_file(file_of(report_type=value)).keys[0].report_type == 5


def test_revised_keys_follow_the_keys():
    entry = {"key": KEY.hex(), "start_interval": START}
    data = json.dumps({"keys": [], "revised_keys": [entry], "region": "VN"}).encode()

    file = parse_key_file(data)

    assert len(file.keys) == 1
    assert file.region == "VN"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"[]",
        b"[" * 100_000,
        b'{"keys": {}}',
        b'{"keys": [], "region": 7}',
        b'{"keys": [7]}',
        b'{"keys": [{"start_interval": 1}]}',
    ],
)
def test_other_json_is_a_format_error(data: bytes):
    with pytest.raises(FormatError):
        parse_key_file(data)


@pytest.mark.parametrize(
    "entry",
    [
        {"key": "z!" * 16},
        {"key": "not base64!"},
        {"key": "ữ" * 32},
        {"key": 7},
        {"start_interval": 1.5},
        {"start_interval": True},
        {"start_interval": 10**30},
        {"start_interval": None},
        {"period": "144"},
        {"report_type": "MAYBE"},
        {"report_type": 6},
        {"report_type": []},
        {"days_since_onset": "soon"},
        {"transmission_risk": {}},
    ],
)
def test_a_wrong_field_is_named_by_the_number_of_its_entry(entry: dict[str, object]):
    with pytest.raises(FormatError, match="Entry 1 of the key file"):
        parse_key_file(file_of(**entry))


def test_a_file_over_the_bound_is_too_large():
    with pytest.raises(TooLargeError):
        parse_key_file(b" " * (MAX_FILE_BYTES + 1))


def test_an_error_does_not_tell_the_key():
    with pytest.raises(FormatError) as caught:
        parse_key_file(file_of(period="x"))

    assert KEY.hex() not in str(caught.value) + caught.value.hint


def test_the_repr_of_a_key_does_not_tell_it():
    assert repr(UploadedKey(KEY, START)) == "<UploadedKey 16 bytes>"
