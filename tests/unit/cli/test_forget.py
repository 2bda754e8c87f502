import json
import os
import re
from pathlib import Path
from types import SimpleNamespace

import jsonschema
import pytest
from typer.testing import CliRunner

from proximity.cli import forget as command
from proximity.cli.main import load_app
from proximity.errors import StoreError
from proximity.store.scans import Scan, record_scan
from proximity.store.schema import open_store
from proximity.store.sealing_key import load_sealing_key

REFERENCE = Path(__file__).parents[3] / "docs/reference"
SCHEMA = json.loads((REFERENCE / "schemas/forget-v1.json").read_text("utf-8"))
DAY_MS = 86_400_000
NOW_S = 1_700_000_000


class MemoryKeyring:
    def __init__(self):
        self.secrets = {}
        self.answers = True

    def get(self, account):
        return self.secrets.get(account)

    def put(self, account, secret):
        self.secrets[account] = secret
        return True

    def remove(self, account):
        self.secrets.pop(account, None)
        return self.answers


@pytest.fixture(autouse=True)
def keyring(monkeypatch):
    keyring = MemoryKeyring()
    monkeypatch.setattr(command, "system_keyring", lambda: keyring)
    monkeypatch.setattr(command, "time", SimpleNamespace(time=lambda: NOW_S))
    return keyring


@pytest.fixture
def device(tmp_path, keyring):
    """Return a home with a scan now, 5 and 20 days ago."""
    connection = open_store(tmp_path / "store.sqlite")
    load_sealing_key(connection, tmp_path, keyring)
    for days in (0, 5, 20):
        start_ms = NOW_S * 1_000 - days * DAY_MS
        record_scan(connection, Scan(start_ms, start_ms, "test"))
    connection.close()
    return tmp_path


def run(home, *arguments, answer=None):
    return CliRunner().invoke(
        load_app(), ["forget", "--home", str(home), *arguments], input=answer
    )


def scans_left(home):
    connection = open_store(home / "store.sqlite")
    ((count,),) = connection.execute("SELECT count(*) FROM scans").fetchall()
    connection.close()
    return count


@pytest.mark.parametrize("days", [19_676, 10**12, 10**30])
def test_more_days_than_there_were_forget_nothing(device, days):
    result = run(device, "--days", str(days))

    assert result.exit_code == 0
    assert scans_left(device) == 3


def test_fourteen_days_are_kept(device):
    result = run(device)

    assert result.exit_code == 0
    assert "1 scans forgotten" in result.stdout
    assert scans_left(device) == 2


def test_a_sharing_that_nobody_waits_for_goes_with_the_rest(device):
    left = device / "pending_share"
    for age_s, is_left in ((6 * 86_400, True), (7 * 86_400, False)):
        left.write_bytes(b"sealed")
        os.utime(left, (NOW_S - age_s, NOW_S - age_s))
        assert run(device, "--json").exit_code == 0
        assert left.exists() is is_left


def test_days_say_how_many_are_kept(device):
    assert run(device, "--days", "4").exit_code == 0
    assert scans_left(device) == 1
    assert run(device, "--days", "0").exit_code == 0
    assert scans_left(device) == 1


@pytest.mark.parametrize("arguments", [[], ["--all", "--yes"]])
def test_json_follows_its_schema(device, arguments):
    result = run(device, "--json", *arguments)

    document = json.loads(result.stdout)
    jsonschema.validate(document, SCHEMA)
    assert next(iter(document)) == "schema"
    assert document["scans"] == (3 if arguments else 1)


def test_all_asks_first(device, keyring):
    refused = run(device, "--all", answer="n\n")
    assert refused.exit_code == 2
    assert scans_left(device) == 3
    assert keyring.secrets

    agreed = run(device, "--all", answer="y\n")
    assert agreed.exit_code == 0
    assert scans_left(device) == 0
    assert not keyring.secrets


def test_all_where_nobody_answers_forgets_nothing_and_says_how(device):
    result = run(device, "--all")

    assert result.exit_code == 2
    assert "--yes" in result.stderr
    assert scans_left(device) == 3


def test_a_keyring_that_does_not_answer_is_said(device, keyring):
    keyring.answers = False

    result = run(device, "--all", "--yes")

    assert result.exit_code == 0
    assert "by hand" in result.stderr


def test_after_all_the_home_can_be_used_again(device, keyring):
    run(device, "--all", "--yes")

    connection = open_store(device / "store.sqlite")
    load_sealing_key(connection, device, keyring)
    connection.close()


def test_where_nothing_is_stored_nothing_is_made(tmp_path):
    result = run(tmp_path / "never", "--json")

    assert result.exit_code == 0
    jsonschema.validate(json.loads(result.stdout), SCHEMA)
    assert not (tmp_path / "never").exists()


@pytest.mark.parametrize(
    "arguments", [["--all", "--days", "3"], ["--days", "-1"], ["--days", "soon"]]
)
def test_wrong_usage_exits_2_and_forgets_nothing(device, arguments):
    assert run(device, *arguments).exit_code == 2
    assert scans_left(device) == 3


def test_a_damaged_store_is_a_named_error(tmp_path):
    (tmp_path / "store.sqlite").write_bytes(b"garbage" * 1_000)

    result = run(tmp_path)

    assert isinstance(result.exception, StoreError)
    assert (tmp_path / "store.sqlite").read_bytes() == b"garbage" * 1_000


def test_every_option_of_help_is_on_the_page():
    page = (REFERENCE / "commands/forget.md").read_text("utf-8")
    shown = (
        CliRunner().invoke(load_app(), ["forget", "--help"], terminal_width=200).stdout
    )

    options = set(re.findall(r"--[a-z]+", shown)) - {"--help"}
    assert options == {"--home", "--days", "--all", "--yes", "--json"}
    for option in options:
        assert f"`{option}`" in page
