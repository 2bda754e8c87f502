"""The rules of upload."""

import base64

import pytest

from proximity.authority.api_error import ApiError
from proximity.authority.upload.model import KeyUpload
from proximity.authority.upload.rules import (
    check_keys,
    check_mac,
    may_become,
    release_time,
    report_type_of,
)
from proximity.protocol.diagnosis_key import ReportType

DAY = 20_600
NOW_S = DAY * 86_400 + 43_200
CONFIRMED = ReportType.CONFIRMED_TEST


def key(number: int, start: int = (DAY - 1) * 144, period: int = 144, risk: int = 0):
    return KeyUpload(
        base64.b64encode(bytes([number]) * 16).decode(), start, period, risk
    )


def check(*keys: KeyUpload, onset: int = (DAY - 1) * 144):
    return check_keys(keys, CONFIRMED, onset_interval=onset, now_s=NOW_S)


def test_sound_keys_are_taken_with_days_and_default_risk():
    checked = check(key(1), key(2, (DAY - 3) * 144), key(3, (DAY - 2) * 144, risk=7))

    assert [k.onset_days for k in checked.keys] == [0, -2, -1]
    assert [k.risk for k in checked.keys] == [2, 2, 7]
    assert (checked.problems, checked.warnings) == ((), ())


@pytest.mark.parametrize(
    ("name", "risk"),
    [("confirmed", 2), ("likely", 4), ("user-report", 5), ("negative", 6)],
)
def test_the_risk_of_a_report_type_is_filled_in(name, risk):
    report_type = report_type_of(name)
    checked = check_keys([key(1)], report_type, onset_interval=0, now_s=NOW_S)

    assert checked.keys[0].risk == risk


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (KeyUpload("AAAA", (DAY - 1) * 144), "key length"),
        (KeyUpload("%", (DAY - 1) * 144), "key length"),
        (key(9, period=0), "interval count"),
        (key(9, period=145), "interval count"),
        (key(9, risk=9), "transmission risk"),
        (key(9, risk=-1), "transmission risk"),
        (key(9, (DAY + 1) * 144), "future"),
        (key(9, (DAY - 17) * 144), "too old"),
        (key(9, -144), "too old"),
        (key(9, 10**18), "future"),
    ],
)
def test_a_wrong_key_is_left_out_and_the_others_are_taken(wrong, why):
    checked = check(key(1, (DAY - 2) * 144), wrong)

    assert len(checked.keys) == 1
    assert why in checked.problems[0]
    assert "key 1 " in checked.problems[0]
    with pytest.raises(ApiError, match=why):
        check(wrong)


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ([], "no exposure keys"),
        ([key(n % 250) for n in range(31)], "too many exposure keys"),
        ([key(1), key(1)], "twice"),
        ([key(n) for n in range(4)], "too many overlapping"),
        ([key(1), key(2, (DAY - 1) * 144 + 10, 20)], "overlap"),
    ],
)
def test_a_request_is_refused_as_a_whole(keys, why):
    with pytest.raises(ApiError, match=why) as caught:
        check(*keys)
    assert (caught.value.status, caught.value.code) == (400, "bad_request")


def test_three_keys_of_one_start_are_taken():
    same_day = [key(n, period=period) for n, period in enumerate((50, 100, 144))]

    assert len(check(*same_day).keys) == 3


def test_a_key_far_from_onset_is_skipped_with_a_warning():
    checked = check(key(1), key(2, (DAY - 12) * 144), onset=DAY * 144 + 40)
    far = check_keys(
        [key(1), key(2, (DAY - 14) * 144)],
        CONFIRMED,
        onset_interval=(DAY - 20) * 144,
        now_s=NOW_S,
    )

    assert len(checked.keys) == 2
    assert len(far.keys) == 1
    assert "symptom onset" in far.warnings[0]


@pytest.mark.parametrize("onset", [0, -5, (DAY + 1) * 144, (DAY - 29) * 144, 10**15])
def test_without_a_sound_onset_four_days_ago_stands_in(onset):
    # From noon to the midnight before yesterday: two days and a half count as two.
    assert check(key(1), onset=onset).keys[0].onset_days == 2


def test_the_age_of_a_key_is_bounded_by_360_hours():
    limit = (NOW_S - 360 * 3_600) // 600

    assert check_keys(
        [key(1, limit - 144)], CONFIRMED, onset_interval=limit, now_s=NOW_S
    ).keys
    with pytest.raises(ApiError, match="too old"):
        check(key(1, limit - 145), onset=limit)


def test_a_key_is_free_two_hours_after_its_end():
    assert release_time(144, 144) == 288 * 600 + 7_200


@pytest.mark.parametrize(
    ("before", "after", "allowed"),
    [
        ("SELF_REPORT", "CONFIRMED_TEST", True),
        ("SELF_REPORT", "CONFIRMED_CLINICAL_DIAGNOSIS", True),
        ("CONFIRMED_CLINICAL_DIAGNOSIS", "CONFIRMED_TEST", True),
        ("CONFIRMED_CLINICAL_DIAGNOSIS", "REVOKED", True),
        ("CONFIRMED_TEST", "REVOKED", True),
        ("CONFIRMED_TEST", "CONFIRMED_CLINICAL_DIAGNOSIS", False),
        ("CONFIRMED_CLINICAL_DIAGNOSIS", "SELF_REPORT", False),
        ("REVOKED", "CONFIRMED_TEST", False),
    ],
)
def test_a_report_moves_one_way(before, after, allowed):
    assert may_become(ReportType[before], ReportType[after]) is allowed


# Published: google/exposure-notifications-server, pkg/verification/utils_test.go.
SECRET = base64.b64encode(bytes(range(1, 17))).decode()
TWO = [("z2Cx9hdz2SlxZ8GEgqTYpA==", 1), ("dPCphLzfG4uzXneNimkPRQ==", 144)]


@pytest.mark.parametrize(
    ("risks", "mac", "holds"),
    [
        ((3, 5), "2u1nHt5WWurJytFLF3xitNzM99oNrad2y4YGOL53AeY=", True),
        ((0, 0), "mFNI9zhTA17n4ndd1Vu5tsn4XQX0gPrIKyjeh/9noUE=", True),
        ((0, 0), "J9S7xVebH/66dm14wGsIcAnSUR3PHD4NtDQEOGZbDUo=", True),
        ((0, 1), "J9S7xVebH/66dm14wGsIcAnSUR3PHD4NtDQEOGZbDUo=", False),
        ((3, 4), "2u1nHt5WWurJytFLF3xitNzM99oNrad2y4YGOL53AeY=", False),
    ],
)
def test_the_mac_of_keys_is_the_published_one(risks, mac, holds):
    keys = [
        KeyUpload(text, start, 144, risk)
        for (text, start), risk in zip(TWO, risks, strict=True)
    ]

    assert check_mac(keys, SECRET, mac) is holds
    assert check_mac(keys[::-1], SECRET, mac) is holds


@pytest.mark.parametrize(
    ("secret", "mac"),
    [("", ""), ("AAAA", "AAAA"), ("%", "A"), (SECRET, None), (SECRET, 7)],
)
def test_what_is_no_mac_does_not_hold(secret, mac):
    assert not check_mac([key(1)], secret, mac)


@pytest.mark.parametrize("name", ["", "CONFIRMED", None, 1, ["confirmed"], "recursive"])
def test_other_report_types_are_none(name):
    assert report_type_of(name) is None
