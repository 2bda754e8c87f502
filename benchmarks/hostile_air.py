"""What hostile air costs: fuzzed advertisements, and a flood of fresh addresses.

Fuzz: random and mutated advertisements through everything that reads them; each gives a
value or a `FormatError`. Anything else is raised, after its bytes were printed.

Flood: an attacker sends so many valid advertisements a second, each once and from a
fresh address, while neighbours send theirs. All of it is recognised and recorded, with
a flush every ten seconds; what is kept of the true neighbours is read back.

    python benchmarks/hostile_air.py [--fuzz N] [--minutes N] [--seed N]
"""

import argparse
import resource
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import numpy as np

from proximity.protocol import bluezone, bluezone_ios, gaen
from proximity.protocol.advertisement import LEGACY_BYTES
from proximity.protocol.carrier import Carrier, encode_carrier
from proximity.protocol.on_air import Kind, kind_of
from proximity.radio.scanner import Heard, sighting_of
from proximity.store.encounters import read_encounters
from proximity.store.schema import open_store
from proximity.store.sightings import SightingLog

START_MS = 1_700_006_400_000
FLUSH_S = 10
ATTACKS_PER_S = 2_000
NEIGHBOURS = 10
BATCH = 100_000
GENUINE = (
    *(encode_carrier(bytes(range(20)), carrier) for carrier in Carrier),
    gaen.encode_advertisement(bytes(16), bytes(4), flags=False),
    bluezone.encode_advertisement(bytes(12)),
    bluezone_ios.encode_service(),
    bluezone_ios.encode_overflow(),
    bluezone_ios.encode_beacon(),
)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fuzz", type=int, default=1_000_000, metavar="N")
    parser.add_argument("--minutes", type=int, default=10, metavar="N")
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    arguments = parser.parse_args()
    # The flood first: memory that the fuzz gave back would hide what it takes.
    with tempfile.TemporaryDirectory() as folder:
        flood(Path(folder), arguments.minutes * 60, arguments.seed)
    fuzz(arguments.fuzz, arguments.seed)


def fuzz(count: int, seed: int) -> None:
    """Read `count` advertisements: a third random, the others mutated."""
    generator = np.random.default_rng(seed)
    kinds: Counter[Kind] = Counter()
    slowest_ns = reading_ns = 0
    for start in range(0, count, BATCH):
        for data in hostile(generator, min(BATCH, count - start)):
            before_ns = time.perf_counter_ns()
            try:
                kinds[kind_of(data)] += 1
            except BaseException:
                sys.stderr.write(f"seed {seed}: {data.hex()}\n")
                raise
            took_ns = time.perf_counter_ns() - before_ns
            reading_ns += took_ns
            slowest_ns = max(slowest_ns, took_ns)
    print(f"fuzz: {count:,} advertisements, seed {seed}")
    print(
        f"  {reading_ns / count / 1e3:.1f} µs each, slowest {slowest_ns / 1e6:.2f} ms"
    )
    print("  " + ", ".join(f"{kind} {n:,}" for kind, n in kinds.most_common()))


def hostile(generator: np.random.Generator, count: int) -> list[bytes]:
    """Return random bytes, and genuine advertisements changed in a few places."""
    choices = generator.integers(0, 3 * len(GENUINE), count).tolist()
    sizes = generator.integers(0, LEGACY_BYTES + 1, count).tolist()
    places = generator.integers(0, 2**31, (count, 3)).tolist()
    values = generator.integers(0, 256, (count, 3)).tolist()
    noise = generator.bytes(count * LEGACY_BYTES)
    made = []
    for n, (choice, size) in enumerate(zip(choices, sizes, strict=True)):
        if choice >= 2 * len(GENUINE):
            made.append(noise[n * LEGACY_BYTES : n * LEGACY_BYTES + size])
            continue
        data = bytearray(GENUINE[choice % len(GENUINE)])
        for place, value in zip(
            places[n][: 1 + size % 3], values[n][: 1 + size % 3], strict=True
        ):
            data[place % len(data)] = value
        # Half of them whole, half cut or padded.
        made.append(bytes(data) if size % 2 else bytes(data[:size]).ljust(size, b"\0"))
    return made


def flood(folder: Path, seconds: int, seed: int) -> None:
    """Record the flood, and count what is kept of the true neighbours."""
    generator = np.random.default_rng(seed)
    neighbours = [generator.bytes(20) for _ in range(NEIGHBOURS)]
    sent = 0
    with closing(open_store(folder / "store.sqlite")) as connection:
        log = SightingLog(connection)
        before_mb = most_mb = memory_mb()
        before_s = time.process_time()
        for second in range(seconds):
            for heard in heard_in(second, neighbours, generator):
                sighting = sighting_of(heard)
                if sighting is not None:
                    log.record(sighting)
            sent += 4 * NEIGHBOURS
            if second % FLUSH_S == FLUSH_S - 1:
                most_mb = max(most_mb, memory_mb())
                log.flush(START_MS + second * 1_000)
                most_mb = max(most_mb, memory_mb())
        log.flush(START_MS + seconds * 1_000)
        took_s = time.process_time() - before_s
        kept = count_kept(connection, neighbours)
    print(f"flood: {ATTACKS_PER_S:,} fresh addresses a second for {seconds / 60:g} min")
    print(f"  {kept / sent:.1%} of {sent:,} sightings of the true neighbours are kept")
    print(
        f"  {most_mb - before_mb:.1f} MB more memory, {took_s / seconds:.1%} of a core"
    )


def heard_in(
    second: int, neighbours: list[bytes], generator: np.random.Generator
) -> list[Heard]:
    """Return what is heard in one second, in the order of time."""
    noise = generator.bytes(ATTACKS_PER_S * 26)
    at_ms = START_MS + second * 1_000
    heard = [
        advertisement(
            at_ms + n * 1_000 // ATTACKS_PER_S,
            noise[26 * n : 26 * n + 20],
            noise[26 * n + 20 : 26 * n + 26],
        )
        for n in range(ATTACKS_PER_S)
    ]
    heard += [
        advertisement(at_ms + quarter, payload, payload[:6])
        for quarter in (0, 250, 500, 750)
        for payload in neighbours
    ]
    return sorted(heard, key=lambda each: each.t_wall_ms)


def advertisement(t_ms: int, payload: bytes, address: bytes) -> Heard:
    """Return a genuine advertisement heard."""
    data = gaen.encode_advertisement(payload[:16], payload[16:])
    return Heard(t_ms, t_ms, data, -60, address, "flood")


def count_kept(connection, neighbours: list[bytes]) -> int:
    """Return how many sightings of the true neighbours are in the store."""
    stored = read_encounters(connection, START_MS, 1 << 62)
    true = {payload[:16] for payload in neighbours}
    lengths = np.diff(stored.offsets).tolist()
    ids = [row.tobytes() for row in stored.ephemeral_id]
    return sum(n for n, each in zip(lengths, ids, strict=True) if each in true)


def memory_mb() -> float:
    """Return the memory that this process has now; Linux alone tells."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * resource.getpagesize() / 1e6


if __name__ == "__main__":
    main()
