import json

import pytest

from proximity.errors import FormatError, TooLargeError
from proximity.protocol import bluezone
from proximity.protocol.bluezone_case import (
    CaseInfo,
    case_info,
    decode_case_info,
    encode_case_info,
)

BASE = bytes.fromhex("4C5224B397F8AB3896781D5AA0F3119F280513F1B592CA280EBDED6357E21084")
CREATED_S = 1_596_844_800
# As captured from Bluezone Android 2.0.4 on 2020-08-08.
CAPTURED = (
    b'{"base_id":"4C5224B397F8AB3896781D5AA0F3119F280513F1B592CA280EBDED6357E21084",'
    b'"time":1596844800,'
    b'"daily_key":"4C5224B397F8AB3896781D5AA0F3119F280513F1B592CA280EBDED6357E21084",'
    b'"time_start":1596844800}'
)


def test_the_captured_object_is_written_byte_by_byte():
    assert encode_case_info(case_info(BASE, CREATED_S, CREATED_S + 30_000)) == CAPTURED


def test_the_captured_object_is_read():
    assert decode_case_info(CAPTURED) == CaseInfo(BASE, CREATED_S, BASE, CREATED_S)


def test_the_key_handed_in_is_that_of_the_day_asked_for():
    info = case_info(BASE, CREATED_S, CREATED_S + 3 * 86_400 - 1)

    assert info.daily_key == bluezone.advance_key(BASE, 2)
    assert info.time_start_s == CREATED_S + 2 * 86_400


def test_a_day_before_the_first_gives_the_first():
    info = case_info(BASE, CREATED_S, CREATED_S - 14 * 86_400)

    assert (info.daily_key, info.time_start_s) == (BASE, CREATED_S)


@pytest.mark.parametrize(
    "change",
    [
        {"base_id": "4C52"},
        {"daily_key": None},
        {"time": "1596844800"},
        {"time": -1},
        {"time_start": 2**32},
        {"time_start": True},
    ],
)
def test_a_field_of_another_form_is_named(change):
    document = json.loads(CAPTURED) | change

    with pytest.raises(FormatError, match=f"`{next(iter(change))}`"):
        decode_case_info(json.dumps(document).encode())


def test_an_object_beyond_its_bound_is_refused():
    with pytest.raises(TooLargeError):
        decode_case_info(CAPTURED + b" " * 4_096)


def test_the_object_does_not_show_its_keys():
    assert repr(decode_case_info(CAPTURED)) == (
        "<CaseInfo 2x32 bytes time_start_s=1596844800>"
    )
