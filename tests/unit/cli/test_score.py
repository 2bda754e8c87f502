import json
from pathlib import Path

import jsonschema
import pytest
import typer
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from typer.testing import CliRunner

from proximity.cli.main import load_app
from proximity.errors import BadSignatureError, FormatError, TooLargeError
from proximity.scoring.canonical import encode_canonical, parse_json
from proximity.scoring.config import (
    BUILT_IN,
    built_in,
    names,
    parse_configuration,
    sign_configuration,
)

REFERENCE = Path(__file__).parents[3] / "docs/reference"


def schema(name):
    return json.loads((REFERENCE / f"schemas/{name}.json").read_text("utf-8"))


def run(*arguments, stdin=None):
    return CliRunner().invoke(load_app(), ["score", *map(str, arguments)], input=stdin)


def near(day, seconds=300):
    """A window of three scans at 54 dB."""
    scan = {
        "min_attenuation_db": 54,
        "typical_attenuation_db": 54,
        "seconds_since_last_scan": seconds,
    }
    return {
        "day": day,
        "report_type": "CONFIRMED_TEST",
        "infectiousness": "HIGH",
        "calibration_confidence": "MEDIUM",
        "scans": [scan] * 3,
    }


@pytest.fixture
def windows(tmp_path):
    path = tmp_path / "windows.json"
    documents = [near("2021-03-02"), near("2021-03-05", 200)]
    path.write_text(json.dumps({"windows": documents}), "utf-8")
    return path


