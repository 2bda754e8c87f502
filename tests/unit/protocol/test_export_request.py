"""KEYS.json as `proximity export build` reads it."""

import base64
import json

import pytest

from proximity.errors import FormatError, TooLargeError
from proximity.protocol.diagnosis_key import NO_ONSET, ReportType
from proximity.protocol.export_request import (
    MAX_REQUEST_BYTES,
    ExportRequest,
    parse_ens_request,
    parse_own_request,
)

NOW_S = 1_600_000_000
HEX = "00112233445566778899aabbccddeeff"
ENTRY = {"key": HEX, "start_interval": 2_650_000}


def parse(**document) -> ExportRequest:
    return parse_own_request(json.dumps(document).encode(), NOW_S)


def parse_entry(**fields) -> ExportRequest:
    return parse(keys=[ENTRY | fields])


def parse_ens(**document) -> ExportRequest:
    return parse_ens_request(json.dumps(document).encode())


def test_an_entry_needs_only_key_and_start():
    keys = parse(keys=[ENTRY]).content.keys

    assert keys.key.tobytes().hex() == HEX
    assert keys.start_interval.tolist() == [2_650_000]
    assert keys.period.tolist() == [144]
    assert keys.report_type.tolist() == [ReportType.UNKNOWN]
    assert keys.days_since_onset.tolist() == [NO_ONSET]
    assert keys.transmission_risk.tolist() == [0]


def test_every_field_of_an_entry_is_read():
    keys = parse_entry(
        period=10, report_type=3, days_since_onset=-2, transmission_risk=5
    ).content.keys

    assert keys.period.tolist() == [10]
    assert keys.report_type.tolist() == [ReportType.SELF_REPORT]
    assert keys.days_since_onset.tolist() == [-2]
    assert keys.transmission_risk.tolist() == [5]


@pytest.mark.parametrize("name", ["CONFIRMED_TEST", "confirmed_test", "Confirmed_Test"])
def test_a_report_type_may_be_named_in_any_case(name):
    assert parse_entry(report_type=name).content.keys.report_type.tolist() == [1]


@pytest.mark.parametrize(
    "text", [HEX.upper(), base64.b64encode(bytes.fromhex(HEX)).decode()]
)
def test_a_key_may_be_hex_in_any_case_or_base64(text):
    assert parse_entry(key=text).content.keys.key.tobytes().hex() == HEX


def test_revised_keys_are_a_list_of_their_own():
    content = parse(revised_keys=[ENTRY | {"report_type": "REVOKED"}]).content

    assert len(content.keys.key) == 0
    assert content.revised.report_type.tolist() == [ReportType.REVOKED]


def test_what_the_file_says_of_the_export_is_kept():
    request = parse(
        region="VN", start=1, end=2, key_id="452", key_version="v7", keys=[]
    )

    content = request.content
    assert (content.region, content.start_s, content.end_s) == ("VN", 1, 2)
    assert (request.key_id, request.key_version) == ("452", "v7")


def test_the_defaults_are_now_the_earliest_key_and_the_region():
    request = parse(region="VN", keys=[ENTRY, ENTRY | {"key": "ff" * 16}])

    assert request.content.end_s == NOW_S
    assert request.content.start_s == 2_650_000 * 600
    assert (request.key_id, request.key_version) == ("VN", "v1")


def test_keys_of_tomorrow_do_not_put_the_start_after_the_end():
    request = parse(end=5, keys=[ENTRY])

    assert (request.content.start_s, request.content.end_s) == (5, 5)


def test_null_is_as_good_as_absent():
    content = parse(region=None, end=None, keys=[ENTRY | {"period": None}]).content

    assert content.keys.period.tolist() == [144]
    assert content.end_s == NOW_S


@pytest.mark.parametrize(
    "fields",
    [
        {"key": HEX[:-2]},
        {"key": HEX[:-1] + "g"},
        {"key": "é" * 32},
        {"key": ""},
        {"key": 7},
        {"start_interval": -1},
        {"start_interval": 2**31},
        {"start_interval": 1.5},
        {"start_interval": "1"},
        {"period": 0},
        {"period": 145},
        {"period": True},
        {"report_type": 6},
        {"report_type": "negative"},
        {"report_type": []},
        {"days_since_onset": -32_768},
        {"days_since_onset": 32_768},
        {"transmission_risk": 9},
        {"rollingPeriod": 144},
    ],
)
def test_an_unsound_entry_is_named_by_its_number_never_by_its_key(fields):
    entries = [ENTRY | {"key": "ab" * 16}, ENTRY | fields]

    with pytest.raises(FormatError, match="Entry 2 of `keys`") as caught:
        parse(keys=entries)

    assert HEX[:8] not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize("entry", [None, [], "x", 5])
def test_an_entry_that_is_no_object_is_refused(entry):
    with pytest.raises(FormatError, match="Entry 1 of `revised_keys`"):
        parse(revised_keys=[entry])


def test_a_missing_key_is_refused():
    with pytest.raises(FormatError, match="Entry 1"):
        parse(keys=[{"start_interval": 1}])


def test_a_repeated_key_is_named_by_both_numbers():
    with pytest.raises(FormatError, match=r"Entry 2 of `keys` repeats .* entry 1"):
        parse(keys=[ENTRY, ENTRY | {"period": 5}])


@pytest.mark.parametrize(
    "document",
    [
        {"keys": {}},
        {"keys": 5},
        {"region": 5},
        {"region": "\x1b[2J"},
        {"region": "\ud800"},
        {"region": "V" * 257},
        {"key_id": []},
        {"start": -1},
        {"end": 2**63},
        {"end": 1.5},
        {"start": 2, "end": 1},
        {"temporaryExposureKeys": []},
    ],
)
def test_an_unsound_document_is_refused(document):
    with pytest.raises(FormatError):
        parse(**document)


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b"\xff", b"{", b"[" * 100_000, b'{"end": ' + b"9" * 5_000 + b"}"],
)
def test_what_is_no_json_object_is_refused(data):
    with pytest.raises(FormatError):
        parse_own_request(data, NOW_S)


def test_a_file_beyond_the_bound_is_refused():
    with pytest.raises(TooLargeError):
        parse_own_request(bytes(MAX_REQUEST_BYTES + 1), NOW_S)


def test_the_form_of_the_reference_server_takes_its_tools_defaults():
    key = {
        "key": HEX,
        "rollingStartNumber": 7,
        "rollingPeriod": 5,
        "transmissionRisk": 2,
    }
    request = parse_ens(temporaryExposureKeys=[key], padding="ignored")

    content = request.content
    assert (content.region, content.start_s, content.end_s) == (
        "US",
        1_590_159_600,
        1_590_246_000,
    )
    assert (request.key_id, request.key_version) == ("some_id", "1")
    assert content.keys.start_interval.tolist() == [7]
    assert content.keys.period.tolist() == [5]
    assert content.keys.transmission_risk.tolist() == [2]


def test_the_form_of_the_reference_server_may_carry_what_its_tool_takes_as_options():
    request = parse_ens(
        temporaryExposureKeys=[],
        region="VN",
        start=1,
        end=2,
        key_id="a",
        key_version="b",
    )

    assert (request.content.region, request.content.end_s) == ("VN", 2)
    assert (request.key_id, request.key_version) == ("a", "b")


@pytest.mark.parametrize(
    "document",
    [{}, {"temporaryExposureKeys": 5}, {"temporaryExposureKeys": [5]}, {"keys": []}],
)
def test_what_is_not_of_the_reference_servers_form_is_refused(document):
    with pytest.raises(FormatError):
        parse_ens(**document)
