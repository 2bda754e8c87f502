import json
import math

import pytest

from proximity.cli import console
from proximity.errors import BadSignatureError


def test_json_output_is_one_object_with_its_schema_first(
    capsys: pytest.CaptureFixture[str],
):
    console.emit_json("proximity/example/v1", {"value": 1})

    out = capsys.readouterr().out
    assert out == '{"schema": "proximity/example/v1", "value": 1}\n'


def test_what_is_not_finite_becomes_null(capsys: pytest.CaptureFixture[str]):
    console.emit_json("x", {"a": math.nan, "b": [math.inf, 1.5], "c": {"d": -math.inf}})

    out = json.loads(capsys.readouterr().out)
    assert out == {"schema": "x", "a": None, "b": [None, 1.5], "c": {"d": None}}


def test_an_error_is_named_and_hinted(capsys: pytest.CaptureFixture[str]):
    console.report_error(BadSignatureError("it does not hold", "ask"), as_json=False)

    assert capsys.readouterr().err == "proximity: error: it does not hold\nhint: ask\n"


def test_an_error_as_json_goes_to_standard_error(capsys: pytest.CaptureFixture[str]):
    console.report_error(BadSignatureError("it does not hold", "ask"), as_json=True)

    captured = capsys.readouterr()
    assert captured.out == ""
    assert json.loads(captured.err) == {
        "error": "BadSignatureError",
        "message": "it does not hold",
        "hint": "ask",
    }
