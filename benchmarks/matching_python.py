"""Keys a second of both forms of the candidate search, after an equality check.

Run `python benchmarks/matching_python.py [--json FILE]`.
"""

import argparse
import json
import platform
import secrets
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from proximity.matching import candidates, candidates_plain
from proximity.protocol.diagnosis_key import DiagnosisKeys
from proximity.protocol.export_columns import select_keys
from proximity.protocol.gaen import derive_ephemeral_ids
from proximity.protocol.sighting import Encounters

DAY = 20_000
DAYS = 14
KEYS = 14_000
PLAIN_KEYS = 2_000
PLANTED = 20
ROWS = (1_000, 10_000, 100_000)
SIGHTINGS_PER_ROW = 3
TOLERANCE = 12
REPEATS = 3


def main() -> None:
    """Measure, print a table, write the figures where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    file = parser.parse_args().json
    rows = [_measure(n) for n in ROWS]
    print(f"{platform.machine()}, CPython {platform.python_version()}")
    print(
        "local IDs   plain keys/s   vectorised keys/s   ratio   index ms"
        "   keys/s where 1 day of 14 was recorded"
    )
    for row in rows:
        print(
            f"{row['ids']:9,}   {row['plain_keys_s']:12,.0f}"
            f"   {row['vectorised_keys_s']:17,.0f}   {row['ratio']:5.2f}"
            f"   {row['index_ms']:8.1f}   {row['one_day_keys_s']:36,.0f}"
        )
    if file is not None:
        file.write_text(json.dumps(rows, indent=1) + "\n")


def _measure(n_rows: int) -> dict[str, float]:
    keys = _keys(KEYS)
    few = select_keys(keys, slice(PLAIN_KEYS))
    heard = _encounters(n_rows, few, DAYS)
    index = candidates.index_encounters(heard)
    plain = candidates_plain.find_candidates(few, heard, TOLERANCE)
    fast = candidates.find_candidates(few, index, TOLERANCE)
    if len(plain.row) < PLANTED or not all(
        np.array_equal(a, b) for a, b in zip(plain, fast, strict=True)
    ):
        raise SystemExit("the two forms disagree")
    one_day = candidates.index_encounters(_encounters(n_rows, few, 1))
    # Interleaved, so that a change of clock speed meets all alike.
    timings: dict[str, list[float]] = {"plain": [], "fast": [], "day": [], "index": []}
    for _ in range(REPEATS):
        for name, run in (
            ("plain", lambda: candidates_plain.find_candidates(few, heard, TOLERANCE)),
            ("fast", lambda: candidates.find_candidates(keys, index, TOLERANCE)),
            ("day", lambda: candidates.find_candidates(keys, one_day, TOLERANCE)),
            ("index", lambda: candidates.index_encounters(heard)),
        ):
            timings[name].append(_seconds(run))
    plain_s, fast_s, day_s, index_s = map(statistics.median, timings.values())
    return {
        "ids": n_rows,
        "plain_keys_s": PLAIN_KEYS / plain_s,
        "vectorised_keys_s": KEYS / fast_s,
        "ratio": (KEYS / fast_s) / (PLAIN_KEYS / plain_s),
        "index_ms": index_s * 1_000,
        "one_day_keys_s": KEYS / day_s,
    }


def _seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def _keys(n: int) -> DiagnosisKeys:
    days = DAY + np.arange(n, dtype=np.int64) % DAYS
    return DiagnosisKeys(
        key=np.frombuffer(secrets.token_bytes(16 * n), np.uint8).reshape(n, 16),
        start_interval=days * 144,
        period=np.full(n, 144, np.int64),
        report_type=np.ones(n, np.uint8),
        days_since_onset=np.zeros(n, np.int16),
        transmission_risk=np.zeros(n, np.uint8),
    )


def _encounters(n: int, keys: DiagnosisKeys, days: int) -> Encounters:
    """Make n rows spread over days, a few of them with IDs of the first keys."""
    ids = np.frombuffer(secrets.token_bytes(16 * n), np.uint8).reshape(n, 16).copy()
    interval = DAY * 144 + np.arange(n, dtype=np.int64) * 144 * days // n
    planted = [i for i in range(PLANTED) if i % DAYS < days]
    for i in planted:
        start = int(keys.start_interval[i])
        ids[i] = derive_ephemeral_ids(keys.key[i].tobytes(), start)[7 * i]
        interval[i] = start + 7 * i
    t_ms = interval[:, None] * 600_000 + np.arange(SIGHTINGS_PER_ROW) * 1_000
    return Encounters(
        ephemeral_id=ids,
        metadata=np.zeros((n, 4), np.uint8),
        offsets=np.arange(n + 1, dtype=np.int64) * SIGHTINGS_PER_ROW,
        t_ms=t_ms.ravel(),
        rssi_dbm=np.full(n * SIGHTINGS_PER_ROW, -60, np.int8),
    )


if __name__ == "__main__":
    main()
