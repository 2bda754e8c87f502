"""`proximity authority verify-audit` and `forget`."""

import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from typer.testing import CliRunner, Result

from proximity.authority.assembly import open_authority
from proximity.authority.audit.model import Reader, Reason
from proximity.authority.people.model import NewPerson, PersonField, PersonKind
from proximity.authority.people.reading import read_people
from proximity.authority.people.records import add_people
from proximity.cli.main import load_app
from proximity.errors import DamagedRecordError, NothingStoredError

DAY = 20_600
SCHEMAS = Path(__file__).parents[3] / "docs/reference/schemas"


def run(command: str, data: Path, *arguments: str) -> Result:
    options = ["authority", command, "--data", str(data), *arguments]
    return CliRunner().invoke(load_app(), options)


def fields(result: Result, schema: str) -> dict[str, Any]:
    document = json.loads(result.stdout)
    path = SCHEMAS / f"{schema}.json"
    jsonschema.validate(document, json.loads(path.read_text("utf-8")))
    return document


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an authority that knows one contact, who was read once."""
    folder = tmp_path_factory.mktemp("people") / "authority"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PROXIMITY_NOW", str(DAY * 86_400))
        assert run("init", folder, "--test").exit_code == 0
        authority = open_authority(folder)
        person = NewPerson("u", PersonKind.CONTACT, {PersonField.NAME: "Lê An"})
        with authority.engine.begin() as connection:
            numbers = add_people(authority, connection, [person])
        reader = Reader("an", "u", frozenset({"u"}), Reason.CASE_WORK)
        read_people(authority, reader, numbers, PersonField)
        authority.engine.dispose()
        authority.vault.key_store.close()
    return folder


@pytest.fixture
def data(made_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy; it is the first day."""
    monkeypatch.setenv("PROXIMITY_NOW", str(DAY * 86_400))
    return Path(shutil.copytree(made_once, tmp_path / "authority"))


def test_a_good_audit_is_told_of(data: Path):
    assert run("worker", data, "--once").exit_code == 0
    result = run("verify-audit", data, "--json")

    document = fields(result, "authority-verify-audit-v1")
    assert (result.exit_code, document["intact"], document["rows"]) == (0, True, 2)
    assert (document["heads"], document["newest_head"]) == (1, "2026-05-27")
    assert "2 rows are as they were written" in run("verify-audit", data).stdout


def test_a_changed_row_ends_with_its_number(data: Path):
    with sqlite3.connect(data / "authority.sqlite") as database:
        database.execute("DROP TRIGGER audit_no_update")
        database.execute("UPDATE audit SET actor = 'binh'")
    database.close()
    result = run("verify-audit", data, "--json")

    document = fields(result, "authority-verify-audit-v1")
    assert result.exit_code == 1
    assert (document["first_bad"]["seq"], document["first_bad"]["what"]) == (
        1,
        "changed",
    )
    with pytest.raises(DamagedRecordError, match="row 1 of the audit"):
        raise run("verify-audit", data).exception


def test_a_dry_run_tells_what_would_go(data: Path, monkeypatch):
    monkeypatch.setenv("PROXIMITY_NOW", str((DAY + 21) * 86_400))
    planned = fields(run("forget", data, "--dry-run", "--json"), "authority-forget-v1")
    assert (planned["people"], planned["keys"], planned["dry_run"]) == (1, 1, True)
    assert "1 persons would be" in run("forget", data, "--dry-run").stdout

    done = fields(run("forget", data, "--json"), "authority-forget-v1")
    assert (done["people"], done["keys"], done["dry_run"]) == (1, 1, False)
    assert "0 persons were forgotten" in run("forget", data).stdout


def test_records_without_a_key_go_on_an_operators_word(data: Path):
    (data / "record_keys.sqlite").unlink()
    assert "1 records have no key" in run("forget", data).stdout

    document = fields(
        run("forget", data, "--unopenable", "--json"), "authority-forget-v1"
    )
    assert document["unopenable"] == 0
    assert "no key" not in run("forget", data).stdout


@pytest.mark.parametrize("command", ["verify-audit", "forget"])
def test_a_directory_that_was_not_made_is_a_named_error(tmp_path: Path, command: str):
    assert isinstance(run(command, tmp_path).exception, NothingStoredError)


def test_every_record_gets_new_keys_on_an_operators_word(data: Path):
    done = fields(
        run("rotate", data, "--people", "--json"), "authority-rotate-people-v1"
    )

    assert (done["master"], done["people"], done["damaged"]) == (2, 1, 0)
    assert (data / "keys" / "people-2.key").stat().st_mode & 0o077 == 0
    again = run("rotate", data, "--people").stdout
    assert "1 records are sealed anew; master key 3 is in use." in again
    assert fields(run("verify-audit", data, "--json"), "authority-verify-audit-v1")[
        "intact"
    ]
