import asyncio
import errno
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import jsonschema
import pytest
from typer.testing import CliRunner

from proximity.cli import record
from proximity.cli.main import load_app
from proximity.errors import FileAccessError, RadioOffError
from proximity.protocol import bluezone, gaen
from proximity.protocol.recording import read_recording
from proximity.radio.scanner import Heard, ScanReport

SCHEMA = json.loads(
    (Path(__file__).parents[3] / "docs/reference/schemas/record-v1.json").read_text(
        "utf-8"
    )
)
ADDRESS = bytes.fromhex("c0ffee000001")
START_MS = 1_700_000_000_000
HEARD = [
    Heard(START_MS + n, n, data, rssi_dbm, ADDRESS, "fake")
    for n, (data, rssi_dbm) in enumerate(
        [
            (gaen.encode_advertisement(bytes(16), bytes(4)), -60),
            (bluezone.encode_advertisement(bytes(12)), None),
        ]
    )
]
REPORT = ScanReport(START_MS, START_MS + 500, 0, "fake", 1.0)


@dataclass
class FakeRadio:
    """A radio that hears what it is given; an error is raised."""

    events: list[Heard | ScanReport | BaseException]
    backend: str = "fake"

    @property
    def scanner(self) -> "FakeRadio":
        return self

    async def listen(self, seconds: float) -> AsyncIterator[Heard | ScanReport]:
        for event in self.events:
            await asyncio.sleep(0)
            if isinstance(event, BaseException):
                raise event
            yield event


@pytest.fixture
def radio(monkeypatch) -> FakeRadio:
    radio = FakeRadio([*HEARD, REPORT])

    @asynccontextmanager
    async def open_radio(backend, clock, entropy, profile):
        radio.profile = profile
        radio.backend = backend or "fake"
        yield radio

    monkeypatch.setattr(record, "open_radio", open_radio)
    return radio


def run(output: Path, *arguments: str):
    return CliRunner().invoke(
        load_app(), ["record", "--seconds", "0.5", "-o", str(output), *arguments]
    )


@pytest.mark.parametrize("form", ["jsonl", "compressed"])
def test_what_is_heard_is_kept_in_either_form(radio, tmp_path, form):
    path = tmp_path / "heard"
    result = run(path, "--format", form, "--json")
    document = json.loads(result.stdout)
    recording = read_recording(path)

    jsonschema.validate(document, SCHEMA)
    assert (document["format"], document["backend"]) == (form, "fake")
    assert (document["kinds"]["gaen"], document["kinds"]["bluezone"]) == (1, 1)
    assert recording.receptions.t_ms.tolist() == [START_MS, START_MS + 1]
    assert recording.scans.end_ms.tolist() == [START_MS + 500]
    assert len(recording.encounters.ephemeral_id) == 1


def test_a_recording_is_for_its_owner_alone(radio, tmp_path):
    path = tmp_path / "heard.jsonl"
    run(path)

    assert path.stat().st_mode & 0o077 == 0
    assert [each.name for each in tmp_path.iterdir()] == ["heard.jsonl"]


def test_people_read_what_was_heard_without_addresses(radio, tmp_path):
    output = run(tmp_path / "heard.jsonl", "--backend", "usb:0").output

    assert "with usb:0" in output
    assert "1 bluezone" in output
    assert "c0" not in output.split("with usb:0")[1]


def test_a_scan_that_heard_nothing_is_a_recording(radio, tmp_path):
    radio.events = [REPORT]
    path = tmp_path / "heard.jsonl"

    assert run(path).exit_code == 0
    assert len(read_recording(path).scans.start_ms) == 1


def test_what_was_heard_before_the_adapter_went_is_kept(radio, tmp_path):
    radio.events = [*HEARD, RadioOffError("gone", "plug it in")]
    path = tmp_path / "heard.jsonl"

    assert isinstance(run(path).exception, RadioOffError)
    assert len(read_recording(path).receptions.t_ms) == 2


def test_nothing_is_written_if_the_radio_never_ran(radio, tmp_path):
    radio.events = [RadioOffError("off", "switch it on")]
    path = tmp_path / "heard.jsonl"

    assert isinstance(run(path).exception, RadioOffError)
    assert not path.exists()


def test_an_interruption_keeps_what_was_heard(radio, tmp_path):
    radio.events = [*HEARD, asyncio.CancelledError()]
    path = tmp_path / "heard.jsonl"

    assert run(path).exit_code == 130
    assert len(read_recording(path).receptions.t_ms) == 2


def test_a_missing_folder_is_wrong_usage(radio, tmp_path):
    assert run(tmp_path / "none" / "heard.jsonl").exit_code == 2


def test_a_folder_that_takes_no_file_is_told_before_listening(
    radio, tmp_path, monkeypatch
):
    def refuse(**_):
        raise PermissionError(errno.EACCES, "Permission denied")

    radio.events = [AssertionError("it listened")]
    monkeypatch.setattr(record, "TemporaryFile", refuse)
    result = run(tmp_path / "heard.jsonl")

    assert result.exit_code == 2
    assert "Permission denied" in result.output


def test_a_full_disk_is_named_and_leaves_no_part(radio, tmp_path, monkeypatch):
    def fill(stream, receptions, scans):
        stream.write(b"half of it")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setitem(record._WRITE, "jsonl", fill)
    error = run(tmp_path / "heard.jsonl").exception

    assert isinstance(error, FileAccessError)
    assert "No space left" in str(error)
    assert list(tmp_path.iterdir()) == []
