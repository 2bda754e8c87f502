"""`proximity authority`: key files in, a signed directory out."""

import json
import re
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from typer.testing import CliRunner, Result

from proximity.cli.main import load_app
from proximity.errors import FormatError, InvalidUploadError, NothingStoredError
from proximity.protocol.key_file import UploadedKey, encode_key_file

REFERENCE = Path(__file__).parents[3] / "docs/reference"
DAY = 18_400
NOW_S = DAY * 86_400 + 7_800


@pytest.fixture
def key_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(time, "time", lambda: NOW_S + 0.5)
    path = tmp_path / "KEYS.json"
    keys = [UploadedKey(bytes([n]) * 16, (DAY - n) * 144) for n in range(3)]
    path.write_bytes(encode_key_file(keys))
    return path


def run(command: str, data: Path, *arguments: str) -> Result:
    options = ["authority", command, "--data", str(data), *arguments]
    return CliRunner().invoke(load_app(), options)


def fields(result: Result, schema: str) -> dict[str, Any]:
    document = json.loads(result.stdout)
    path = REFERENCE / "schemas" / f"{schema}.json"
    jsonschema.validate(document, json.loads(path.read_text("utf-8")))
    return document


def publish(data: Path, *arguments: str) -> dict[str, Any]:
    result = run("publish", data, "--json", *arguments)
    return fields(result, "authority-publish-v1")


def test_publish_counts_keys_padding_and_what_is_held_back(key_file: Path):
    data = key_file.parent / "data"

    report = publish(data, str(key_file), "--minimum", "20")

    assert (report["keys"], report["held_back"]) == (2, 1)
    assert 18 <= report["padding"] <= 20
    assert Path(report["index"]).read_text() == "\n".join(report["files"])
    assert (data / "exports" / report["files"][0]).exists()


def test_publish_without_files_releases_what_was_held_back(
    key_file: Path, monkeypatch: pytest.MonkeyPatch
):
    data = key_file.parent / "data"
    publish(data, str(key_file))
    monkeypatch.setattr(time, "time", lambda: NOW_S + 86_400)

    assert publish(data)["keys"] == 1


def test_revoke_withdraws_what_was_published(key_file: Path):
    data = key_file.parent / "data"
    publish(data, str(key_file))

    report = publish(data, str(key_file), "--revoke")

    assert (report["keys"], report["revised"], report["held_back"]) == (0, 2, 0)


def test_publish_tells_people_what_it_did(key_file: Path):
    result = run("publish", key_file.parent / "data", str(key_file), "--minimum", "0")

    assert result.exit_code == 0
    assert "2 keys published" in result.stdout
    assert "1 held back" in result.stdout


def test_the_first_run_says_that_it_made_a_key(key_file: Path):
    data = key_file.parent / "data"

    first, second = run("publish", data), run("publish", data)

    assert "made the signing key v1" in first.stderr
    assert "public_keys.json" in first.stderr
    assert second.stderr == ""


def test_rotate_gives_the_new_key_and_all_that_clients_pin(key_file: Path):
    data = key_file.parent / "data"
    publish(data, str(key_file))

    document = fields(run("rotate", data, "--json"), "authority-rotate-v1")

    assert document["key_version"] == "v2"
    assert [key["key_version"] for key in document["keys"]] == ["v1", "v2"]
    assert [key["until"] for key in document["keys"]] == [NOW_S + 28 * 86_400, None]
    assert "signs until 2020-06-15" not in run("rotate", data).stderr


def test_rotate_without_a_key_is_a_named_error(tmp_path: Path):
    result = run("rotate", tmp_path / "data")

    assert isinstance(result.exception, NothingStoredError)
    assert not (tmp_path / "data").exists()


def test_a_file_that_breaks_the_rules_is_a_named_error(key_file: Path):
    key_file.write_bytes(encode_key_file([UploadedKey(b"short", DAY * 144)]))

    result = run("publish", key_file.parent / "data", str(key_file))

    assert isinstance(result.exception, InvalidUploadError)
    assert "entry 1" in str(result.exception)


def test_a_file_that_is_not_one_is_named(key_file: Path):
    key_file.write_bytes(b"{")

    result = run("publish", key_file.parent / "data", str(key_file))

    assert isinstance(result.exception, FormatError)
    assert str(result.exception).startswith("KEYS.json: ")


@pytest.mark.parametrize(
    "arguments", [["missing.json"], ["--region", "Việt"], ["--minimum", "-1"]]
)
def test_wrong_usage_exits_with_2(key_file: Path, arguments: list[str]):
    assert run("publish", key_file.parent / "data", *arguments).exit_code == 2


def test_data_is_needed():
    assert CliRunner().invoke(load_app(), ["authority", "publish"]).exit_code == 2


@pytest.mark.parametrize("command", ["publish", "rotate"])
def test_the_page_of_a_command_names_its_options(command: str):
    page = (REFERENCE / "commands" / f"authority-{command}.md").read_text("utf-8")
    result = CliRunner().invoke(
        load_app(), ["authority", command, "--help"], env={"COLUMNS": "200"}
    )

    options = set(re.findall(r"--[a-z-]+", result.stdout)) - {"--help"}
    assert options == set(re.findall(r"^\| `(--[a-z-]+)`", page, re.MULTILINE))
