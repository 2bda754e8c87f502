"""Half load, the worker publishing, server and worker killed: a short form of the soak.

`make soak` runs ten minutes on both databases, and looks at the latency of chaff, too.
"""

import json
import subprocess
import sys
from pathlib import Path

SOAK = Path(__file__).parents[2] / "benchmarks" / "authority_soak.py"


def test_what_is_acknowledged_under_kills_is_published_once():
    run = subprocess.run(  # noqa: S603 - a script of the project
        [sys.executable, str(SOAK), "--seconds", "10", "--kills", "2"],
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )

    # It ends with an error when a key is missing, twice there, or of nobody.
    assert run.returncode == 0, run.stderr
    report = json.loads(run.stdout)
    assert report["kills"] == {"server": 1, "worker": 1}
    assert report["keys"] > 1_400
    # Of 500 real and 500 chaff answers, in turns.
    assert 0.43 <= report["auc"]["size"] <= 0.57
