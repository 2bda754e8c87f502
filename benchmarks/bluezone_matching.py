"""Speed of matching Bluezone's chains, beside the form with hashlib, in one run.

Run as `python benchmarks/bluezone_matching.py`. One key is the 96 IDs of one day. Every
variant is first checked to find what the plain form finds.
"""

import secrets
import statistics
import time

from proximity.kernels.dispatch import PYTHON, available_variants
from proximity.matching.bluezone_candidates import HistoryIndex
from proximity.protocol.bluezone import derive_ephemeral_ids
from proximity.protocol.bluezone_history import HistoryRow
from proximity.protocol.bluezone_list import PublishedKey, match_history

START_S = 1_596_844_800
DAY_S = 86_400
DAYS = 14
KEYS = 50_000
PLAIN_KEYS = 1_000
ROWS = 10_000
TURNS = 5


def main() -> None:
    """Check, then measure in turns."""
    keys = [
        PublishedKey(secrets.token_bytes(32), start, start + DAY_S - 1, 96)
        for start in (START_S + DAY_S * (i % DAYS) for i in range(KEYS))
    ]
    few = keys[:PLAIN_KEYS]
    history = [
        HistoryRow(bytes(12), secrets.token_bytes(12), -60, at_s * 1_000)
        for at_s in (START_S + DAY_S * DAYS * i // ROWS for i in range(ROWS))
    ]
    for key in few[:50]:
        sent = derive_ephemeral_ids(key.daily_key)[17]
        at_s = key.time_start_s + 17 * 900
        history.append(HistoryRow(bytes(12), sent, -60, at_s * 1_000))
    expected = match_history(few, history)
    assert len(expected) == 50
    variants = [name for name in available_variants() if name != PYTHON]
    indices = {name: HistoryIndex(history, variant=name) for name in variants}
    assert all(index.find(few) == expected for index in indices.values())
    times: dict[str, list[float]] = {name: [] for name in ("hashlib", *variants)}
    for _ in range(TURNS):
        for name, seconds in times.items():
            begin = time.perf_counter()
            if name == "hashlib":
                match_history(few, history)
            else:
                indices[name].find(keys)
            seconds.append(time.perf_counter() - begin)
    plain = PLAIN_KEYS / statistics.median(times.pop("hashlib"))
    print(f"{'hashlib':<8} {plain:>12,.0f} keys/s")
    for name, seconds in times.items():
        rate = KEYS / statistics.median(seconds)
        print(f"{name:<8} {rate:>12,.0f} keys/s {rate / plain:8.1f} x")


if __name__ == "__main__":
    main()
