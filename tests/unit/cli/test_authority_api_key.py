"""`proximity authority api-key`."""

import json
import shutil
from pathlib import Path

import jsonschema
import pytest
from typer.testing import CliRunner, Result

from proximity.authority.api_error import ApiError
from proximity.authority.assembly import open_authority
from proximity.authority.verification.api_keys import check_api_key
from proximity.authority.verification.model import ApiKeyKind
from proximity.cli.main import load_app
from proximity.errors import NothingStoredError

SCHEMA = Path(__file__).parents[3] / "docs/reference/schemas/authority-api-key-v1.json"
NOW = str(20_600 * 86_400)


def run(command: str, data: Path, *arguments: str) -> Result:
    options = ["authority", command, "--data", str(data), *arguments]
    return CliRunner().invoke(load_app(), options)


def fields(result: Result) -> dict[str, str | None]:
    assert result.exit_code == 0, result.exception
    document = json.loads(result.stdout)
    jsonschema.validate(document, json.loads(SCHEMA.read_text("utf-8")))
    return document


def opens(data: Path, key: str, kind: ApiKeyKind) -> bool:
    authority = open_authority(data)
    try:
        check_api_key(authority.engine, key, kind)
    except ApiError:
        return False
    finally:
        authority.engine.dispose()
    return True


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("service") / "authority"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PROXIMITY_NOW", NOW)
        made = run("init", folder, "--test", "--json")
    return folder, json.loads(made.stdout)["admin_key"]


@pytest.fixture
def data(made_once, tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("PROXIMITY_NOW", NOW)
    return Path(shutil.copytree(made_once[0], tmp_path / "authority"))


@pytest.fixture
def first(made_once, tmp_path) -> Path:
    """Return a file that holds the admin key that `init` showed."""
    file = tmp_path / "stolen"
    file.write_text(made_once[1] + "\n")
    return file


@pytest.mark.parametrize("kind", list(ApiKeyKind))
def test_a_new_key_opens_what_it_was_made_for(data, kind):
    made = fields(run("api-key", data, "--make", kind, "--json"))

    assert (made["kind"], made["revoked"]) == (kind, None)
    assert opens(data, made["key"], kind)
    assert f"{kind}_key: " in run("api-key", data, "--make", kind).stdout


def test_a_stolen_key_is_replaced_in_one_step(data, first):
    stolen = first.read_text().strip()
    assert opens(data, stolen, ApiKeyKind.ADMIN)

    done = run("api-key", data, "--make", "admin", "--revoke", str(first), "--json")

    made = fields(done)
    assert made["revoked"] == "admin"
    assert not opens(data, stolen, ApiKeyKind.ADMIN)
    assert opens(data, made["key"], ApiKeyKind.ADMIN)


def test_to_revoke_twice_changes_nothing(data, first):
    for _ in range(2):
        result = run("api-key", data, "--revoke", str(first))
        assert result.exit_code == 0
        assert "kind admin" in result.stdout


def test_a_key_of_somebody_else_is_a_named_error_that_does_not_tell_it(data, tmp_path):
    file = tmp_path / "other"
    file.write_text("of-somebody-else")

    result = run("api-key", data, "--revoke", str(file), "--make", "admin")

    assert isinstance(result.exception, NothingStoredError)
    assert "somebody" not in str(result.exception) + result.output


def test_what_is_no_key_or_nothing_to_do_is_wrong_usage(data, tmp_path):
    file = tmp_path / "bytes"
    file.write_bytes(b"\xff" * 1_000)

    assert run("api-key", data, "--revoke", str(file)).exit_code == 2
    assert run("api-key", data).exit_code == 2
