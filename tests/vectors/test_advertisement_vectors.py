"""Advertisements as phones send them, and as attackers might."""

import json
from pathlib import Path

import pytest

from proximity import errors
from proximity.protocol.advertisement import decode_structures
from proximity.protocol.bluezone_ios import WakeUp, decode_wake_up
from proximity.protocol.scheme import recognise

CASES = json.loads(Path(__file__).with_name("advertisements.json").read_text("utf-8"))[
    "cases"
]
READ = [case for case in CASES if case["expect"] == "success"]
REFUSED = [case for case in CASES if case["expect"] != "success"]


@pytest.mark.parametrize("case", READ, ids=lambda case: case["name"])
def test_the_scheme_is_recognised(case):
    found = recognise(bytes.fromhex(case["data"]))

    assert (found is not None) == ("scheme" in case)
    if found is not None:
        assert found.scheme == case["scheme"]
        assert found.ephemeral_id.hex() == case["ephemeral_id"]
        assert found.metadata.hex() == case["metadata"]


@pytest.mark.parametrize("case", READ, ids=lambda case: case["name"])
def test_a_wake_up_is_told_from_the_rest(case):
    expected = WakeUp(case["wake_up"]) if "wake_up" in case else None

    assert decode_wake_up(decode_structures(bytes.fromhex(case["data"]))) == expected


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case["name"])
def test_a_malformed_advertisement_is_refused_by_name(case):
    with pytest.raises(errors.FormatError) as caught:
        recognise(bytes.fromhex(case["data"]))

    assert type(caught.value).__name__ == case["expect"]
    assert caught.value.hint
