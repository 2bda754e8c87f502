"""The Makefile on a machine that lacks something."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

MAKEFILE = Path(__file__).parents[2] / "Makefile"

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is missing")


def make(folder: Path, python: str) -> subprocess.CompletedProcess[str]:
    """Run the Makefile up to its environment with a stand-in for Python."""
    shutil.copy(MAKEFILE, folder)
    stand_in = folder / "python"
    stand_in.write_text(f"#!/bin/sh\n{python}\n", "utf-8")
    stand_in.chmod(0o755)
    command = ["make", ".venv/bin/python", f"PYTHON={stand_in}"]
    return subprocess.run(  # noqa: S603
        command, cwd=folder, capture_output=True, text=True, check=False
    )


def test_a_machine_without_venv_is_told_and_can_try_again(tmp_path):
    # As Debian does without python3-venv: the folder is begun, then it fails.
    begun = "mkdir -p .venv/bin; ln -s /bin/true .venv/bin/python; exit 1"
    result = make(tmp_path, f'case "$1" in -m) {begun};; esac')

    assert result.returncode != 0
    assert "apt install python3-venv" in result.stderr
    assert not (tmp_path / ".venv").exists()


def test_too_old_a_python_is_refused_before_anything_is_made(tmp_path):
    check = "import sys; sys.version_info = (3, 9)\n$2"
    old = f'[ "$1" = -c ] && exec {sys.executable} -c "{check}"'
    result = make(tmp_path, f"{old}\nmkdir -p .venv/bin")

    assert result.returncode != 0
    assert "Python 3.11 or newer" in result.stderr
    assert not (tmp_path / ".venv").exists()
