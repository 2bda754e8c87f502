import json
from pathlib import Path

from proximity.matching.refusal import Refusal, no_refusals

REFERENCE = Path(__file__).parents[3] / "docs/reference"


def test_every_reason_is_counted_from_zero():
    assert set(no_refusals()) == {reason.value for reason in Refusal}
    assert set(no_refusals().values()) == {0}


def test_reasons_are_plain_text_in_a_result():
    assert all(type(reason) is str for reason in no_refusals())


def test_every_reason_is_explained_and_in_the_schema():
    page = (REFERENCE / "matching.md").read_text("utf-8")
    schema = json.loads((REFERENCE / "schemas/match-v1.json").read_text("utf-8"))
    described = schema["properties"]["refused"]

    assert [reason for reason in Refusal if f"| `{reason}` |" not in page] == []
    assert list(described["properties"]) == described["required"] == list(Refusal)
