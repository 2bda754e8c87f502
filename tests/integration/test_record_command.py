"""`proximity record` and `audit` as a user runs them, on an adapter behind a socket."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

import pytest

from proximity.protocol.recording import read_recording

ADAPTER = Path(__file__).parent / "virtual_adapter.py"


class Adapter(NamedTuple):
    """An adapter behind a socket: what `--backend` calls it, and what it says."""

    backend: str
    says: IO[str]


@pytest.fixture
def adapter(tmp_path: Path) -> Iterator[Adapter]:
    """Start an adapter; it is gone afterwards."""
    path = tmp_path / "adapter"
    with subprocess.Popen(  # noqa: S603
        [sys.executable, str(ADAPTER), str(path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield Adapter(f"unix:{path}", process.stdout)
        process.kill()


def proximity(*arguments: object) -> list[str]:
    code = "from proximity.cli.main import main; main()"
    return [sys.executable, "-c", code, *map(str, arguments)]


def test_our_own_air_is_recorded_and_not_linkable(adapter, tmp_path):
    path = tmp_path / "heard"
    recorded = subprocess.run(  # noqa: S603
        proximity(
            *("record", "--seconds", 2.5, "-o", path, "--format", "compressed"),
            *("--backend", adapter.backend, "--json"),
        ),
        capture_output=True,
        text=True,
        check=True,
    )
    audited = subprocess.run(  # noqa: S603
        proximity("audit", path, "--json"), capture_output=True, text=True, check=True
    )
    document = json.loads(recorded.stdout)
    found = json.loads(audited.stdout)["schemes"]["gaen"]

    assert document["backend"] == adapter.backend
    assert document["receptions"] >= 10
    assert found["ids"] >= 2
    assert found["pairs"] == found["ids"]
    assert found["breaking_pairs"] == found["receptions_without_address"] == 0


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_keeps_what_was_heard_until_then(adapter, tmp_path, ending):
    path = tmp_path / "heard.jsonl"
    command = proximity(
        "record", "--seconds", 60, "-o", path, "--backend", adapter.backend
    )
    with subprocess.Popen(  # noqa: S603
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as recording:
        assert adapter.says.readline() == "scanning\n"
        time.sleep(0.5)
        recording.send_signal(ending)
        _, errors = recording.communicate(timeout=60)

    assert recording.returncode == 130
    assert b"Traceback" not in errors
    assert len(read_recording(path).receptions.t_ms) > 0
    assert len(read_recording(path).scans.start_ms) == 1
