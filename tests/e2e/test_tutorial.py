"""The tutorial, executed as it is written."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TUTORIAL = Path(__file__).parents[2] / "docs/tutorial/from-a-recording-to-an-alert.md"
BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)


@pytest.mark.skipif(
    not (shutil.which("openssl") and shutil.which("sh")),
    reason="the tutorial makes its key with openssl, in a shell",
)
def test_the_tutorial_runs_and_says_what_it_says(tmp_path: Path):
    text = TUTORIAL.read_text(encoding="utf-8")
    script = "set -e\n" + "\n".join(BLOCK.findall(text))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

    run = subprocess.run(  # noqa: S603 - our own tutorial, in a folder of its own
        ["sh", "-c", script],  # noqa: S607
        cwd=tmp_path,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert run.returncode == 0, run.stderr
    for printed in re.findall(r"```text\n(.*?)```", text, re.DOTALL):
        assert printed in run.stdout
    assert "31.5" in run.stdout
    assert '"alert": true' in run.stdout
