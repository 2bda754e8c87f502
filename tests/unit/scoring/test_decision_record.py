import pytest

from proximity.errors import FormatError, NotCanonicalError, UnsupportedVersionError
from proximity.scoring.canonical import encode_canonical, parse_json
from proximity.scoring.config import built_in
from proximity.scoring.decision import decide
from proximity.scoring.decision_record import decode_decision, encode_decision
from proximity.scoring.rule import DayScore, Level

TODAY = 18_700
DAYS = (
    DayScore(TODAY - 2, 7.5, "min", Level.LOW, 9.0),
    DayScore(TODAY - 1, 17.3, "min", Level.HIGH, 23.4),
)
DECISION = decide(DAYS, built_in("en-v2"), TODAY)
BYTES = encode_decision(DECISION)


def test_decision_reads_back_equal():
    assert decode_decision(BYTES) == DECISION
    assert encode_decision(decode_decision(BYTES)) == BYTES


def test_decision_without_days_reads_back_equal():
    quiet = decide([], built_in("nhs"), TODAY)

    assert decode_decision(encode_decision(quiet)) == quiet


@pytest.mark.parametrize("field", parse_json(BYTES))
def test_missing_field_is_named(field):
    left = parse_json(BYTES)
    del left[field]

    with pytest.raises(FormatError, match=f"decision.{field} is missing"):
        decode_decision(encode_canonical(left))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"level": "HIGH"}, "decision.level is not one of"),
        ({"newest_day": None}, "decision.newest_day does not go with the level"),
        ({"revision": -1}, "decision.revision is not within"),
        ({"days": [{}]}, r"decision.days\[0\].day is missing"),
        ({"days": [1]}, r"decision.days\[0\] is not an object"),
        ({"extra": 1}, "decision.'extra' is not known here"),
    ],
)
def test_field_out_of_range_is_named(change, problem):
    with pytest.raises(FormatError, match=problem):
        decode_decision(encode_canonical({**parse_json(BYTES), **change}))


def test_other_schema_is_another_version():
    changed = {**parse_json(BYTES), "schema": "proximity/decision/v2"}

    with pytest.raises(UnsupportedVersionError):
        decode_decision(encode_canonical(changed))


def test_bytes_in_another_form_are_refused():
    with pytest.raises(NotCanonicalError):
        decode_decision(BYTES + b"\n")
