"""Speed of the ranging kernels, as ratios from one run on one core.

Run as `python benchmarks/ranging.py [--json FILE]`. What is compared is first checked
to be equal. Then it is measured in turns, so that a change of clock speed meets all
alike; a figure is the median of its turns, in the processor time of this thread, as
others use the machine too.

Rows are `{"name", "per_s", "of", "ratio", "target"}`: samples a second; `ratio` is this
rate over that of what `of` names, on the same data. Of the bandwidth it is the share:
bytes that must be read and written, over what reading memory alone achieves. Rows of
the estimator are `{"name", "value", "unit", "most"}`.
"""

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from estimator_speed import (
    ENCOUNTERS,
    FIRST_SCORE,
    SIGHTINGS,
    WITH_KERNELS,
    check_forms,
    first_score_s,
    fortnight_cost,
)
from filterpy.kalman import KalmanFilter

from proximity.kernels.dispatch import NUMBA, PYTHON
from proximity.ranging import smoother_numba
from proximity.ranging.buckets import (
    BucketWeights,
    ScanColumns,
    weighted_seconds_by_bucket,
)
from proximity.ranging.smoother import (
    LogDistanceSeries,
    Prior,
    SmoothedLogDistance,
    smooth_log_distance,
)

TURNS = 9
# Encounters of about 165 sightings: of one phone's fortnight, and what no cache holds.
FORTNIGHT, MANY = 12_000, 60_000
MOST_SIGHTINGS = 330
# filterpy takes some ten thousand times as long for a sample: fewer are enough.
FILTERPY_SERIES = 12
# Three columns are read and two written, four bytes each.
SMOOTHER_BYTES = 20
LANES = smoother_numba.LANES
BUCKETS = BucketWeights((55, 63, 73), (1.0, 1.0, 0.5, 0.0))
Run = Callable[[], object]


@dataclass
class Table:
    """The rows that were measured, printed as they come."""

    rows: list[dict[str, object]] = field(default_factory=list)

    def add(
        self, name: str, per_s: float, *, of: str, ratio: float, target: float | None
    ) -> None:
        """Add a row and print it."""
        self.rows.append(
            {
                "name": name,
                "per_s": round(per_s),
                "of": of,
                "ratio": round(ratio, 3),
                "target": target,
            }
        )
        wanted = f"(target {target:,})" if target else ""
        print(f"{name:<34} {per_s / 1e6:>9,.2f} M/s {ratio:>10,.2f} x {of} {wanted}")

    def add_cost(
        self, name: str, value: float, unit: str, most: float | None = None
    ) -> None:
        """Add a row of what must not be more than something, and print it."""
        self.rows.append(
            {"name": name, "value": round(value, 3), "unit": unit, "most": most}
        )
        wanted = f"(at most {most:,})" if most else ""
        print(f"{name:<58} {value:>9,.2f} {unit} {wanted}")


