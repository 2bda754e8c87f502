"""The fuzzer of the native code, for a few rounds, under AddressSanitizer and UBSan."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
NATIVE = Path(__file__).parents[2] / "native"
FLAGS = ("-std=c11", "-g", "-O1", "-fsanitize=address,undefined")
SEEDS = json.loads((HERE / "seeds.json").read_text("utf-8"))["seeds"]


@pytest.fixture(scope="module")
def fuzzer(tmp_path_factory) -> Path:
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if compiler is None:
        pytest.skip("needs a C compiler")
    program = tmp_path_factory.mktemp("fuzz") / "fuzz_native"
    sources = [path for path in NATIVE.glob("*.c") if path.name != "module.c"]
    built = subprocess.run(  # noqa: S603
        [
            *(compiler, *FLAGS, "-fno-sanitize-recover=all", f"-I{NATIVE}"),
            *(HERE / "fuzz_native.c", *sources, "-o", program),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if "cannot find -lasan" in built.stderr or "cannot find -lubsan" in built.stderr:
        pytest.skip("needs the compiler's sanitizers")
    assert built.returncode == 0, built.stderr
    return program


@pytest.mark.parametrize("seed", SEEDS)
def test_a_known_round_finds_no_fault(fuzzer, seed):
    run = subprocess.run(  # noqa: S603
        [fuzzer, "0", str(seed)], capture_output=True, text=True, check=False
    )

    assert (run.returncode, run.stderr) == (0, "")
    assert "no fault found" in run.stdout


def test_some_rounds_meet_keys_that_were_heard(fuzzer):
    run = subprocess.run(  # noqa: S603
        [fuzzer, "2", "1"], capture_output=True, text=True, check=True
    )

    words = run.stdout.split()
    assert int(words[words.index("hits,") - 1]) > 0
