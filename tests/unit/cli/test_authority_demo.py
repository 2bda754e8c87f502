"""`proximity authority demo`; as a process in tests/integration."""

import json
import os
import shutil
import signal
from pathlib import Path

import jsonschema
import pytest
from typer.testing import CliRunner

from proximity.authority.assembly import open_authority
from proximity.authority.founding import found_authority
from proximity.authority.publish import worker
from proximity.authority.service import run as service
from proximity.authority.settings import Settings, load_settings
from proximity.cli import authority_demo
from proximity.cli.main import load_app
from proximity.errors import LockedError, PolicyError
from proximity.research.district import living
from proximity.research.district.living import _appoint
from proximity.research.district.places import POSTS

SCHEMAS = Path(__file__).parents[3] / "docs/reference/schemas"


class Served:
    """What would have been served."""

    def __init__(self) -> None:
        self.made = []
        self.settings = None
        self.door = None

    def serve(self, authority, port, tell, *, door, log):
        self.settings, self.door = authority.settings, door
        self.environment = dict(os.environ)
        tell(f"http://127.0.0.1:{port or 4_711}")
        authority.engine.dispose()


@pytest.fixture(scope="module")
def made_once(tmp_path_factory):
    """Return a demonstration with two officers, to be copied."""
    directory = tmp_path_factory.mktemp("made") / "demo"
    found_authority(directory, {}, test=True, demo=True)
    authority = open_authority(directory, {})
    _appoint(authority, POSTS[:2])
    authority.engine.dispose()
    return directory


@pytest.fixture
def served(monkeypatch, made_once):
    made = Served()

    def live(directory, now_s, *, seed, progress):
        shutil.copytree(made_once, directory)
        progress(1.0)
        made.made.append((directory, seed))

    monkeypatch.setattr(living, "live_district", live)
    monkeypatch.setattr(service, "serve", made.serve)
    monkeypatch.setattr(worker, "work", lambda _: made.made.append("work"))
    return made


@pytest.fixture(autouse=True)
def own_environment(monkeypatch):
    """Give the environment back that a demonstration cleans."""
    monkeypatch.setattr(os, "environ", os.environ.copy())


def demo(*arguments):
    options = ["authority", "demo", "--no-open", *arguments]
    return CliRunner().invoke(load_app(), options)


def test_without_a_directory_nothing_stays(served):
    result = demo()

    assert result.exit_code == 0, result.exception
    (directory, seed) = served.made[0]
    assert seed == 0
    assert not directory.parent.exists()


def test_the_first_line_says_where_and_how_everybody_gets_in(served, tmp_path):
    result = demo("--data", str(tmp_path / "demo"), "--json", "--seed", "7")

    document = json.loads(result.stdout.splitlines()[0])
    schema = (SCHEMAS / "authority-demo-v1.json").read_text("utf-8")
    jsonschema.validate(document, json.loads(schema))
    assert document["url"] == "http://127.0.0.1:4711"
    assert [each["role"] for each in document["officers"]] == [
        "supervisor",
        "administrator",
    ]
    assert served.door.key in document["sign_in"]
    assert served.made[0] == (tmp_path / "demo", 7)


def test_people_are_told_that_nobody_is_real(served):
    result = demo()

    assert result.stdout.startswith("Synthetic data: nobody in it is real.")
    assert POSTS[0].name in result.stdout


def test_a_demonstration_is_opened_again_and_brought_to_the_day(served, tmp_path):
    demo("--data", str(tmp_path / "demo"))
    first = served.door.key
    result = demo("--data", str(tmp_path / "demo"))

    assert result.exit_code == 0
    assert served.made == [(tmp_path / "demo", 0), "work"]
    assert served.door.key != first


def test_a_real_authority_is_not_touched(served, tmp_path):
    found_authority(tmp_path / "real", {}, test=True)
    before = sorted(each.name for each in (tmp_path / "real").iterdir())
    result = demo("--data", str(tmp_path / "real"))

    assert isinstance(result.exception, PolicyError)
    assert sorted(each.name for each in (tmp_path / "real").iterdir()) == before
    assert served.made == []


def test_a_folder_with_something_else_is_not_touched(served, tmp_path):
    (tmp_path / "letter.txt").write_text("dear")
    result = demo("--data", str(tmp_path))

    assert isinstance(result.exception, PolicyError)
    assert [each.name for each in tmp_path.iterdir()] == ["letter.txt"]


def test_nothing_of_a_real_authority_is_heard(served, monkeypatch):
    os.environ["PROXIMITY_AUTHORITY_DATABASE_URL"] = "postgresql://real"
    os.environ["PROXIMITY_NOW"] = "0"
    demo()

    assert not [name for name in served.environment if "PROXIMITY_A" in name]
    assert "PROXIMITY_NOW" not in served.environment
    assert served.settings.database_url == ""


def test_it_listens_on_this_machine_whatever_its_settings_say(served, tmp_path):
    demo("--data", str(tmp_path / "demo"))
    file = tmp_path / "demo" / "settings.json"
    values = json.loads(file.read_text()) | {"host": "0.0.0.0"}  # noqa: S104 - refused
    file.write_text(json.dumps(values))
    demo("--data", str(tmp_path / "demo"))

    assert load_settings(tmp_path / "demo", {}).host == values["host"]
    assert served.settings.host == "127.0.0.1"


def test_a_signal_ends_it_as_before_afterwards(served):
    before = signal.getsignal(signal.SIGTERM)
    demo()

    assert signal.getsignal(signal.SIGTERM) is before


def test_a_browser_with_a_window_is_opened_signed_in(served, monkeypatch):
    opened = []
    monkeypatch.setattr(authority_demo, "_open", opened.append)
    result = CliRunner().invoke(load_app(), ["authority", "demo"])

    assert result.exit_code == 0, result.exception
    assert opened[0].startswith("http://127.0.0.1:4711/console/demo/enter?key=")


def test_a_terminal_without_windows_is_left_alone(monkeypatch):
    opened = []
    monkeypatch.setattr(authority_demo.webbrowser, "open", opened.append)
    monkeypatch.setattr(authority_demo.sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        os.environ.pop(name, None)
    authority_demo._open("http://127.0.0.1:1/")

    assert opened == []


def test_a_run_of_the_worker_that_fails_does_not_end_the_next(monkeypatch):
    class Times:
        """Ends the third wait."""

        def __init__(self) -> None:
            self.waits = 0

        def wait(self, seconds):
            assert 0 < seconds <= 7_200
            self.waits += 1
            return self.waits == 3

    class Stand:
        """Tells the time."""

        settings = Settings(publish_every_s=7_200)

        def clock(self):
            return 1_000.0

    ran = []

    def work(_):
        ran.append(1)
        raise LockedError("busy", "wait")

    monkeypatch.setattr(worker, "work", work)
    authority_demo._publish_often(Stand(), Times())

    assert len(ran) == 2