def main() -> None:
    """Check, measure, print; write the figures where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    print(f"{platform.machine()}, CPython {platform.python_version()}, one core\n")
    table = Table()
    for row in ROWS:
        row(table)
    if asked.json:
        asked.json.write_text(json.dumps(table.rows, indent=1) + "\n", "utf-8")


def attenuation_buckets(table: Table) -> None:
    """Weigh seconds by bucket, beside numpy and beside reading memory."""
    for dtype in (np.int8, np.int16, np.float32):
        scans = scans_of(MANY, dtype)
        expected = weighted_seconds_by_bucket(scans, BUCKETS, variant=PYTHON)
        forms = {"compiled": compiled_buckets, "bincount": bincount, "add.at": add_at}
        for form in forms.values():
            np.testing.assert_array_equal(form(scans), expected)
        seconds = in_turns(
            {
                **{name: partial(form, scans) for name, form in forms.items()},
                "memory": read_memory,
            }
        )
        name, rate = f"buckets {np.dtype(dtype)}", len(scans.seconds)
        rate /= seconds["compiled"]
        for form in ("bincount", "add.at"):
            ratio = seconds[form] / seconds["compiled"]
            table.add(name, rate, of=f"numpy {form}", ratio=ratio, target=100)
        size = scans.attenuation_db.itemsize + scans.seconds.itemsize
        share = rate * size * seconds["memory"] / MEMORY.nbytes
        table.add(name, rate, of="bandwidth", ratio=share, target=0.45)


def compiled_buckets(scans: ScanColumns) -> np.ndarray:
    """Weigh by the compiled kernel."""
    return weighted_seconds_by_bucket(scans, BUCKETS, variant=NUMBA)


def bincount(scans: ScanColumns) -> np.ndarray:
    """Weigh in numpy, by the fastest of the short ways."""
    n, b = len(scans.offsets) - 1, len(BUCKETS.weights)
    window = np.repeat(np.arange(n), np.diff(scans.offsets))
    bucket = np.digitize(scans.attenuation_db, BUCKETS.limits_db)
    total = np.bincount(window * b + bucket, scans.seconds, n * b)
    return total.reshape(n, b) * BUCKETS.weights


def add_at(scans: ScanColumns) -> np.ndarray:
    """Weigh in numpy, in the words of the task."""
    total = np.zeros((len(scans.offsets) - 1, len(BUCKETS.weights)))
    window = np.repeat(np.arange(len(total)), np.diff(scans.offsets))
    bucket = np.digitize(scans.attenuation_db, BUCKETS.limits_db)
    np.add.at(total, (window, bucket), scans.seconds)
    return total * BUCKETS.weights


def scans_of(windows: int, dtype: type) -> ScanColumns:
    """Return scans of whole seconds."""
    generator = np.random.default_rng(1)
    offsets = offsets_of(windows, generator)
    m = int(offsets[-1])
    return ScanColumns(
        generator.integers(30, 100, m).astype(dtype),
        generator.integers(1, 300, m).astype(np.float32),
        offsets,
    )


def smoothing(table: Table) -> None:
    """Smooth series, beside filterpy and beside reading memory."""
    series, prior = series_of(MANY)
    few, few_prior = first_series(series, prior, FILTERPY_SERIES)
    half, half_prior = first_series(series, prior, FORTNIGHT)
    plain = smooth_log_distance(half, half_prior, variant=PYTHON)
    found = smooth_log_distance(half, half_prior, variant=NUMBA)
    for mine, expected in zip(found, plain, strict=True):
        np.testing.assert_array_equal(mine, expected)
    reference = filterpy_smooth(few, few_prior)
    for mine, expected in zip(found, reference, strict=True):
        np.testing.assert_allclose(mine[: len(expected)], expected, atol=2e-5)
    tiles, in_tiles = tiles_of(series)
    lane_prior = Prior(*np.broadcast_to(np.float32([[0], [1]]), (2, LANES)).copy())
    seconds = in_turns(
        {
            "filterpy": lambda: filterpy_smooth(few, few_prior),
            "plain": lambda: smooth_log_distance(half, half_prior, variant=PYTHON),
            "compiled": lambda: smooth_log_distance(series, prior, variant=NUMBA),
            "pretiled": lambda: smooth_tiles(tiles, lane_prior),
            "memory": read_memory,
        }
    )
    filterpy = len(few.measured) / seconds["filterpy"]
    in_numpy = len(half.measured) / seconds["plain"]
    of = "filterpy"
    table.add(
        "smoother, numpy", in_numpy, of=of, ratio=in_numpy / filterpy, target=None
    )
    rate = len(series.measured) / seconds["compiled"]
    table.add("smoother", rate, of=of, ratio=rate / filterpy, target=2_000)
    bandwidth = MEMORY.nbytes / seconds["memory"]
    share = rate * SMOOTHER_BYTES / bandwidth
    table.add("smoother, with tiling", rate, of="bandwidth", ratio=share, target=0.07)
    rate = in_tiles / seconds["pretiled"]
    share = rate * SMOOTHER_BYTES / bandwidth
    table.add("smoother, pretiled", rate, of="bandwidth", ratio=share, target=0.3)


def series_of(n: int) -> tuple[LogDistanceSeries, Prior]:
    """Return series of which every tenth sample was not measured."""
    generator = np.random.default_rng(2)
    offsets = offsets_of(n, generator)
    m = int(offsets[-1])
    measured = generator.normal(0.5, 1, m).astype(np.float32)
    measured[generator.random(m) < 0.1] = np.nan
    noise = generator.uniform(0.5, 3, m).astype(np.float32)
    drift = generator.uniform(0.001, 0.1, m).astype(np.float32)
    prior = Prior(np.zeros(n, np.float32), np.ones(n, np.float32))
    return LogDistanceSeries(measured, noise, drift, offsets), prior


def first_series(
    series: LogDistanceSeries, prior: Prior, n: int
) -> tuple[LogDistanceSeries, Prior]:
    """Return the first n series."""
    m = series.offsets[n]
    columns = (column[:m] for column in series[:3])
    return LogDistanceSeries(*columns, series.offsets[: n + 1]), Prior(
        prior.mean[:n], prior.variance[:n]
    )


def filterpy_smooth(series: LogDistanceSeries, prior: Prior) -> SmoothedLogDistance:
    """Smooth by filterpy, a series at a time."""
    means, variances = [], []
    for i, (begin, end) in enumerate(
        zip(series.offsets[:-1], series.offsets[1:], strict=True)
    ):
        part = slice(begin, end)
        kalman = KalmanFilter(dim_x=1, dim_z=1)
        kalman.x[:] = prior.mean[i]
        kalman.P[:] = prior.variance[i]
        kalman.F = kalman.H = np.eye(1)
        measured = series.measured[part].tolist()
        drift = [np.array([[q]]) for q in series.drift[part].tolist()]
        noise = [np.array([[r]]) for r in series.noise[part].tolist()]
        filtered = kalman.batch_filter(
            [None if np.isnan(z) else z for z in measured], Qs=drift, Rs=noise
        )
        mean, variance, _, _ = kalman.rts_smoother(*filtered[:2], Qs=drift)
        means.append(mean.ravel())
        variances.append(variance.ravel())
    return SmoothedLogDistance(np.concatenate(means), np.concatenate(variances))


def tiles_of(series: LogDistanceSeries) -> tuple[list[np.ndarray], int]:
    """Return full tiles of series of about the same length; how many samples it is."""
    lengths = np.diff(series.offsets)
    order = np.argsort(lengths, kind="stable")
    order = order[: len(order) // LANES * LANES]
    tiles = []
    for chosen in order.reshape(-1, LANES):
        shape = (int(lengths[chosen[-1]]), smoother_numba.ROWS, LANES)
        tiles.append(np.empty(shape, np.float32))
        smoother_numba.fill_tile(series, chosen, tiles[-1])
    return tiles, int(lengths[order].sum())


def smooth_tiles(tiles: list[np.ndarray], prior: Prior) -> None:
    """Smooth every tile in place."""
    for tile in tiles:
        smoother_numba.smooth_tile(tile, *prior)


def offsets_of(n: int, generator: np.random.Generator) -> np.ndarray:
    """Return offsets of n encounters of 1..330 sightings."""
    lengths = generator.integers(1, MOST_SIGHTINGS, n)
    return np.concatenate([[0], np.cumsum(lengths)])


def estimator(table: Table) -> None:
    """Estimate a fortnight and ask everything; five times as much takes no more each.

    Its columns are there already; they are counted too.
    """
    table.add_cost("estimator, plain form over compiled", check_forms(), "x")
    for times, most_s, most_mb in ((1, 2.0, 200.0), (5, None, None)):
        cost = fortnight_cost(times * SIGHTINGS, times * ENCOUNTERS)
        name = f"estimator, {times * SIGHTINGS / 1e6:.0f} M sightings"
        table.add_cost(f"{name}, processor", cost.cpu_s, "s", most_s)
        table.add_cost(f"{name}, clock", cost.wall_s, "s")
        table.add_cost(f"{name}, peak", cost.megabytes, "MB", most_mb)
        with_columns = cost.megabytes + cost.columns_mb
        table.add_cost(f"{name}, peak and columns", with_columns, "MB", most_mb)


def first_score(table: Table) -> None:
    """Score one encounter in a fresh process, and a process that does nothing."""
    for name, code, most in (
        ("bare Python", "pass", None),
        ("first score", FIRST_SCORE, 0.7),
        ("first score, by compiled kernels", WITH_KERNELS, None),
    ):
        cpu_s, wall_s = first_score_s(code)
        table.add_cost(f"{name}, processor", cpu_s, "s", most)
        table.add_cost(f"{name}, clock", wall_s, "s")


MEMORY = np.ones(1 << 25, np.int64)


def read_memory() -> np.int64:
    """Read a quarter of a gigabyte and do as little as possible with it."""
    return MEMORY.max()


def in_turns(runs: dict[str, Run]) -> dict[str, float]:
    """Run everything in turns; return the median seconds of each."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for turn in range(TURNS + 1):
        for name, run in runs.items():
            begin = time.thread_time()
            run()
            # The first turn is for the compiler and the caches.
            if turn:
                times[name].append(time.thread_time() - begin)
    return {name: statistics.median(found) for name, found in times.items()}


# A function for each row of what the ranging is to reach.
ROWS = (attenuation_buckets, smoothing, estimator, first_score)


if __name__ == "__main__":
    main()
