"""Time and memory of the estimator, each in a process of its own."""

import ctypes
import gc
import multiprocessing
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from ranging_world import World, day_of, fortnight

from proximity.kernels.dispatch import ENVIRONMENT, PYTHON
from proximity.ranging.estimator import estimate
from proximity.ranging.population import Population, default_parameters
from proximity.ranging.posterior import dose_minutes, minutes_within

SIGHTINGS, ENCOUNTERS = 2_000_000, 20_000
# Enough for each kernel to be loaded.
FEW_SIGHTINGS, FEW_ENCOUNTERS = 100_000, 1_000
RUNS, STARTS = 5, 9
METRES = (1.0, 2.0, 3.0)
CONTACT_MIN = 15.0

FIRST_SCORE = """
import numpy as np
from proximity.ranging.encounters import Encounters, devices_of
from proximity.ranging.estimator import estimate
from proximity.ranging.looks import Heard
from proximity.ranging.population import default_parameters
from proximity.ranging.posterior import dose_minutes, minutes_within
population = default_parameters().uncalibrated
t_ms = np.arange(100) * 9_000
heard = Heard(t_ms * 0, t_ms >= 0, t_ms, np.linspace(55, 70, 100))
first, second = np.array([0]), np.array([1])
devices = devices_of(["", ""], ["", ""], population)
found = estimate(heard, Encounters(first, second, first), devices, population)
question = found.samples.encounter
within = minutes_within(2.0, found, question, population.memory_s)
print(within.chance_of(np.array([15.0])), within.spread())
print(dose_minutes(found, question))
"""
# Numba that is there already is used also for what is small.
WITH_KERNELS = "import numba\n" + FIRST_SCORE


class Cost(NamedTuple):
    """What a fortnight takes: processor time, time by the clock, peak memory."""

    cpu_s: float
    wall_s: float
    megabytes: float
    columns_mb: float


def population() -> Population:
    """Return the frozen one, with places that differ: none of its terms is nothing."""
    frozen = default_parameters().uncalibrated
    return replace(frozen, place_sd=2.0, distance_place_sd=0.1)


def answers(world: World, of: Population) -> list[np.ndarray]:
    """Estimate, and ask everything of each encounter and of each day."""
    found = estimate(*world, of)
    all_answers = list(found.distances)
    for question in (found.samples.encounter, day_of(found.samples.look)):
        for metres in METRES:
            within = minutes_within(metres, found, question, of.memory_s)
            all_answers += [*within.spread(), within.chance_of(CONTACT_MIN)]
        all_answers += dose_minutes(found, question)
    return all_answers


def check_forms() -> float:
    """Check that both forms give the same bits; return how much faster one is."""
    of = population()
    world = fortnight(SIGHTINGS // 10, ENCOUNTERS // 10, of)
    answers(world, of)
    compiled_s, compiled = _timed(lambda: answers(world, of))
    os.environ[ENVIRONMENT] = PYTHON
    try:
        plain_s, plain = _timed(lambda: answers(world, of))
    finally:
        del os.environ[ENVIRONMENT]
    for mine, expected in zip(compiled, plain, strict=True):
        np.testing.assert_array_equal(mine, expected)
    return plain_s / compiled_s


def _timed(
    run: Callable[[], list[np.ndarray]],
) -> tuple[float, list[np.ndarray]]:
    begin = time.thread_time()
    found = run()
    return time.thread_time() - begin, found


def fortnight_cost(sightings: int, encounters: int) -> Cost:
    """Return the medians of a process that does nothing else."""
    context = multiprocessing.get_context("spawn")
    queue = context.SimpleQueue()
    process = context.Process(target=_measure, args=(sightings, encounters, queue))
    process.start()
    cost: Cost = queue.get()
    process.join()
    return cost


def _measure(sightings: int, encounters: int, queue: Any) -> None:
    of = population()
    answers(fortnight(FEW_SIGHTINGS, FEW_ENCOUNTERS, of), of)
    world = fortnight(sightings, encounters, of)
    times, megabytes = [], 0.0
    for run in range(RUNS):
        before = _fresh_peak()
        begin = time.process_time(), time.perf_counter()
        kept = answers(world, of)
        times.append((time.process_time() - begin[0], time.perf_counter() - begin[1]))
        if run == 0:
            megabytes = _status_mb("VmHWM") - before
        del kept
    cpu_s, wall_s = (statistics.median(column) for column in zip(*times, strict=True))
    columns_mb = sum(column.nbytes for column in world.heard) / 1e6
    queue.put(Cost(cpu_s, wall_s, megabytes, columns_mb))


def _fresh_peak() -> float:
    """Forget the peak of this process; return what it holds now, megabytes."""
    # What was used and let go is given back, or it would hide what is used next.
    _give_back()
    Path("/proc/self/clear_refs").write_text("5", "utf-8")
    return _status_mb("VmRSS")


def _give_back() -> None:

    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)


def _status_mb(name: str) -> float:
    status = Path("/proc/self/status").read_text("utf-8")
    return int(status.split(f"{name}:")[1].split()[0]) * 1024 / 1e6


def first_score_s(code: str) -> tuple[float, float]:
    """Return processor time and time by the clock of a whole process, its median."""
    times = []
    for _ in range(STARTS + 1):
        before, begin = os.times(), time.perf_counter()
        subprocess.run(
            [sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL
        )
        wall_s, after = time.perf_counter() - begin, os.times()
        used = after.children_user + after.children_system
        used -= before.children_user + before.children_system
        times.append((used, wall_s))
    # The first fills the caches.
    cpu_s, wall_s = (
        statistics.median(column) for column in zip(*times[1:], strict=True)
    )
    return cpu_s, wall_s
