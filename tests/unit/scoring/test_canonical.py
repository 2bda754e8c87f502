import pytest

from proximity.errors import FormatError, NotCanonicalError, TooLargeError
from proximity.scoring.canonical import (
    MAX_BYTES,
    MAX_DEPTH,
    encode_canonical,
    parse_canonical,
    parse_json,
)


def test_one_value_has_one_byte_string():
    assert encode_canonical({"b": 1.0, "a": [0.1, "é", None]}) == (
        b'{"a":[0.1,"\\u00e9",null],"b":1}'
    )


def test_numbers_that_are_not_finite_are_a_callers_mistake():
    with pytest.raises(ValueError, match="not JSON compliant"):
        encode_canonical([float("nan")])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b'{"a":1,"a":2}',
        b"[NaN]",
        b"[-Infinity]",
        b"[1e999]",
        b"[" * 100_000,
        b"[" * 600 + b"1" + b"]" * 600,
        b"9" * 5_000,
    ],
)
def test_what_is_no_json_of_ours_is_refused(data):
    with pytest.raises(FormatError):
        parse_json(data)


def test_sixteen_levels_are_deep_enough():
    for depth in (0, 1, MAX_DEPTH):
        assert parse_json(b"[" * depth + b"1" + b"]" * depth) is not None
    with pytest.raises(FormatError, match="nested more than 16 deep"):
        parse_json(b"[" * (MAX_DEPTH + 1) + b"1" + b"]" * (MAX_DEPTH + 1))


def test_too_many_bytes_are_not_even_parsed():
    with pytest.raises(TooLargeError):
        parse_json(b" " * (MAX_BYTES + 1))


@pytest.mark.parametrize(
    "data", [b'{"a": 1}', b"[1.0]", b'{"b":1,"a":2}', b'["\xc3\xa9"]']
)
def test_another_form_of_the_same_value_is_not_canonical(data):
    with pytest.raises(NotCanonicalError):
        parse_canonical(data)


def test_canonical_bytes_read_back():
    assert parse_canonical(b'{"a":[0.1,1]}') == {"a": [0.1, 1]}


def test_a_lone_surrogate_is_read_and_written_alike():
    assert parse_canonical(b'["\\ud800"]') == ["\ud800"]
