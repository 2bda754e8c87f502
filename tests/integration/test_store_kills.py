"""Real kills at random instants, and readers beside a writer."""

import subprocess
import sys
import time
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import pytest

from proximity.store.decisions import list_decisions
from proximity.store.encounters import read_encounters
from proximity.store.processed_exports import list_processed
from proximity.store.schema import open_store
from proximity.store.sealing import SealingKey

WRITER = Path(__file__).with_name("store_writer.py")
SIGHTINGS_A_STEP = 3
KILLS = 20


@contextmanager
def writer(path, first_step):
    command = [sys.executable, str(WRITER), str(path), str(first_step)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:  # noqa: S603
        try:
            yield process
        finally:
            process.kill()


def steps_of(path):
    """Return the steps whose sightings, exports and decisions are stored."""
    with closing(open_store(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        times = read_encounters(connection, 0, 1 << 62).t_ms
        exports = [export.processed_ms for export in list_processed(connection)]
        decisions = list_decisions(connection, SealingKey(bytes(32)))
    steps, sizes = np.unique(times // 1_000, return_counts=True)
    assert set(sizes.tolist()) <= {SIGHTINGS_A_STEP}
    assert exports == [decision.decided_ms for decision in decisions]
    return set(steps.tolist()), set(exports)


def test_what_was_acknowledged_survives_kills_at_random_instants(tmp_path):
    path = tmp_path / "store.sqlite"
    rng = np.random.default_rng(2)
    acknowledged, begun, first = set(), set(), 1
    for _ in range(KILLS):
        with writer(path, first) as process:
            said = process.stdout.readline()
            time.sleep(rng.uniform(0, 0.1))
            process.kill()
            said += process.stdout.read()
        steps = [int(line) for line in said.splitlines()]
        acknowledged.update(steps)
        begun.update(steps, [steps[-1] + 1])
        first = steps[-1] + 2

        sightings, exports = steps_of(path)

        assert acknowledged <= sightings <= begun
        assert acknowledged <= exports <= begun
    assert len(acknowledged) > KILLS


@pytest.mark.parametrize("seed", range(4))
def test_a_kill_while_the_store_is_made_leaves_one_that_works(tmp_path, seed):
    path = tmp_path / "store.sqlite"
    rng = np.random.default_rng(seed)
    with writer(path, 1) as process:
        while not path.exists():
            time.sleep(0.001)
        time.sleep(rng.uniform(0, 0.01))
        process.kill()
        said = process.stdout.read()

    sightings, _ = steps_of(path)

    assert {int(line) for line in said.splitlines()} <= sightings


def test_a_reader_beside_a_writer_sees_whole_flushes_only(tmp_path):
    path = tmp_path / "store.sqlite"
    with writer(path, 1) as process:
        process.stdout.readline()
        with closing(open_store(path)) as connection:
            sizes = []
            for _ in range(20):
                sizes.append(len(read_encounters(connection, 0, 1 << 62).t_ms))
                process.stdout.readline()

    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1]
    assert {size % SIGHTINGS_A_STEP for size in sizes} == {0}
