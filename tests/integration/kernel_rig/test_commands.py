"""The commands, as a user of a Linux machine with BlueZ runs them."""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from kernel_rig.air_client import plugged_in

from proximity.cli.main import load_app, main
from proximity.protocol import gaen
from proximity.protocol.recording import read_recording
from proximity.protocol.scheme import recognise

pytestmark = pytest.mark.kernel

FRAME = gaen.encode_advertisement(bytes(range(16)), bytes(4))
PHONE = "unix:/run/phone"


@pytest.fixture(scope="module", autouse=True)
def loaded() -> None:
    """Import the commands once; each then runs in a copy of this process."""
    load_app()


class Command:
    """A `proximity` command in a process of its own."""

    def __init__(self, folder: Path, *arguments: object) -> None:
        self._folder = folder
        folder.mkdir()
        self.process = os.fork()
        if self.process == 0:
            self._become(list(map(str, arguments)))

    def _become(self, arguments: list[str]) -> None:
        code = 70
        try:
            for number, name in ((1, "stdout"), (2, "stderr")):
                file = os.open(self._folder / name, os.O_CREAT | os.O_WRONLY)
                os.dup2(file, number)
            for number in (1, 2):
                stream = os.fdopen(os.dup(number), "w")
                setattr(sys, "stdout" if number == 1 else "stderr", stream)
            sys.argv = ["proximity", *arguments]
            signal.signal(signal.SIGINT, signal.default_int_handler)
            main()
            code = 0
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else int(bool(ended.code))
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def end(self, number: signal.Signals) -> None:
        os.kill(self.process, number)

    async def wait(self) -> tuple[int, str, str]:
        """Return exit code, output and errors."""
        _, status = await asyncio.to_thread(os.waitpid, self.process, 0)
        texts = [(self._folder / name).read_text() for name in ("stdout", "stderr")]
        return os.waitstatus_to_exitcode(status), texts[0], texts[1]


def test_doctor_finds_the_adapter_and_that_it_can_advertise(tmp_path):
    program = Path(sys.executable).parent / "proximity"

    async def look():
        async with plugged_in():
            return subprocess.run(  # noqa: S603
                [program, "doctor", "--home", tmp_path, "--json"],
                capture_output=True,
                text=True,
                # It has nobody to fetch from, so not all is well.
                check=False,
            )

    looked = asyncio.run(look())
    assert looked.stderr == ""
    checks = {
        each["name"]: each["code"] for each in json.loads(looked.stdout)["checks"]
    }

    assert checks["adapter"] == "adapter-found"
    assert checks["advertising"] == "advertising-possible"


@pytest.mark.parametrize("backend", ["linux-mgmt", "bluez"])
def test_record_keeps_what_a_real_kernel_hears(tmp_path, backend):
    path = tmp_path / "heard.jsonl"

    async def record():
        async with plugged_in() as air:
            air("place", distance_m=2)
            air("send", data=FRAME.hex(), interval_ms=100)
            options = ("--seconds", 3, "-o", path, "--backend", backend, "--json")
            return await Command(tmp_path / "record", "record", *options).wait()

    code, output, errors = asyncio.run(record())
    receptions = read_recording(path).receptions

    assert (code, errors) == (0, "")
    assert json.loads(output)["backend"] == backend
    assert len(receptions.t_ms) > 8
    assert {each.data[-24:] for each in receptions.broadcasts} == {FRAME[-24:]}


def test_two_devices_hear_each_other_until_they_are_ended(tmp_path):
    homes = {"linux-mgmt": tmp_path / "laptop", PHONE: tmp_path / "phone"}

    async def live():
        async with plugged_in(extended=True) as air:
            air("place", distance_m=2)
            runs = [
                Command(tmp_path / name, "run", "--home", home, "--backend", backend)
                for name, (backend, home) in zip("ab", homes.items(), strict=True)
            ]
            # The first scan comes within a minute.
            await asyncio.sleep(75)
            sent = air("sent")
            for run in runs:
                run.end(signal.SIGTERM)
            ends = [await run.wait() for run in runs]
            return sent, ends, air("on_air")

    sent, ends, after = asyncio.run(live())
    own = {"adapter": set(), "other": set()}
    for _, sender, _, data in sent:
        own[sender].add(recognise(bytes.fromhex(data)).ephemeral_id)

    assert [code for code, _, _ in ends] == [0, 0]
    assert heard_ids(homes["linux-mgmt"]) & own["other"]
    assert heard_ids(homes[PHONE]) & own["adapter"]
    assert after == []


def heard_ids(home: Path) -> set[bytes]:
    with closing(sqlite3.connect(home / "store.sqlite")) as store:
        return {row[0] for row in store.execute("SELECT ephemeral_id FROM encounters")}
