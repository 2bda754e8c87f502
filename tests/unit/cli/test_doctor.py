"""`proximity doctor` looks at everything and changes nothing."""

import json
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from types import SimpleNamespace

import jsonschema
import pytest
from typer.testing import CliRunner

from proximity.cli import doctor as command
from proximity.cli.main import load_app
from proximity.client.health_log import HealthLog, Work
from proximity.client.run_settings import RunSettings, write_settings
from proximity.errors import (
    AdvertisingUnsupportedError,
    ProximityError,
    RadioOffError,
)
from proximity.radio.choose import Found, ListenOnly, Radio
from proximity.store.schema import APPLICATION_ID, MIGRATIONS, open_store
from proximity.store.sealing_key import load_sealing_key

REFERENCE = Path(__file__).parents[3] / "docs/reference"
SCHEMA = json.loads((REFERENCE / "schemas/doctor-v1.json").read_text("utf-8"))
NOW_S = 20_800 * 86_400
NAMES = [
    "adapter",
    "advertising",
    "clock",
    "kernels",
    "store",
    "scan",
    "advertisement",
    "fetch",
    "match",
]


class NoKeyring:
    """The keyring of a machine without a desktop."""

    def get(self, account: str) -> None:
        return None

    def put(self, account: str, secret: bytes) -> bool:
        return False

    def remove(self, account: str) -> bool:
        return True


class Machine:
    """What this machine has to offer, as a test wants it."""

    def __init__(self) -> None:
        self.error: ProximityError | None = None
        self.opened = 0

    async def survey(self, _: object) -> tuple[Found, ...]:
        return (Found("bluez", self.error),)

    @asynccontextmanager
    async def open(self, *_: object) -> AsyncIterator[Radio]:
        self.opened += 1
        if self.error is not None:
            raise self.error
        yield Radio("bluez", None, ListenOnly())


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine()
    monkeypatch.setattr(command, "survey", made.survey)
    monkeypatch.setattr(command, "open_radio", made.open)
    monkeypatch.setattr(time, "time", lambda: float(NOW_S))
    monkeypatch.setattr(command, "system_keyring", NoKeyring)
    return made


def examine(home: Path) -> dict[str, dict[str, str]]:
    result = CliRunner().invoke(load_app(), ["doctor", "--home", str(home), "--json"])
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    jsonschema.validate(document, SCHEMA)
    assert [check["name"] for check in document["checks"]] == NAMES
    return {check["name"]: check for check in document["checks"]} | {
        "all": {"state": document["state"]}
    }


def test_a_new_device_is_examined_without_making_a_store(tmp_path: Path):
    found = examine(tmp_path / "home")

    assert found["store"]["code"] == "store-none"
    assert found["scan"]["state"] == "unknown"
    assert found["kernels"]["state"] == "ok"
    assert not (tmp_path / "home").exists()


def test_what_a_run_has_noted_is_shown(tmp_path: Path):
    connection = open_store(tmp_path / "store.sqlite")
    log = HealthLog(connection, lambda *_: None)
    log.succeeded(Work.SCAN, NOW_S - 240)
    log.failed(Work.ADVERTISEMENT, RadioOffError("Off.", "On."), NOW_S - 60)
    connection.close()

    found = examine(tmp_path)

    assert found["scan"]["state"] == "ok"
    assert "4" in found["scan"]["reason"]
    assert found["advertisement"]["code"] == "radio-off"
    assert found["store"]["state"] == "ok"
    assert found["all"]["state"] == "fail"


def test_an_adapter_that_is_off_is_named_with_a_remedy(
    tmp_path: Path, machine: Machine
):
    machine.error = RadioOffError("The adapter is off.", "Switch it on.")

    found = examine(tmp_path)

    assert found["adapter"]["code"] == "radio-off"
    assert found["adapter"]["remedy"]
    assert found["advertising"]["state"] == "unknown"


def test_a_machine_that_only_listens_is_a_warning(tmp_path: Path):
    assert examine(tmp_path)["advertising"]["code"] == "advertising-unsupported"


def test_an_adapter_that_refused_to_advertise_is_not_said_to_be_able_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    able = SimpleNamespace(capabilities=SimpleNamespace(carriers={"any"}))

    @asynccontextmanager
    async def opened(*_: object) -> AsyncIterator[Radio]:
        yield Radio("bluez", None, able)

    monkeypatch.setattr(command, "open_radio", opened)
    before = examine(tmp_path)["advertising"]
    with closing(open_store(tmp_path / "store.sqlite")) as connection:
        log = HealthLog(connection, lambda *_: None)
        refusal = AdvertisingUnsupportedError("It cannot.", "Use another.")
        log.failed(Work.ADVERTISEMENT, refusal, NOW_S)

    after = examine(tmp_path)["advertising"]

    assert (before["state"], after["state"]) == ("ok", "warn")


def test_an_adapter_of_ones_own_is_not_disturbed(tmp_path: Path, machine: Machine):
    write_settings(tmp_path, RunSettings(backend="usb:0"))

    found = examine(tmp_path)

    assert found["adapter"]["state"] == "unknown"
    assert machine.opened == 0


@pytest.mark.parametrize("version", range(1, len(MIGRATIONS) + 1))
def test_a_store_is_looked_at_and_left_as_it_was(tmp_path: Path, version: int):
    file = tmp_path / "store.sqlite"
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        for statements in MIGRATIONS[:version]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {version}")
    before = {each.name: each.read_bytes() for each in tmp_path.iterdir()}

    found = examine(tmp_path)

    is_old = version < len(MIGRATIONS)
    assert found["store"]["code"] == ("store-older" if is_old else "store-whole")
    assert found["store"]["state"] == "ok"
    assert found["scan"]["code"] == "never"
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == before


def test_the_store_of_a_run_that_goes_on_is_looked_at_beside_it(tmp_path: Path):
    with closing(open_store(tmp_path / "store.sqlite")) as connection:
        HealthLog(connection, lambda *_: None).succeeded(Work.SCAN, NOW_S - 60)
        before = (tmp_path / "store.sqlite-wal").read_bytes()

        found = examine(tmp_path)

        assert found["scan"]["code"] == "recent"
        assert (tmp_path / "store.sqlite-wal").read_bytes() == before


def test_a_file_that_is_no_store_is_a_finding(tmp_path: Path):
    (tmp_path / "store.sqlite").write_bytes(b"no store at all" * 100)

    assert examine(tmp_path)["store"]["code"] == "store-failed"


def test_a_key_that_is_lost_is_a_finding_and_no_error(tmp_path: Path):
    with closing(open_store(tmp_path / "store.sqlite")) as connection:
        load_sealing_key(connection, tmp_path, NoKeyring())
    (tmp_path / "sealing.key").unlink()

    assert examine(tmp_path)["store"]["code"] == "store-locked"


@pytest.mark.parametrize(
    ("language", "words"), [("en", "There is no store yet."), ("vi", "Chưa có kho")]
)
def test_people_read_it_in_their_language(tmp_path: Path, language: str, words: str):
    write_settings(tmp_path, RunSettings(language=language))

    result = CliRunner().invoke(load_app(), ["doctor", "--home", str(tmp_path)])

    assert result.exit_code == 0
    assert words in result.stdout
