"""`proximity share`: shown first, sent only after a yes."""

import base64
import json
from pathlib import Path

import jsonschema
import pytest
from typer.testing import CliRunner, Result

from proximity.cli import share as command
from proximity.cli.main import load_app
from proximity.client.submission import SealedBox
from proximity.errors import (
    ConsentError,
    NetworkError,
    NothingStoredError,
    VerificationCodeError,
)
from proximity.store.own_keys import list_keys
from proximity.store.schema import open_store
from proximity.store.sealing import SealingKey

REFERENCE = Path(__file__).parents[3] / "docs/reference"
SCHEMA = json.loads((REFERENCE / "schemas/share-v1.json").read_text("utf-8"))
TODAY = 18_400  # 2020-05-18
SEALING = SealingKey(bytes(32))
OPENED = {
    "kind": "case",
    "case": "ABCDEFGH12",
    "nonce": "00" * 16,
    "salt": "07" * 16,
    "firstDay": TODAY - 3,
    "lastDay": TODAY,
    "recursiveFirstDay": None,
    "recursiveLastDay": None,
    "keys": [],
}
TAKEN = {"kind": "case", "keys": 2, "heard": 0, "verdict": None, "close": False}


@pytest.fixture
def server(scripted_server):
    scripted_server.answers |= {
        "/api/share/open": (200, OPENED),
        "/api/share/package": (200, TAKEN),
    }
    return scripted_server


@pytest.fixture
def home(home_of) -> Path:
    return home_of(command)


def run(server, home: Path, *more: str, answer: str | None = None) -> Result:
    url = f"http://127.0.0.1:{server.server_port}"
    options = ["share", "--home", str(home), "--token", "T", "--to", url, *more]
    return CliRunner().invoke(load_app(), options, input=answer)


def paths(server) -> list[str]:
    return [path.removeprefix("/api/share/") for path, _ in server.asked]


def periods(home: Path) -> list[int]:
    connection = open_store(home / "store.sqlite")
    keys = list_keys(connection, SEALING)
    connection.close()
    return [key.period for key in keys]


def test_a_preview_sends_nothing_and_changes_nothing(server, home):
    result = run(server, home, "--json")

    document = json.loads(result.stdout)
    jsonschema.validate(document, SCHEMA)
    assert (document["shared"], document["outcome"]) == (False, None)
    assert [day["keys"] for day in document["days"]] == [1, 1]
    assert paths(server) == ["open"]
    assert periods(home) == [144, 144]


def test_after_a_yes_keys_in_use_are_ended_and_the_package_leaves(server, home):
    result = run(server, home, "--language", "en", answer="y\n")

    assert result.exit_code == 0, result.exception
    assert "2020-05-17  keys: 1" in result.stderr
    assert "The authority has it" in result.stdout
    assert paths(server) == ["open", "package"]
    assert periods(home) == [144, 60, 144]
    assert not (home / "pending_share").exists()


def test_what_an_upload_left_goes_along_with_the_keys(server, home):
    SealedBox(home, SEALING).finish("what the upload left")
    assert run(server, home, "--yes").exit_code == 0

    package = server.asked[-1][1]["package"]
    body = json.loads(base64.b64decode(package["body"]))
    assert "what the upload left" in body.values()


def test_without_a_yes_nothing_leaves(server, home):
    for answer in ("n\n", None):
        result = run(server, home, answer=answer)
        assert isinstance(result.exception, ConsentError)
    assert paths(server) == ["open", "open"]


def test_it_speaks_vietnamese_where_the_home_says_nothing_else(server, home):
    assert "khóa: 1" in run(server, home, answer="n\n").stderr


def test_fewer_days_can_be_shared_but_no_others(server, home):
    days = ("--days", "2020-05-18..2020-05-30")
    result = run(server, home, "--yes", "--json", *days)

    assert [day["day"] for day in json.loads(result.stdout)["days"]] == ["2020-05-18"]
    assert run(server, home, "--days", "2020-04-01..2020-04-02").exit_code == 2
    assert run(server, home, "--days", "2020-05-18").exit_code == 2


def test_a_sharing_that_broke_off_is_finished_with_the_same_package(server, home):
    server.answers["/api/share/package"] = (500, {"errorCode": "x"})
    assert isinstance(run(server, home, "--yes").exception, NetworkError)
    server.answers["/api/share/package"] = (200, TAKEN)

    document = json.loads(run(server, home, "--json").stdout)
    jsonschema.validate(document, SCHEMA)
    assert (document["shared"], document["resumed"]) == (True, True)
    sent = [body["package"] for path, body in server.asked if path.endswith("package")]
    assert sent[0] == sent[1]


def test_a_token_that_does_not_count_changes_nothing(server, home):
    server.answers["/api/share/open"] = (400, {"errorCode": "token_expired"})
    result = run(server, home, "--yes")

    assert isinstance(result.exception, VerificationCodeError)
    assert periods(home) == [144, 144]


def test_a_device_without_a_store_has_nothing_to_share(server, tmp_path):
    result = run(server, tmp_path / "none", "--yes")

    assert isinstance(result.exception, NothingStoredError)


def test_wrong_usage_is_told(server, home):
    assert run(server, home, "--language", "fr").exit_code == 2
    assert CliRunner().invoke(load_app(), ["share", "--to", "http://x"]).exit_code == 2
