"""The rules of codes."""

import os
from collections import Counter

import pytest

from proximity.authority.api_error import ApiError
from proximity.authority.verification.rules import (
    accepted_types,
    api_key_digest,
    check_days,
    check_phone,
    client_scope,
    code_hmac,
    draw_long_code,
    draw_short_code,
    normalise_code,
    officer_type,
    onset_interval,
    phone_hmac,
)
from proximity.units import day_from_iso

NOON_S = day_from_iso("2026-05-20") * 86_400 + 43_200


def test_codes_look_as_published():
    short, long = draw_short_code(os.urandom), draw_long_code(os.urandom)

    assert len(short) == 8
    assert short.isdigit()
    assert len(long) == 16
    assert long.isalnum()
    assert long == long.lower()


def test_every_digit_is_as_likely_as_another():
    # Each byte value once: of 256 only 250 are fair, 25 for each digit.
    every = bytes(range(256))
    drawn = "".join(
        draw_short_code(lambda _, at=at: every[at : at + 16] + every[:16])[0]
        for at in range(250)
    )

    assert set(Counter(drawn).values()) == {25}
    assert draw_short_code(lambda n: b"\xff" * 6 + bytes(n - 6))[0] == "0"


@pytest.mark.parametrize("text", ["1234 5678", "1234-5678", " 12345678\n"])
def test_people_may_write_spaces_and_hyphens(text):
    assert normalise_code(text) == "12345678"


@pytest.mark.parametrize("text", ["", "   ", "1" * 65, "mã 1234"])
def test_what_can_be_no_code_is_refused(text):
    with pytest.raises(ApiError) as caught:
        normalise_code(text)
    assert caught.value.code == "code_invalid"


# Published: the comment on `accept` in the request of the reference's API.
@pytest.mark.parametrize(
    ("accept", "types"),
    [
        ([], {"confirmed", "likely", "negative", "user-report"}),
        (["confirmed"], {"confirmed"}),
        (["likely"], {"confirmed", "likely"}),
        (["negative"], {"confirmed", "likely", "negative"}),
        (["user-report"], {"confirmed", "user-report"}),
        (["Likely", "user-report"], {"confirmed", "likely", "user-report"}),
    ],
)
def test_a_type_is_accepted_with_those_before_it(accept, types):
    assert accepted_types(accept) == types


def test_unknown_types_are_refused():
    for call in (
        lambda: accepted_types(["perhaps"]),
        lambda: officer_type("user-report"),
    ):
        with pytest.raises(ApiError) as caught:
            call()
        assert caught.value.code == "invalid_test_type"


def days(symptom=None, test=None, offset=0.0):
    return check_days(symptom, test, now_s=NOON_S, offset_min=offset)


def test_days_of_the_last_28_are_taken():
    day = day_from_iso("2026-05-20")

    assert days("2026-05-20") == (day, None)
    assert days(None, "2026-04-22") == (None, day - 28)


def test_an_officer_east_of_us_is_a_day_ahead():
    assert days("2026-05-21", offset=13 * 60)
    with pytest.raises(ApiError):
        days("2026-05-21", offset=11 * 60)


@pytest.mark.parametrize(
    "text", ["2026-05-21", "2026-04-21", "20.5.2026", "2026-02-30", "20260520", "x"]
)
def test_other_days_are_refused(text):
    with pytest.raises(ApiError) as caught:
        days(text)
    assert caught.value.code == "invalid_date"


def test_a_day_is_needed():
    with pytest.raises(ApiError) as caught:
        days("", "")
    assert caught.value.code == "missing_date"


@pytest.mark.parametrize("offset", [841, -841, float("nan"), float("inf")])
def test_an_offset_is_one_of_a_time_zone(offset):
    with pytest.raises(ApiError):
        days("2026-05-20", offset=offset)


def test_numbers_of_telephones_are_e164():
    assert check_phone("+84 (24) 3736-5368") == "+842437365368"
    for wrong in ("", "0243736", "+0123456789", "+84", "+84abc12345", "+" + "1" * 16):
        with pytest.raises(ApiError):
            check_phone(wrong)


def test_the_symptom_date_wins():
    assert onset_interval(10, 12) == 1_440
    assert onset_interval(None, 12) == 12 * 144
    assert onset_interval(None, None) == 0


def test_what_is_stored_tells_nothing_and_differs_by_kind():
    secret = b"s" * 32
    stored = {
        code_hmac(secret, "12345678"),
        phone_hmac(secret, "12345678"),
        api_key_digest("12345678"),
        code_hmac(b"t" * 32, "12345678"),
    }

    assert {len(each) for each in stored} == {32}
    assert len(stored) == 4


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("unix:", "unix:", True),
    ],
)
def test_the_addresses_of_one_subscriber_are_one_client(one, other, same):
    names = {client_scope(b"s" * 32, address, 1) for address in (one, other)}

    assert (len(names) == 1) is same


def test_the_name_of_a_client_changes_every_day():
    names = {client_scope(b"s" * 32, "192.0.2.1", day) for day in (1, 2)}

    assert len(names) == 2
    assert not any("192" in name for name in names)
