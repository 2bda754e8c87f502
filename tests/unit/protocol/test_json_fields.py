import pytest

from proximity.errors import FormatError, TooLargeError
from proximity.protocol.json_fields import (
    as_object,
    load_object,
    take_bytes,
    take_int,
    take_list,
)


def test_an_object_is_loaded():
    assert load_object(b'{"a": [1]}', "The file", max_bytes=10) == {"a": [1]}


def test_the_bound_on_bytes_holds():
    with pytest.raises(TooLargeError, match="The file exceeds 9 bytes"):
        load_object(b'{"a": [1]}', "The file", max_bytes=9)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"nul",
        b"[1]",
        b'"text"',
        b"\xff\xfe\xff",
        b'{"a": ' * 10_000,
        b"[" * 100_000,
        b'{"a": ' + b"9" * 5_000 + b"}",
    ],
)
def test_what_is_no_object_is_refused(data):
    with pytest.raises(FormatError, match="The file"):
        load_object(data, "The file", max_bytes=2**20)


def test_a_value_that_is_no_object_is_refused():
    assert as_object({}, "Entry 3") == {}
    with pytest.raises(FormatError, match="Entry 3 is not a JSON object"):
        as_object([], "Entry 3")


def test_a_list_is_taken():
    assert take_list({"a": [1]}, "a", "It") == [1]
    with pytest.raises(FormatError, match="`a` is not a list"):
        take_list({"a": "x"}, "a", "It")


@pytest.mark.parametrize("value", [None, True, 1.0, "1", 0, 11, [1]])
def test_only_an_integer_within_limits_is_taken(value):
    assert take_int({"a": 10}, "a", "It", range(1, 11)) == 10
    with pytest.raises(FormatError, match="`a` is not an integer from 1 to 10"):
        take_int({"a": value}, "a", "It", range(1, 11))


@pytest.mark.parametrize("value", [None, 5, "", "ab", "abcdef", "zzzz", "ab c", "éé11"])
def test_only_hex_of_the_right_length_is_taken(value):
    assert take_bytes({"a": "aBcD"}, "a", "It", 2) == b"\xab\xcd"
    with pytest.raises(FormatError, match="`a` is not 4 hex digits"):
        take_bytes({"a": value}, "a", "It", 2)
