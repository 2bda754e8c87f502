"""`proximity authority init`, `serve`, `worker`, `migrate`."""

import builtins
import json
import re
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from typer.testing import CliRunner, Result

from proximity.authority.publish import recursive
from proximity.authority.publish import worker as work
from proximity.authority.publish.published_store import LocalFolder
from proximity.cli.authority_service import extra_needed
from proximity.cli.main import load_app
from proximity.errors import MissingExtraError, NothingStoredError, PolicyError
from proximity.protocol.export_index import RECURSIVE_FOLDER
from proximity.protocol.key_file import UploadedKey, encode_key_file

NOW = str(20_600 * 86_400)
REFERENCE = Path(__file__).parents[3] / "docs/reference"


def run(command: str, data: Path, *arguments: str) -> Result:
    options = ["authority", command, "--data", str(data), *arguments]
    return CliRunner().invoke(load_app(), options)


def fields(result: Result, schema: str) -> dict[str, Any]:
    assert result.exit_code == 0, result.exception
    document = json.loads(result.stdout)
    path = REFERENCE / "schemas" / f"{schema}.json"
    jsonschema.validate(document, json.loads(path.read_text("utf-8")))
    return document


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("service") / "authority"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PROXIMITY_NOW", NOW)
        assert run("init", folder, "--test").exit_code == 0
    return folder


@pytest.fixture
def data(made_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of one authority; it is midnight."""
    monkeypatch.setenv("PROXIMITY_NOW", NOW)
    return Path(shutil.copytree(made_once, tmp_path / "authority"))


def test_init_gives_what_an_operator_hands_on(tmp_path: Path):
    result = run("init", tmp_path / "authority", "--json")

    document = fields(result, "authority-init-v1")
    assert document["public_key"].startswith("-----BEGIN PUBLIC KEY-----")
    assert document["region"] == "VN"


def test_init_takes_an_administrator(tmp_path: Path):
    password = tmp_path / "password"
    password.write_text("a sentence that nobody says\n")
    given = ["--admin", "ana@example.org", "--password-file", str(password)]

    result = run("init", tmp_path / "authority", *given)

    assert result.exit_code == 0
    assert "device_key: " in result.stdout
    assert "nobody says" not in result.stdout + result.stderr


def test_an_administrator_needs_a_password(tmp_path: Path):
    assert run("init", tmp_path / "a", "--admin", "ana@example.org").exit_code == 2


def test_a_password_that_is_no_text_is_wrong_usage(tmp_path: Path):
    password = tmp_path / "password"
    password.write_bytes(b"\xff\xfe")
    given = ["--admin", "ana@example.org", "--password-file", str(password)]

    assert run("init", tmp_path / "a", *given).exit_code == 2


def test_init_twice_is_a_named_error(data: Path):
    assert isinstance(run("init", data).exception, PolicyError)


def test_worker_tells_what_it_did(data: Path):
    document = fields(run("worker", data, "--once", "--json"), "authority-worker-v1")

    assert (document["batches"], document["keys"], document["held_back"]) == (0, 0, 0)
    assert "0 held back" in run("worker", data, "--once").stdout


def test_migrate_tells_the_version(data: Path):
    document = fields(run("migrate", data, "--json"), "authority-migrate-v1")

    assert re.fullmatch("[0-9]{4}", document["version"])
    assert document["version"] in run("migrate", data).stdout


def test_a_backup_makes_a_new_directory(data: Path, tmp_path: Path):
    file = tmp_path / "backup.tgz"
    made = fields(run("backup", data, "-o", str(file), "--json"), "authority-backup-v1")
    assert (made["keys"], made["files"], made["file"]) == (0, 0, str(file))

    result = run("restore", tmp_path / "new", str(file), "--json")

    assert fields(result, "authority-restore-v1")["keys"] == 0
    assert run("worker", tmp_path / "new", "--once").exit_code == 0
    assert "encrypt it" in run("backup", data, "-o", str(file)).stdout
    assert "Restored 0 keys" in run("restore", tmp_path / "other", str(file)).stdout


def test_publish_and_rotate_know_a_service(data: Path, tmp_path: Path):
    key_file = tmp_path / "KEYS.json"
    key_file.write_bytes(encode_key_file([UploadedKey(b"k" * 16, 20_590 * 144)]))
    published = run("publish", data, str(key_file), "--json")

    assert fields(published, "authority-publish-v1")["keys"] == 1
    rotated = fields(run("rotate", data, "--json"), "authority-rotate-v1")
    assert rotated["key_version"] == "v2"
    assert "0 keys published" in run("publish", data).stdout


def test_publish_names_the_index_where_it_is(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    local = run("publish", data, "--json")
    assert fields(local, "authority-publish-v1")["index"] == str(
        data / "exports" / "index.txt"
    )
    monkeypatch.setenv("PROXIMITY_AUTHORITY_STORE_URL", "s3://bucket/vn")
    bucket = LocalFolder(tmp_path / "bucket")
    monkeypatch.setattr(work, "open_published_store", lambda *_: bucket)
    beside = LocalFolder(tmp_path / "bucket" / RECURSIVE_FOLDER)
    monkeypatch.setattr(recursive, "open_published_store", lambda *_: beside)

    published = run("publish", data, "--json")

    index = fields(published, "authority-publish-v1")["index"]
    assert index == "s3://bucket/vn/index.txt"
    assert bucket.get("index.txt") == b""


@pytest.mark.parametrize("command", ["serve", "worker", "migrate", "backup"])
def test_a_directory_that_was_not_made_is_a_named_error(tmp_path: Path, command: str):
    more = ["-o", str(tmp_path / "x")] if command == "backup" else []
    assert isinstance(run(command, tmp_path, *more).exception, NothingStoredError)


def test_without_the_extra_the_hint_says_what_to_install(monkeypatch):
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name == "sqlalchemy":
            raise ModuleNotFoundError("gone", name="sqlalchemy")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError) as caught, extra_needed():
        import sqlalchemy  # noqa: F401, PLC0415

    assert "proximity[authority]" in caught.value.hint


def test_a_mistake_of_our_own_is_not_a_missing_extra():
    with pytest.raises(ModuleNotFoundError), extra_needed():
        import proximity.nothing  # noqa: F401, PLC0415


@pytest.mark.parametrize(
    "command", ["init", "serve", "worker", "migrate", "backup", "restore"]
)
def test_the_page_of_a_command_names_its_options(command: str):
    page = (REFERENCE / "commands" / f"authority-{command}.md").read_text("utf-8")
    result = CliRunner().invoke(
        load_app(), ["authority", command, "--help"], env={"COLUMNS": "200"}
    )

    options = set(re.findall(r"--[a-z-]+", result.stdout)) - {"--help"}
    assert options == set(
        re.findall(r"^\| (?:`-o`, )?`(--[a-z-]+)`", page, re.MULTILINE)
    )
