"""The synthetic demonstration, run once as people run it."""

import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import pytest


class DemoRun(NamedTuple):
    """What one run of the installed command left.

    `started_s` is Unix time, in seconds.
    """

    exit_code: int
    stdout: str
    stderr: str
    page: Path
    started_s: float
    seconds: float


@pytest.fixture(scope="session")
def demo_run(tmp_path_factory: pytest.TempPathFactory) -> DemoRun:
    """Run `proximity demo --json` in an empty folder, with the default seed."""
    folder = tmp_path_factory.mktemp("demo")
    command = shutil.which("proximity", path=str(Path(sys.executable).parent))
    assert command is not None, "the package is not installed beside this Python"
    started_s = time.time()  # noqa: TID251 - the real time is what is measured
    run = subprocess.run(  # noqa: S603 - our own command
        [command, "demo", "--json", "--page", "page.html"],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    return DemoRun(
        exit_code=run.returncode,
        stdout=run.stdout,
        stderr=run.stderr,
        page=folder / "page.html",
        started_s=started_s,
        seconds=time.time() - started_s,  # noqa: TID251
    )
