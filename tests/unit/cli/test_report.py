"""`proximity report` lists, asks, writes, and leaves the store alone without a yes."""

import json
import os
import re
import time
from pathlib import Path

import jsonschema
import pytest
from typer.testing import CliRunner, Result

from proximity.cli import report as command
from proximity.cli.main import load_app
from proximity.errors import ConsentError, NothingStoredError
from proximity.protocol.key_file import parse_key_file
from proximity.store.own_keys import OwnKey, add_key, list_keys
from proximity.store.schema import open_store
from proximity.store.sealing import SealingKey

REFERENCE = Path(__file__).parents[3] / "docs/reference"
SCHEMA = json.loads((REFERENCE / "schemas/report-v1.json").read_text("utf-8"))
TODAY = 18_400  # 2020-05-18
SEALING = SealingKey(bytes(32))
KEY = b"\xab" * 16


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a device's folder with the keys of yesterday and today; it is 10:00."""
    connection = open_store(tmp_path / "store.sqlite")
    for day in (TODAY - 1, TODAY):
        add_key(connection, SEALING, KEY, day * 144)
    connection.close()
    monkeypatch.setattr(time, "time", lambda: TODAY * 86_400 + 36_000.5)
    monkeypatch.setattr(
        command, "open_home", lambda home: (open_store(home / "store.sqlite"), SEALING)
    )
    return tmp_path


def run(home: Path, *arguments: str, answer: str | None = None) -> Result:
    output = str(home / "KEYS.json")
    options = ["report", "--home", str(home), "-o", output, *arguments]
    return CliRunner().invoke(load_app(), options, input=answer)


def stored(home: Path) -> list[OwnKey]:
    connection = open_store(home / "store.sqlite")
    keys = list_keys(connection, SEALING)
    connection.close()
    return keys


BOTH = ("--days", "2020-05-17..2020-05-18")


def test_it_lists_the_days_and_writes_after_a_yes(home: Path):
    result = run(home, *BOTH, "--onset", "2020-05-16", answer="y\n")

    assert result.exit_code == 0
    assert "2020-05-17  1 key, IDs of 00:00 to 24:00" in result.stderr
    assert "2020-05-18  1 key, IDs of 00:00 to 10:00" in result.stderr
    assert "symptoms began on 2020-05-16" in result.stderr
    keys = parse_key_file((home / "KEYS.json").read_bytes()).keys
    assert [key.days_since_onset for key in keys] == [1, 2]


@pytest.mark.parametrize("answer", ["n\n", "\n", ""])
def test_without_a_yes_nothing_happens(home: Path, answer: str):
    before = stored(home)

    result = run(home, *BOTH, answer=answer)

    assert isinstance(result.exception, ConsentError)
    assert "--yes" in result.exception.hint
    assert stored(home) == before
    assert not (home / "KEYS.json").exists()


def test_json_is_one_object_of_the_schema_with_the_list_beside_it(home: Path):
    result = run(home, *BOTH, "--yes", "--json")

    document = json.loads(result.stdout)
    jsonschema.validate(document, SCHEMA)
    assert document["keys"] == 2
    assert document["days"][1] == {
        "day": "2020-05-18",
        "keys": 1,
        "start": TODAY * 86_400,
        "end": TODAY * 86_400 + 36_000,
        "again": False,
    }
    assert "2020-05-17" in result.stderr


def test_no_key_is_shown(home: Path):
    result = run(home, *BOTH, "--yes")

    assert KEY.hex() not in result.output.lower()


@pytest.mark.parametrize(
    "days",
    [
        "2020-05-18",
        "2020-05-18..",
        "yesterday..today",
        "2020-05-18..2020-05-17",
        "2020-05-18..2020-05-19",
        "2020-05-03..2020-05-18",
        "2020-02-30..2020-05-18",
    ],
)
def test_other_days_are_wrong_usage(home: Path, days: str):
    result = run(home, "--days", days, "--yes")

    assert result.exit_code == 2
    assert not (home / "KEYS.json").exists()


@pytest.mark.parametrize("onset", ["soon", "2020-05-19", "2020-05-01"])
def test_an_onset_that_cannot_be_is_wrong_usage(home: Path, onset: str):
    assert run(home, *BOTH, "--yes", "--onset", onset).exit_code == 2


def test_days_without_keys_are_a_named_error(home: Path):
    result = run(home, "--days", "2020-05-10..2020-05-11", "--yes")

    assert isinstance(result.exception, NothingStoredError)


def test_without_a_store_none_is_made(home: Path, tmp_path: Path):
    result = CliRunner().invoke(
        load_app(),
        ["report", "--home", str(tmp_path / "none"), "-o", "KEYS.json", *BOTH],
    )

    assert isinstance(result.exception, NothingStoredError)
    assert not (tmp_path / "none").exists()


def test_the_page_of_the_command_names_its_options():
    page = (REFERENCE / "commands/report.md").read_text("utf-8")
    result = CliRunner().invoke(
        load_app(), ["report", "--help"], env={"COLUMNS": "200"}
    )

    options = set(re.findall(r"--[a-z-]+", result.stdout)) - {"--help"}
    assert options == set(re.findall(r"^\| .*?`(--[a-z-]+)` \|", page, re.MULTILINE))


def test_keys_are_not_written_over_what_is_no_file(home: Path):
    os.mkfifo(home / "pipe")

    result = run(home, *BOTH, "--yes", "-o", str(home / "pipe"))

    assert result.exit_code == 2
    assert (home / "pipe").is_fifo()
    assert not any(key.reported for key in stored(home))
