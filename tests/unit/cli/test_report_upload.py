"""`proximity report --to`: an authority on loopback that answers by script."""

import json
from pathlib import Path

import jsonschema
import pytest
from typer.testing import CliRunner, Result

from proximity.cli import report as command
from proximity.cli.main import load_app
from proximity.cli.report_upload import Upload
from proximity.client.submission import AuthorityAddress
from proximity.errors import NetworkError, VerificationCodeError
from proximity.store.own_keys import list_keys
from proximity.store.schema import open_store
from proximity.store.sealing import SealingKey

REFERENCE = Path(__file__).parents[3] / "docs/reference"
SCHEMA = json.loads((REFERENCE / "schemas/report-upload-v1.json").read_text("utf-8"))
TODAY = 18_400  # 2020-05-18
SEALING = SealingKey(bytes(32))
TAKEN = (200, {"revisionToken": "r", "insertedExposures": 2})


@pytest.fixture
def server(scripted_server):
    scripted_server.answers |= {
        "/api/verify": (200, {"token": "t"}),
        "/api/certificate": (200, {"certificate": "c"}),
        "/v1/publish": TAKEN,
    }
    return scripted_server


@pytest.fixture
def home(home_of) -> Path:
    return home_of(command)


def paths(server) -> list[str]:
    return [path for path, _ in server.asked]


def run(server, home: Path, *more: str, answer: str | None = None) -> Result:
    url = f"http://127.0.0.1:{server.server_port}"
    days = ("--days", "2020-05-17..2020-05-18")
    options = ["report", "--home", str(home), *days, "--to", url, *more]
    return CliRunner().invoke(load_app(), options, input=answer)


def keys_of(home: Path):
    connection = open_store(home / "store.sqlite")
    keys = list_keys(connection, SEALING)
    connection.close()
    return keys


def test_keys_are_uploaded_and_the_device_goes_on_with_fresh_ones(server, home):
    result = run(server, home, "--code", "12345678", "--yes", "--json")

    document = json.loads(result.stdout)
    jsonschema.validate(document, SCHEMA)
    assert (document["inserted"], document["resumed"]) == (2, False)
    assert [day["day"] for day in document["days"]] == ["2020-05-17", "2020-05-18"]
    keys = keys_of(home)
    assert [key.reported for key in keys] == [True, True, False]
    assert keys[1].period == 60


def test_it_asks_before_anything_leaves(server, home):
    refused = run(server, home, "--code", "12345678", answer="n\n")
    given = run(server, home, "--code", "12345678", answer="y\n")

    assert refused.exit_code == 1
    assert "2 of them are new" in given.stdout
    assert paths(server) == ["/api/verify", "/api/certificate", "/v1/publish"]


def test_a_refused_code_leaves_the_device_as_it_was(server, home):
    server.answers["/api/verify"] = (400, {"error": "x", "errorCode": "code_expired"})
    result = run(server, home, "--code", "12345678", "--yes")

    assert isinstance(result.exception, VerificationCodeError)
    assert [key.reported for key in keys_of(home)] == [False, False]


def test_an_upload_that_broke_off_is_finished_without_a_code(server, home):
    server.answers["/v1/publish"] = (500, {"code": "internal_error"})
    assert run(server, home, "--code", "12345678", "--yes").exit_code == 1
    server.answers["/v1/publish"] = TAKEN

    result = run(server, home, "--yes", "--json")

    document = json.loads(result.stdout)
    jsonschema.validate(document, SCHEMA)
    assert (document["inserted"], document["resumed"]) == (2, True)
    assert paths(server).count("/api/verify") == 1
    assert isinstance(run(server, home, "--yes").exception, VerificationCodeError)


def test_a_new_code_takes_the_place_of_a_spent_one(server, home):
    server.answers["/v1/publish"] = (401, {"code": "x"})
    run(server, home, "--code", "12345678", "--yes")
    server.answers["/v1/publish"] = TAKEN

    assert run(server, home, "--code", "87654321", "--yes").exit_code == 0
    assert paths(server).count("/api/verify") == 2


@pytest.mark.parametrize("more", [["-o", "KEYS.json", "--to", "http://x"], []])
def test_keys_go_to_a_file_or_to_an_authority(home, more):
    days = ["--days", "2020-05-17..2020-05-18"]
    result = CliRunner().invoke(
        load_app(), ["report", "--home", str(home), *days, *more]
    )

    assert result.exit_code == 2


def test_an_address_that_is_none_is_a_named_error(home):
    days = ["--days", "2020-05-17..2020-05-18", "--to", "ftp://x"]
    result = CliRunner().invoke(load_app(), ["report", "--home", str(home), *days])

    assert isinstance(result.exception, NetworkError)


def test_a_code_does_not_show_itself():
    assert "123" not in repr(Upload(AuthorityAddress("u", "k", "vn"), "12345678"))
