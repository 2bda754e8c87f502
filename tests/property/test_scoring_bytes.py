"""Bytes from outside give a configuration or a decision, or a FormatError."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proximity.errors import FormatError
from proximity.scoring.canonical import encode_canonical, parse_canonical, parse_json
from proximity.scoring.config import (
    BUILT_IN,
    built_in,
    parse_configuration,
    parse_signed_configuration,
    sign_configuration,
)
from proximity.scoring.decision import decide
from proximity.scoring.decision_record import decode_decision, encode_decision
from proximity.scoring.rule import DayScore, Level

TODAY = 18_700
DECISION = encode_decision(
    decide([DayScore(TODAY, 17.3, "min", Level.HIGH, 20.0)], built_in("en-v2"), TODAY)
)
SIGNED = sign_configuration(built_in("nhs"), [])
SEEDS = (DECISION, SIGNED, *(built_in(name).canonical for name in BUILT_IN))
PARSERS = (parse_configuration, parse_signed_configuration, decode_decision)

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner)
    ),
    max_leaves=12,
)


def paths(value, path=()):
    """List the places of all values inside a JSON value."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for name, item in inner:
        if isinstance(item, dict | list):
            yield from paths(item, (*path, name))
        else:
            yield (*path, name)


@pytest.mark.parametrize("parse", PARSERS)
@given(data=st.binary(max_size=200))
@settings(derandomize=True, deadline=None, max_examples=50)
def test_any_bytes_are_a_value_or_a_format_error(parse, data):
    with contextlib.suppress(FormatError):
        parse(data)


@pytest.mark.parametrize("parse", PARSERS)
@given(data=st.data())
@settings(derandomize=True, deadline=None, max_examples=150)
def test_any_json_in_any_place_is_a_value_or_a_format_error(parse, data):
    document = parse_json(data.draw(st.sampled_from(SEEDS)))
    *path, last = data.draw(st.sampled_from([p for p in paths(document) if p]))
    place = document
    for name in path:
        place = place[name]
    place[last] = data.draw(json_values)

    with contextlib.suppress(FormatError):
        parse(encode_canonical(document))


@given(data=st.data())
@settings(derandomize=True, deadline=None, max_examples=50)
def test_no_strict_prefix_reads(data):
    seed = data.draw(st.sampled_from(SEEDS))
    prefix = seed[: data.draw(st.integers(0, len(seed) - 1))]

    for parse in PARSERS:
        with pytest.raises(FormatError):
            parse(prefix)


@given(value=json_values)
@settings(derandomize=True, deadline=None, max_examples=150)
def test_canonical_bytes_read_back_to_themselves(value):
    data = encode_canonical(value)

    assert encode_canonical(parse_canonical(data)) == data
