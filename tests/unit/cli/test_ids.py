import json
from pathlib import Path

import jsonschema
import pytest
import typer
from typer.testing import CliRunner

from proximity.cli.main import load_app

REFERENCE = Path(__file__).parents[3] / "docs/reference"
SCHEMA = json.loads((REFERENCE / "schemas/ids-v1.json").read_text("utf-8"))
GAEN_KEY = "75c734c6dd1a782de7a965da5eb93125"
BLUEZONE_KEY = "4C5224B397F8AB3896781D5AA0F3119F280513F1B592CA280EBDED6357E21084"


def run(*arguments):
    return CliRunner().invoke(load_app(), ["ids", *arguments])


def gaen(*arguments, key=GAEN_KEY):
    return run("--scheme", "gaen", "--key", key, *arguments)


def bluezone(*arguments, key=BLUEZONE_KEY):
    return run("--scheme", "bluezone", "--key", key, *arguments)


def test_gaen_ids_are_printed_one_a_line():
    result = gaen("--start-interval", "2642976")

    lines = result.stdout.splitlines()
    assert result.exit_code == 0
    assert len(lines) == 144
    assert lines[:2] == [
        "8be6cd371c5c891604bfbe49df845096",
        "3c9a1de5dd6b02afa7fded7b570b3e56",
    ]


def test_gaen_is_the_scheme_unless_another_is_named():
    result = run("--key", GAEN_KEY.upper(), "--start-interval", "2642976")

    assert result.stdout == gaen("--start-interval", "2642976").stdout


def test_a_period_shortens_the_list():
    result = gaen("--start-interval", "2642976", "--period", "2")

    assert len(result.stdout.splitlines()) == 2


def test_bluezone_ids_are_printed_one_a_line():
    result = bluezone("--day-start", "1596844800")

    lines = result.stdout.splitlines()
    assert len(lines) == 96
    assert lines[27] == "e376e0b409bce18ecf5f2ed4"


def test_a_later_day_follows_from_the_first_key():
    result = bluezone("--day-start", "1596844800", "--day", "1", "--count", "48")

    lines = result.stdout.splitlines()
    assert len(lines) == 48
    assert lines[5] == "2a23be6438b2557272b03007"


def test_the_json_of_gaen_tells_when_each_id_is_valid():
    result = gaen("--start-interval", "2642976", "--json")

    document = json.loads(result.stdout)
    jsonschema.validate(document, SCHEMA)
    assert list(document) == ["schema", "scheme", "ids"]
    assert document["scheme"] == "gaen"
    assert document["ids"][1] == {
        "id": "3c9a1de5dd6b02afa7fded7b570b3e56",
        "valid_from": 1_585_786_200,
        "valid_to": 1_585_786_800,
    }


def test_the_json_of_bluezone_counts_days_from_day_0():
    result = bluezone("--day-start", "1596844800", "--day", "1", "--json")

    document = json.loads(result.stdout)
    jsonschema.validate(document, SCHEMA)
    assert document["ids"][0] == {
        "id": "64c0d2707c49d2f0d5e3e348",
        "valid_from": 1_596_931_200,
        "valid_to": 1_596_932_100,
    }


def test_slots_of_fractions_of_a_second_are_told_as_fractions():
    result = bluezone("--day-start", "0", "--count", "7", "--json")

    document = json.loads(result.stdout)
    jsonschema.validate(document, SCHEMA)
    assert document["ids"][0]["valid_to"] == 12_342.857


@pytest.mark.parametrize(
    "arguments",
    [
        ("--key", GAEN_KEY[2:], "--start-interval", "5"),
        ("--key", GAEN_KEY + "00", "--start-interval", "5"),
        ("--key", "zz" * 16, "--start-interval", "5"),
        ("--key", GAEN_KEY[:-1] + " ", "--start-interval", "5"),
        ("--key", GAEN_KEY),
        ("--start-interval", "5"),
        ("--key", GAEN_KEY, "--start-interval", "-1"),
        ("--key", GAEN_KEY, "--start-interval", "2147483648"),
        ("--key", GAEN_KEY, "--start-interval", "5", "--period", "0"),
        ("--key", GAEN_KEY, "--start-interval", "5", "--period", "145"),
        ("--key", GAEN_KEY, "--start-interval", "5", "--count", "96"),
        ("--key", GAEN_KEY, "--start-interval", "5", "--day", "0"),
        ("--scheme", "dp3t", "--key", GAEN_KEY, "--start-interval", "5"),
        ("--scheme", "bluezone", "--key", GAEN_KEY, "--day-start", "0"),
        ("--scheme", "bluezone", "--key", BLUEZONE_KEY),
    ],
)
def test_wrong_usage_exits_2_and_prints_no_id(arguments):
    result = run(*arguments)

    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("--count", "1"),
        ("--count", "86401"),
        ("--day", "-1"),
        ("--day", "36526"),
        ("--period", "96"),
        ("--start-interval", "5"),
    ],
)
def test_wrong_usage_of_bluezone_exits_2(arguments):
    assert bluezone("--day-start", "1596844800", *arguments).exit_code == 2


def test_a_wrong_key_is_not_repeated():
    result = gaen("--start-interval", "5", key=GAEN_KEY + "0")

    assert "33 characters" in result.stderr
    assert GAEN_KEY[:8] not in result.stderr


def test_the_page_names_every_option():
    command = typer.main.get_command(load_app()).commands["ids"]
    page = (REFERENCE / "commands/ids.md").read_text("utf-8")

    options = {name for parameter in command.params for name in parameter.opts}
    assert {name for name in options if f"| `{name}` |" not in page} <= {"--help"}
