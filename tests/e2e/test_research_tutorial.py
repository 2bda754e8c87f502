"""The tutorial for researchers, executed as it is written."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TUTORIAL = (
    Path(__file__).parents[2] / "docs/tutorial/from-measured-signals-to-a-comparison.md"
)
BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)


@pytest.mark.skipif(not shutil.which("sh"), reason="the tutorial is a shell's")
def test_signals_become_parameters_and_a_comparison(tmp_path: Path):
    pytest.importorskip("scipy", reason="fitting needs the extra `research`")
    text = TUTORIAL.read_text(encoding="utf-8")
    script = "set -e\n" + "\n".join(BLOCK.findall(text))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

    run = subprocess.run(  # noqa: S603 - our own tutorial, in a folder of its own
        ["sh", "-c", script],  # noqa: S607
        cwd=tmp_path,
        # One thread: on small matrices more of them only wait for each other.
        env=os.environ | {"PATH": path, "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert run.returncode == 0, run.stderr
    for printed in re.findall(r"```text\n(.*?)```", text, re.DOTALL):
        assert printed in run.stdout
    # What the page says of the slope, of simple methods and of skill.
    slope = int(re.search(r"dB a decade: (\d+)", run.stdout)[1])
    assert 14 <= slope <= 22
    auc = dict(re.findall(r"^([\w-]+): AUC ([\d.]+)", run.stdout, re.MULTILINE))
    assert float(auc["mean-attenuation"]) > 0.6
    skill = dict(
        re.findall(r"^([\w-]+): .*skill (-?[\d.]+)$", run.stdout, re.MULTILINE)
    )
    assert float(skill["spring"]) > float(skill["default"])
    ceiling = float(re.search(r"ceiling of runs: AUC ([\d.]+)", run.stdout)[1])
    assert 0.6 < ceiling < 0.95
