"""`proximity run` sets a device up, puts it on air, and ends as it is told."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from typer.testing import CliRunner, Result

from proximity.cli import run as command
from proximity.cli.main import load_app
from proximity.client.notices import Notice
from proximity.client.notification import Notification, NotificationKind
from proximity.client.run_lock import only_run
from proximity.client.run_settings import RunSettings, read_settings
from proximity.errors import FormatError, LockedError, NetworkError, RadioOffError
from proximity.protocol.carrier import Carrier, DeploymentProfile
from proximity.protocol.profile_file import profile_members
from proximity.protocol.public_keys import PinnedKey, encode_public_keys
from proximity.protocol.scheme import recognise
from proximity.protocol.signature import VerificationKey
from proximity.radio.capabilities import Capabilities
from proximity.radio.choose import Radio
from proximity.radio.scanner import Heard, ScanReport
from proximity.store.schema import open_store
from proximity.store.sealing import SealingKey


class OneFrame:
    """A radio whose first advertisement is the end of the run."""

    capabilities = Capabilities(
        all_rssi=True,
        interval_control=True,
        address_rotation=True,
        carriers=frozenset({Carrier.SERVICE_DATA, Carrier.MANUFACTURER_DATA}),
        privileged=False,
    )

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.backends: list[str | None] = []
        self.profile: object = None
        self.stops = 0
        self.task: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def open(self, backend: str | None, *given: object) -> AsyncIterator[Radio]:
        self.backends.append(backend)
        self.profile = given[-1]
        self.task = asyncio.current_task()
        yield Radio("fake", self, self)

    async def listen(self, seconds: float) -> AsyncIterator[Heard | ScanReport]:
        await asyncio.sleep(seconds)
        yield ScanReport(0, 0, 0, "fake", 1.0)

    async def set_frame(self, data: bytes, interval_ms: int) -> None:
        self.frames.append(data)
        self.task.cancel()

    async def stop(self) -> None:
        self.stops += 1


@pytest.fixture
def radio(monkeypatch: pytest.MonkeyPatch) -> OneFrame:
    made = OneFrame()
    monkeypatch.setattr(command, "open_radio", made.open)
    monkeypatch.setattr(
        command,
        "open_home",
        lambda home: (open_store(home / "store.sqlite"), SealingKey(bytes(32))),
    )
    return made


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    public = ec.derive_private_key(7, ec.SECP256R1()).public_key()
    file = tmp_path / "handed-over.json"
    file.write_bytes(
        encode_public_keys([PinnedKey(VerificationKey(public, "VN", "v1"))])
    )
    return file


def run(home: Path, *options: str) -> Result:
    return CliRunner().invoke(load_app(), ["run", "--home", str(home), *options])


def test_a_run_advertises_and_an_interruption_is_its_good_end(
    tmp_path: Path, radio: OneFrame
):
    result = run(tmp_path)

    assert result.exit_code == 0
    assert [recognise(frame).scheme for frame in radio.frames] == ["gaen"]
    assert radio.stops == 1
    assert "on air with fake" in result.stderr


def test_what_is_given_is_kept_for_the_next_run(
    tmp_path: Path, radio: OneFrame, keys: Path
):
    home = tmp_path / "home"
    given = ["--source", "https://example.org/", "--keys", str(keys)]

    first = run(home, *given, "--backend", "bluez", "--language", "en")
    second = run(home)

    assert (first.exit_code, second.exit_code) == (0, 0)
    assert radio.backends == ["bluez", "bluez"]
    assert read_settings(home) == RunSettings("https://example.org/", "bluez", "en")


def test_auto_leaves_the_choice_of_the_radio_to_the_machine(
    tmp_path: Path, radio: OneFrame
):
    run(tmp_path, "--backend", "bluez")
    run(tmp_path, "--backend", "auto")

    assert radio.backends == ["bluez", None]


def test_an_authority_without_keys_is_wrong_usage(tmp_path: Path, radio: OneFrame):
    result = run(tmp_path, "--source", "https://example.org/")

    assert result.exit_code == 2
    assert "--keys" in result.stderr
    assert read_settings(tmp_path) == RunSettings()


def test_an_address_of_another_kind_is_refused(
    tmp_path: Path, radio: OneFrame, keys: Path
):
    result = run(tmp_path, "--source", "file:///etc", "--keys", str(keys))

    assert isinstance(result.exception, NetworkError)


def test_an_unknown_language_is_wrong_usage(tmp_path: Path, radio: OneFrame):
    assert run(tmp_path, "--language", "xx").exit_code == 2


def test_a_second_run_of_a_home_is_refused(tmp_path: Path, radio: OneFrame):
    with only_run(tmp_path):
        result = run(tmp_path)

    assert isinstance(result.exception, LockedError)


def test_a_machine_without_a_radio_is_told_so(
    tmp_path: Path, radio: OneFrame, monkeypatch: pytest.MonkeyPatch
):
    @asynccontextmanager
    async def none(*_: object) -> AsyncIterator[Radio]:
        raise RadioOffError("The adapter is off.", "Switch it on.")
        yield

    monkeypatch.setattr(command, "open_radio", none)

    assert isinstance(run(tmp_path).exception, RadioOffError)


def test_a_notice_is_printed_and_told_once(
    tmp_path: Path, radio: OneFrame, keys: Path, monkeypatch: pytest.MonkeyPatch
):
    waiting = [Notice(1, Notification(NotificationKind.EXPOSED, 20_774, 23))]
    engine = command.Engine
    monkeypatch.setattr(engine, "notices", lambda self: list(waiting))
    monkeypatch.setattr(engine, "told", lambda self, notice: waiting.remove(notice))
    given = ["--source", "http://127.0.0.1:9/", "--keys", str(keys)]

    first = run(tmp_path, *given, "--language", "en")
    second = run(tmp_path)

    assert "You were near a case for 23 minutes" in first.stdout
    assert second.stdout == ""


def test_settings_hold_nothing_secret(tmp_path: Path, radio: OneFrame):
    run(tmp_path)

    settings = json.loads((tmp_path / "settings.json").read_text("utf-8"))
    assert set(settings) == {
        *("source_url", "backend", "language", "tx_power_dbm", "scheme", "profile")
    }


@pytest.mark.parametrize(
    "wrong", [("--source", "ftp://example.org/"), ("--source", "example.org")]
)
def test_a_wrong_command_leaves_the_home_as_it_was(
    tmp_path: Path, radio: OneFrame, keys: Path, wrong: tuple[str, str]
):
    home = tmp_path / "home"

    run(home, *wrong, "--keys", str(keys))

    assert [file.name for file in home.iterdir()] == ["run.lock"]


def test_a_backend_that_no_system_has_is_wrong_usage_and_not_kept(
    tmp_path: Path, radio: OneFrame
):
    result = run(tmp_path, "--backend", "hci9")

    assert result.exit_code == 2
    assert "bluez" in result.stderr
    assert read_settings(tmp_path).backend is None


def test_a_setting_of_a_newer_version_survives_a_run(tmp_path: Path, radio: OneFrame):
    run(tmp_path)
    file = tmp_path / "settings.json"
    newer = json.dumps(json.loads(file.read_text("utf-8")) | {"newer": 1})
    file.write_text(newer, "utf-8")

    run(tmp_path)

    assert file.read_text("utf-8") == newer


@pytest.mark.parametrize(
    ("number", "before", "is_end"),
    [
        (signal.SIGTERM, signal.SIG_DFL, True),
        (signal.SIGHUP, signal.SIG_DFL, True),
        (signal.SIGHUP, signal.SIG_IGN, False),
    ],
)
def test_a_run_ends_well_when_its_terminal_closes_but_for_nohup(
    tmp_path: Path,
    radio: OneFrame,
    number: signal.Signals,
    before: signal.Handlers,
    *,
    is_end: bool,
):
    async def set_frame(data: bytes, interval_ms: int) -> None:
        os.kill(os.getpid(), number)
        await asyncio.sleep(0.05)
        survived.append(data)
        radio.task.cancel()

    survived: list[bytes] = []
    radio.set_frame = set_frame
    earlier = signal.signal(number, before)
    try:
        result = run(tmp_path)
    finally:
        signal.signal(number, earlier)

    assert result.exit_code == 0
    assert radio.stops >= 1
    assert bool(survived) is not is_end


def test_a_device_advertises_bluezones_android_form_if_it_is_told_to(
    tmp_path: Path, radio: OneFrame
):
    run(tmp_path, "--scheme", "bluezone")
    run(tmp_path)

    # The same quarter of an hour, but for one run in a million at its very end.
    assert [recognise(frame).scheme for frame in radio.frames] == ["bluezone"] * 2
    assert radio.frames[0].hex().startswith("0201020303564e0fffb522")
    assert read_settings(tmp_path).scheme == "bluezone"


def test_an_unknown_scheme_is_wrong_usage(tmp_path: Path, radio: OneFrame):
    result = run(tmp_path, "--scheme", "tcn")

    assert result.exit_code == 2
    assert "bluezone" in result.stderr


def test_a_deployments_numbers_reach_the_air_and_the_ears_and_are_kept(
    tmp_path: Path, radio: OneFrame
):
    profile = DeploymentProfile(0xFDF0, 0x0ABC, 0xFDF1)
    file = tmp_path / "profile.json"
    file.write_text(json.dumps(profile_members(profile)), "utf-8")

    run(tmp_path / "home", "--profile", str(file))
    run(tmp_path / "home")

    assert len(radio.frames) == 2
    for frame in radio.frames:
        assert recognise(frame) is None
        assert recognise(frame, profile).scheme == "gaen"
    assert radio.profile == profile
    assert read_settings(tmp_path / "home").profile == profile


def test_a_wrong_profile_is_named_and_leaves_the_settings(
    tmp_path: Path, radio: OneFrame
):
    file = tmp_path / "profile.json"
    file.write_text('{"service_uuid16": 64879}', "utf-8")

    result = run(tmp_path / "home", "--profile", str(file))

    assert isinstance(result.exception, FormatError)
    assert "service_uuid16" in str(result.exception)
    assert not (tmp_path / "home" / "settings.json").exists()
