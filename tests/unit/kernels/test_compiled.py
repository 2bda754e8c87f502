"""Kernels are compiled once, and whatever becomes of the cache, they run."""

import errno
import importlib.util
import shutil
import sys

import numpy as np
import pytest

pytest.importorskip("numba")

from numba.core.caching import IndexDataCacheFile

from proximity.kernels import compiled as module
from proximity.kernels.compiled import compiled

SOURCE = "def quotient(x, y):\n    return x / y\n"


@pytest.fixture
def quotient(tmp_path, monkeypatch):
    """Return a plain function in a file of its own, and what compiles it anew."""
    monkeypatch.setattr("numba.config.CACHE_DIR", "")
    file = tmp_path / "quotients.py"
    file.write_text(SOURCE, "utf-8")
    spec = importlib.util.spec_from_file_location("quotients", file)
    loaded = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "quotients", loaded)
    spec.loader.exec_module(loaded)
    module._sources.cache_clear()
    return loaded.quotient


def cache_files(folder):
    return sorted((folder / "__pycache__").glob("*.nb?"))


def hits(kernel):
    return sum(kernel.stats.cache_hits.values())


def test_a_division_by_zero_is_that_of_numpy(quotient):
    kernel = compiled(quotient)

    assert kernel(np.float32(1), np.float32(0)) == np.inf
    assert np.isnan(kernel(np.float32(0), np.float32(0)))


def test_a_second_process_takes_what_the_first_compiled(quotient, tmp_path):
    compiled(quotient)(1.0, 2.0)
    again = compiled(quotient)

    assert again(1.0, 2.0) == 0.5
    assert hits(again) == 1
    assert len(cache_files(tmp_path)) == 2


def test_a_kernel_is_compiled_anew_when_a_file_beside_it_changes(quotient, tmp_path):
    compiled(quotient)(1.0, 2.0)
    (tmp_path / "limits.py").write_text("MOST = 5\n", "utf-8")
    module._sources.cache_clear()
    again = compiled(quotient)

    assert again(1.0, 2.0) == 0.5
    assert hits(again) == 0


def test_where_no_folder_can_be_written_a_kernel_runs(quotient, tmp_path, monkeypatch):
    # Also the superuser cannot make a folder where a file is.
    shutil.rmtree(tmp_path / "__pycache__", ignore_errors=True)
    (tmp_path / "__pycache__").write_bytes(b"")
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null")
    monkeypatch.setenv("HOME", "/dev/null")

    assert compiled(quotient)(1.0, 2.0) == 0.5


@pytest.mark.parametrize("kept", [0, 1, 40])
def test_a_damaged_cache_is_replaced(quotient, tmp_path, kept):
    compiled(quotient)(1.0, 2.0)
    for file in cache_files(tmp_path):
        file.write_bytes(file.read_bytes()[:kept])

    assert compiled(quotient)(1.0, 2.0) == 0.5
    healed = compiled(quotient)
    assert healed(1.0, 2.0) == 0.5
    assert hits(healed) == 1


def test_on_a_full_disk_a_kernel_runs(quotient, monkeypatch):
    def full(*_arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(IndexDataCacheFile, "_save_index", full)

    assert compiled(quotient)(1.0, 2.0) == 0.5


def test_other_threads_run_while_a_kernel_does(quotient):
    assert compiled(quotient).targetoptions["nogil"]


def test_fast_math_is_off(quotient):
    assert "fastmath" not in compiled(quotient).targetoptions