@pytest.fixture
def key():
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
def pem(key, tmp_path):
    path = tmp_path / "public.pem"
    path.write_bytes(
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    return path


def test_json_has_a_value_and_a_level_for_each_day(windows):
    result = run("--windows", windows, "--rule", "cwa-2020-12", "--json")

    document = json.loads(result.stdout)
    assert next(iter(document)) == "schema"
    # 15 min * 1.6, and 10 min * 1.6
    assert document["rule"] == "cwa-2020-12"
    assert document["days"] == [
        {
            "day": "2021-03-02",
            "value": 24.0,
            "unit": "min",
            "level": "high",
            "minutes": 15.0,
        },
        {
            "day": "2021-03-05",
            "value": 16.0,
            "unit": "min",
            "level": "high",
            "minutes": 10.0,
        },
    ]
    assert document["alert"] is True
    assert document["configuration"]["digest"] == BUILT_IN["cwa-2020-12"]


@pytest.mark.parametrize("rule", names())
def test_json_of_every_rule_follows_its_schema(rule, windows):
    result = run("--windows", windows, "--rule", rule, "--json")

    jsonschema.validate(json.loads(result.stdout), schema("score-v1"))
    assert result.exit_code == 0
    assert result.stderr == ""


def test_ages_count_from_the_last_day_unless_another_is_given(windows):
    # The older window is 10 days old on 12 March, and 11 on 13 March.
    older = [
        json.loads(
            run(
                "--windows", windows, "--rule", "cwa-2022", "--as-of", day, "--json"
            ).stdout
        )["days"][0]["day"]
        for day in ("2021-03-12", "2021-03-13")
    ]

    assert older == ["2021-03-02", "2021-03-05"]


def test_windows_after_the_as_of_day_are_ignored(windows):
    arguments = ("--rule", "cwa", "--as-of", "2021-03-01", "--json")
    document = json.loads(run("--windows", windows, *arguments).stdout)

    assert (document["days"], document["alert"]) == ([], False)


def test_standard_input_is_read_at_a_dash():
    stdin = json.dumps({"windows": [near("2021-03-02")]})

    document = json.loads(
        run("--windows", "-", "--rule", "cwa", "--json", stdin=stdin).stdout
    )

    assert document["rule"] == "cwa-2020-12"
    assert document["alert"] is True


def test_no_windows_are_no_alert():
    result = run("--windows", "-", "--rule", "nhs", "--json", stdin='{"windows": []}')

    assert json.loads(result.stdout)["days"] == []


def test_table_is_for_people(windows):
    output = run("--windows", windows, "--rule", "en-v2").stdout

    assert "2021-03-02" in output
    assert "value (min)" in output
    assert output.endswith("alert\n")


def test_unknown_rule_is_wrong_usage_and_names_the_rules(windows):
    result = run("--windows", windows, "--rule", "cwa-1999")

    assert result.exit_code == 2
    assert "en-v2" in result.stderr


@pytest.mark.parametrize("day", ["today", "2021-02-30", "20210302", "2021-3-2"])
def test_other_forms_of_a_day_are_wrong_usage(day, windows):
    result = run("--windows", windows, "--rule", "cwa", "--as-of", day)

    assert result.exit_code == 2


def test_missing_file_is_wrong_usage(tmp_path):
    result = run("--windows", tmp_path / "none.json", "--rule", "cwa")

    assert result.exit_code == 2
    assert "--windows" in result.stderr


def test_more_values_than_memory_is_meant_for_are_refused_before_they_are_parsed(
    monkeypatch,
):
    monkeypatch.setattr("proximity.cli.score.MAX_WINDOWS_VALUES", 10)
    result = run("--windows", "-", "--rule", "cwa", stdin="[[],[],[],[],[],[],")

    assert isinstance(result.exception, TooLargeError)
    assert result.exit_code == 1


@pytest.mark.parametrize("stdin", ["", "{", "[" * 100_000, "[1]", '{"windows": 3}'])
def test_what_are_no_windows_is_a_format_error(stdin):
    result = run("--windows", "-", "--rule", "cwa", stdin=stdin)

    assert isinstance(result.exception, FormatError)
    assert result.exception.hint


def changed():
    document = parse_json(built_in("en-v2").canonical)
    document.update(name="strict", version=7)
    document["parameters"]["day_levels"]["high_from"] = 100
    return parse_configuration(encode_canonical(document))


def test_signed_configuration_scores(windows, key, pem, tmp_path):
    signed = tmp_path / "signed.json"
    signed.write_bytes(sign_configuration(changed(), [key]))
    arguments = ("--rule", "strict", "--configuration", signed, "--public-key", pem)

    document = json.loads(run("--windows", windows, *arguments, "--json").stdout)

    assert document["configuration"]["version"] == 7
    assert document["alert"] is False
    jsonschema.validate(
        json.loads(signed.read_bytes()), schema("signed-configuration-v1")
    )


def test_signature_by_another_key_is_refused(windows, pem, tmp_path):
    signed = tmp_path / "signed.json"
    other = ec.generate_private_key(ec.SECP256R1())
    signed.write_bytes(sign_configuration(changed(), [other]))
    arguments = ("--rule", "strict", "--configuration", signed, "--public-key", pem)

    result = run("--windows", windows, *arguments)

    assert isinstance(result.exception, BadSignatureError)


def test_configuration_of_another_name_is_wrong_usage(windows, key, pem, tmp_path):
    signed = tmp_path / "signed.json"
    signed.write_bytes(sign_configuration(changed(), [key]))
    arguments = ("--rule", "nhs", "--configuration", signed, "--public-key", pem)

    assert run("--windows", windows, *arguments).exit_code == 2


@pytest.mark.parametrize("lonely", ["--configuration", "--public-key"])
def test_configuration_and_key_go_together(lonely, windows, pem):
    result = run("--windows", windows, "--rule", "cwa", lonely, pem)

    assert result.exit_code == 2


@pytest.mark.parametrize("name", BUILT_IN)
def test_built_in_configuration_follows_its_schema(name):
    jsonschema.validate(
        parse_json(built_in(name).canonical), schema("configuration-v1")
    )


@pytest.mark.parametrize("name", BUILT_IN)
def test_schema_and_program_refuse_a_parameter_that_is_not_known(name):
    document = parse_json(built_in(name).canonical)
    document["parameters"]["colour"] = 1

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, schema("configuration-v1"))
    with pytest.raises(FormatError):
        parse_configuration(encode_canonical(document))


def test_every_option_is_described():
    page = (REFERENCE / "commands/score.md").read_text("utf-8")
    options = typer.main.get_command(load_app()).commands["score"].params

    flags = [flag for option in options for flag in option.opts]
    assert [f for f in flags if f"`{f}`" not in page] == []


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_an_explanation_breaks_between_words_at_the_width(windows, lang, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")

    lines = run("--windows", windows, "--explain", "--lang", lang).stdout.splitlines()

    told = [line for line in lines if line.startswith("  ")]
    assert max(map(len, lines)) <= 80
    assert any(line.startswith("    ") for line in told)
