import json

import pytest

from proximity.errors import FormatError, TooLargeError
from proximity.protocol.carrier import DEFAULT_PROFILE, DeploymentProfile
from proximity.protocol.profile_file import (
    parse_profile,
    profile_members,
    take_profile,
)

OTHER = DeploymentProfile(0xFDF0, 0x0ABC, 0x0001)
MEMBERS = {
    "service_uuid16": "0xfdf0",
    "company_id": "0x0abc",
    "marker_uuid16": "0x0001",
}


def test_a_profile_is_written_in_hex_and_read_again():
    assert profile_members(OTHER) == MEMBERS
    assert take_profile(MEMBERS) == OTHER


def test_the_profile_of_this_program_is_that_of_exposure_notification_and_tests():
    assert profile_members(DEFAULT_PROFILE) == {
        "service_uuid16": "0xfd6f",
        "company_id": "0xffff",
        "marker_uuid16": "0xffff",
    }


def test_hex_is_read_in_either_case_and_without_leading_zeros():
    members = MEMBERS | {"company_id": "0XABC"}

    assert parse_profile(json.dumps(members).encode()) == OTHER


@pytest.mark.parametrize("name", MEMBERS)
@pytest.mark.parametrize(
    "value",
    [None, 64_879, True, "", "fd6f", "0x", "0x10000", "-0x1", "0x-1", "0x٣", "0x 1"],
)
def test_a_number_that_is_none_is_named(name, value):
    with pytest.raises(FormatError, match=name):
        take_profile(MEMBERS | {name: value})


@pytest.mark.parametrize("name", MEMBERS)
def test_a_misspelt_number_does_not_pass_for_the_default(name):
    members = {k: v for k, v in MEMBERS.items() if k != name}

    with pytest.raises(FormatError, match=name):
        parse_profile(json.dumps(members | {f"{name}s": "0x1"}).encode())


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b"\xff", b"1"])
def test_a_file_of_another_kind_is_refused(data):
    with pytest.raises(FormatError):
        parse_profile(data)


def test_a_file_without_end_is_refused():
    with pytest.raises(TooLargeError):
        parse_profile(b" " * 5_000)
