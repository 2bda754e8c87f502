"""`proximity authority import`."""

import json
import shutil
from pathlib import Path

import jsonschema
import pytest
from typer.testing import CliRunner, Result

from proximity.cli.main import load_app
from proximity.client.network import HttpNetwork
from proximity.errors import NetworkError, NothingStoredError, PolicyError

SCHEMA = Path(__file__).parents[3] / "docs/reference/schemas/authority-import-v1.json"
NOW = str(20_600 * 86_400)
URL = "https://health.example.la/exports/VN/"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(load_app(), ["authority", *arguments])


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("service") / "authority"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PROXIMITY_NOW", NOW)
        assert run("init", "--data", str(folder), "--test").exit_code == 0
    return folder


@pytest.fixture
def data(made_once, tmp_path, monkeypatch) -> str:
    """Return an authority's directory; the network knows an empty index at URL."""
    monkeypatch.setenv("PROXIMITY_NOW", NOW)

    def get(_network, url, max_bytes):
        if url != URL + "index.txt":
            raise NetworkError("away", "later")
        return b""

    monkeypatch.setattr(HttpNetwork, "get", get)
    return str(shutil.copytree(made_once, tmp_path / "authority"))


@pytest.fixture
def add(data):
    """Return what adds an authority; its keys are, as it happens, one's own."""

    def added(url: str = URL, region: str = "LA") -> Result:
        keys = ("--region", region, "--public-keys", f"{data}/public_keys.json")
        return run("import", url, *keys, "--data", data, "--json")

    return added


def test_an_authority_is_added_then_asked_by_every_run(data, add):
    for result in (add(), run("import", "--data", data, "--json")):
        assert result.exit_code == 0, result.exception
        document = json.loads(result.stdout)
        jsonschema.validate(document, json.loads(SCHEMA.read_text("utf-8")))
        assert [each["region"] for each in document["sources"]] == ["LA"]


def test_one_that_is_away_is_an_error_but_stays(data, add):
    result = add("https://away.example/")

    assert isinstance(result.exception, NetworkError)
    (source,) = json.loads(result.stdout)["sources"]
    assert source["failed"] == [{"name": "index.txt", "error": "NetworkError"}]


def test_a_worker_publishes_also_when_another_authority_is_away(data, add):
    add("https://away.example/")
    result = run("worker", "--once", "--data", data, "--json")

    assert result.exit_code == 0
    assert "note: LA: index.txt: away" in result.stderr


def test_one_is_forgotten(data, add):
    add()
    forget = ("import", "--forget", "--region", "LA", "--data", data)

    assert run(*forget).exit_code == 0
    assert isinstance(run(*forget).exception, NothingStoredError)


def test_the_own_region_is_not_imported(add):
    assert isinstance(add(region="VN").exception, PolicyError)


@pytest.mark.parametrize(
    "arguments",
    [
        [URL],
        [URL, "--region", "LA"],
        [URL, "--region", "LA", "--forget"],
        ["--forget"],
        ["--region", "LA"],
    ],
)
def test_what_is_incomplete_is_a_usage_error(data, arguments):
    assert run("import", *arguments, "--data", data).exit_code == 2
