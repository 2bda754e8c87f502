"""Speed of the matching kernels, as ratios from one run on one core.

Run as `python benchmarks/matching.py [--json FILE] [--plot FILE] [--keys N]`. Every
variant that this machine has is first checked to find what the plain form finds, and to
derive the same IDs. Then all that is compared is measured in turns, so that a change of
clock speed meets all alike; a figure is the median of its turns.

Rows are `{"name", "variant", "ids", "keys_per_s", "of", "ratio"}`: `ratio` is
`keys_per_s` over that of the row named in `of`, of the same run and of as many IDs.
"""

import argparse
import io
import json
import os
import platform
import statistics
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB
from matching_world import hmac_form, keys_over_days, plant, stored
from peak_memory import peak_of_matching

from proximity.kernels.dispatch import PYTHON, available_variants, load_native
from proximity.matching import candidates_plain
from proximity.matching.candidates import EncounterIndex
from proximity.protocol.diagnosis_key import DiagnosisKeys
from proximity.protocol.export import open_export
from proximity.protocol.export_columns import BLOCK_KEYS, select_keys
from proximity.protocol.export_writer import ExportContent, export_bytes
from proximity.protocol.gaen import derive_ephemeral_ids
from proximity.protocol.signature import Signer, VerificationKey

IDS = (1_000, 10_000, 100_000, 1_000_000)
# What one key costs in Python is a hundred times more: fewer of them are enough.
PYTHON_KEYS = 14_000
PLAIN_KEYS = 280
TOLERANCE = 12
TURNS = 7
PRIVATE_KEY = ec.derive_private_key(7, ec.SECP256R1())
Run = Callable[[], object]


@dataclass
class Table:
    """The rows that were measured, printed as they come."""

    rows: list[dict[str, object]] = field(default_factory=list)

    def add(
        self, name: str, variant: str, ids: int, rate: float, *of: tuple[str, float]
    ) -> None:
        """Add a row for each rate that this one is compared with."""
        for reference, reference_rate in of or (("", 0.0),):
            ratio = rate / reference_rate if reference else None
            self.rows.append(
                {
                    "name": name,
                    "variant": variant,
                    "ids": ids,
                    "keys_per_s": round(rate),
                    "of": reference or None,
                    "ratio": ratio and round(ratio, 3),
                }
            )
            beside = f"{ratio:8.2f} x {reference}" if ratio else ""
            print(f"{name:<26} {variant:<8} {ids:>9,} {rate:>12,.0f}/s {beside}")


def main() -> None:
    """Check, measure, print; write the figures where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--keys", type=int, default=458_752)
    asked = parser.parse_args()
    keys = keys_over_days(asked.keys)
    table = Table()
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    print(f"{platform.machine()}, CPython {platform.python_version()}, one core\n")
    check(keys)
    without_look_ups(keys, table)
    for ids in IDS:
        measure(keys, ids, table)
    from_zips(keys, table)
    os.sched_setaffinity(0, cores)
    two_threads(keys, table)
    memory(table)
    if asked.json:
        asked.json.write_text(json.dumps(table.rows, indent=1) + "\n", "utf-8")
    if asked.plot:
        plot(table, keys, asked.plot)


def check(keys: DiagnosisKeys) -> None:
    """Stop unless every variant finds what the plain form finds, and no more."""
    few = select_keys(keys, slice(PLAIN_KEYS))
    heard = plant(stored(5_000), few)
    expected = candidates_plain.find_candidates(few, heard, TOLERANCE)
    assert len(expected.row) >= PLAIN_KEYS // 2
    for variant in available_variants():
        found = EncounterIndex(heard, TOLERANCE, variant=variant).find(few)
        for mine, plain in zip(found, expected, strict=True):
            assert np.array_equal(mine, plain), variant
    assert len(hmac_form(heard)(few)) == len(expected.row)
    batch = select_keys(keys, slice(256))
    ids = [
        derive_ephemeral_ids(k.tobytes(), int(s))
        for k, s in zip(*batch[:2], strict=True)
    ]
    sum_of_ids = np.bitwise_xor.reduce(np.concatenate(ids), axis=0).tobytes()
    native = load_native()
    for variant in available_variants()[:-1]:
        assert native is not None
        assert native.gaen_fold(variant, batch[:3]) == sum_of_ids, variant


def folds(keys: DiagnosisKeys) -> dict[str, Run]:
    """Return, for each variant, its kernel alone over all keys."""
    native = load_native()
    if native is None:
        return {}
    return {
        variant: lambda v=variant: native.gaen_fold(v, keys[:3])
        for variant in available_variants()
        if variant != PYTHON
    }


def without_look_ups(keys: DiagnosisKeys, table: Table) -> None:
    """Measure the kernels alone beside OpenSSL's AES."""
    seconds = in_turns({"openssl": openssl_blocks, **folds(keys)})
    openssl = OPENSSL_BLOCKS / 144 / seconds.pop("openssl")
    table.add("openssl-aes", "openssl", 0, openssl)
    for variant, s in seconds.items():
        rate = len(keys.key) / s
        table.add("without-look-ups", variant, 0, rate, ("openssl-aes", openssl))


OPENSSL_BLOCKS = 1 << 22


def openssl_blocks() -> None:
    """Encrypt 4 Mi blocks with OpenSSL, a piece that fits the cache at a time."""
    piece = bytes(1 << 16)
    out = bytearray(len(piece) + 16)
    # Single blocks of AES are what is to be measured; nothing is kept secret.
    encryptor = Cipher(AES(bytes(16)), ECB()).encryptor()  # noqa: S305
    for _ in range(16 * OPENSSL_BLOCKS // len(piece)):
        encryptor.update_into(piece, out)


def measure(keys: DiagnosisKeys, ids: int, table: Table) -> None:
    """Measure every variant from memory, with its index made before and anew."""
    heard = plant(stored(ids), keys)
    few = select_keys(keys, slice(PYTHON_KEYS))
    by_hmac = hmac_form(heard)
    indices = {
        v: EncounterIndex(heard, TOLERANCE, variant=v) for v in available_variants()
    }
    runs: dict[str, Run] = {"hmac": lambda: by_hmac(few)}
    bare = folds(keys)
    for variant, index in indices.items():
        if variant in bare:
            runs[f"{variant} bare"] = bare[variant]
        some = few if variant == PYTHON else keys
        runs[variant] = lambda i=index, k=some: i.find(k)
        runs[f"{variant} build"] = lambda v=variant: EncounterIndex(
            heard, TOLERANCE, variant=v
        )
    seconds = in_turns(runs)
    hmac = ("hmac-ecb-bitmap", PYTHON_KEYS / seconds["hmac"])
    table.add(hmac[0], PYTHON, ids, hmac[1])
    for variant in indices:
        n = PYTHON_KEYS if variant == PYTHON else len(keys.key)
        rate = n / seconds[variant]
        beside = [hmac]
        if variant in bare:
            alone = n / seconds[f"{variant} bare"]
            beside.append(("without-look-ups", alone))
        table.add("memory", variant, ids, rate, *beside)
        built = n / (seconds[variant] + seconds[f"{variant} build"])
        table.add("memory-with-build", variant, ids, built, hmac, ("memory", rate))


def from_zips(keys: DiagnosisKeys, table: Table) -> None:
    """Measure from signed exports: verify, read in blocks, search."""
    n = len(keys.key)
    content = ExportContent("VN", 1, 2, keys)
    signer = Signer(PRIVATE_KEY, "452", "v1")
    deflated = export_bytes(content, [signer])
    stored_zip = stored_archive(deflated)
    blocks = list(in_blocks(keys))
    for ids in IDS[:1]:
        index = EncounterIndex(plant(stored(ids), keys), TOLERANCE)
        expected = sum(len(index.find(block).row) for block in blocks)
        for data in (deflated, stored_zip):
            assert search_export(data, index) == expected
        runs: dict[str, Run] = {
            "memory": lambda i=index: [i.find(block) for block in blocks],
            "stored": lambda i=index: search_export(stored_zip, i),
            "deflated": lambda i=index: search_export(deflated, i),
            "inflate": lambda: inflate(deflated),
        }
        seconds = in_turns(runs)
        rate = n / seconds["memory"]
        table.add("memory-in-blocks", index.variant, ids, rate)
        table.add(
            "zip-stored",
            index.variant,
            ids,
            n / seconds["stored"],
            ("memory-in-blocks", rate),
        )
        bound = n / (2 * seconds["inflate"] + seconds["memory"])
        table.add(
            "zip-deflated",
            index.variant,
            ids,
            n / seconds["deflated"],
            ("inflate-twice-and-memory", bound),
        )


def search_export(data: bytes, index: EncounterIndex) -> int:
    """Verify an export, search with its keys, return how many candidates there are."""
    trusted = VerificationKey(PRIVATE_KEY.public_key())
    export = open_export(io.BytesIO(data), max_bytes=1 << 30).verify([trusted])
    return sum(len(index.find(b.keys).row) for b in export.key_blocks())


def stored_archive(data: bytes) -> bytes:
    """Return an export's zip anew with its entries stored as they are."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(zipfile.ZipInfo(name), old.read(name))
    return out.getvalue()


def inflate(data: bytes) -> None:
    """Inflate the large entry of a zip, and nothing else."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        info = archive.getinfo("export.bin")
        begin = info.header_offset + 30 + len(info.filename)
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    for at in range(begin, begin + info.compress_size, 1 << 18):
        inflater.decompress(data[at : min(at + (1 << 18), begin + info.compress_size)])


def two_threads(keys: DiagnosisKeys, table: Table) -> None:
    """Measure two threads beside one; the GIL is free while a kernel runs."""
    index = EncounterIndex(plant(stored(IDS[0]), keys), TOLERANCE)
    # Enough blocks that neither thread waits for the other's last.
    blocks = list(in_blocks(keys, BLOCK_KEYS // 4))
    with ThreadPoolExecutor(2) as pool:
        seconds = in_turns(
            {
                "one": lambda: [index.find(block) for block in blocks],
                "two": lambda: list(pool.map(index.find, blocks)),
            }
        )
    n = len(keys.key)
    one = ("one-thread", n / seconds["one"])
    table.add(one[0], index.variant, IDS[0], one[1])
    table.add("two-threads", index.variant, IDS[0], n / seconds["two"], one)


def memory(table: Table) -> None:
    """Compare the peak memory of one and of ten million keys, from a signed zip."""
    peaks = {n: peak_of_matching(n) for n in (1_000_000, 10_000_000)}
    for n, peak in peaks.items():
        print(f"peak memory of {n:>10,} keys: {peak:6.1f} MB above the sightings")
    table.rows.append(
        {
            "name": "peak-memory-10M",
            "variant": available_variants()[0],
            "ids": IDS[0],
            "keys_per_s": None,
            "of": "peak-memory-1M",
            "ratio": round(peaks[10_000_000] / peaks[1_000_000], 3),
        }
    )


def in_blocks(keys: DiagnosisKeys, n: int = BLOCK_KEYS) -> Iterator[DiagnosisKeys]:
    """Yield keys in blocks, as long as those of an export unless told otherwise."""
    for begin in range(0, len(keys.key), n):
        yield select_keys(keys, slice(begin, begin + n))


def in_turns(runs: dict[str, Run]) -> dict[str, float]:
    """Run everything in turns; return the median seconds of each."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(TURNS):
        for name, run in runs.items():
            begin = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - begin)
    return {name: statistics.median(found) for name, found in times.items()}


def plot(table: Table, keys: DiagnosisKeys, file: Path) -> None:
    """Draw what a key costs against the number of IDs, and a search against keys."""
    # Of the extra [research]; nothing else here needs it.
    from matplotlib import pyplot as plt  # noqa: PLC0415

    figure, (by_ids, by_keys) = plt.subplots(1, 2, figsize=(10, 4), layout="tight")
    for variant in available_variants():
        rows = [
            (row["ids"], 1e9 / float(str(row["keys_per_s"])))
            for row in table.rows
            if row["name"] == "memory"
            and row["variant"] == variant
            and row["of"] == "hmac-ecb-bitmap"
        ]
        by_ids.loglog(*zip(*rows, strict=True), marker="o", label=variant)
    by_ids.set(xlabel="stored IDs", ylabel="ns a key")
    by_ids.legend()
    heard = stored(IDS[0])
    sizes = [len(keys.key) >> i for i in range(8, -1, -2)]
    for variant in available_variants():
        index = EncounterIndex(heard, TOLERANCE, variant=variant)
        fast = variant != PYTHON
        some = [n for n in sizes if fast or n <= 2 * PYTHON_KEYS]
        runs: dict[str, Run] = {
            str(n): lambda n=n, i=index: i.find(select_keys(keys, slice(n)))
            for n in some
        }
        seconds = in_turns(runs)
        by_keys.loglog(some, list(seconds.values()), marker="o", label=variant)
    by_keys.set(xlabel="keys", ylabel="s, 1,000 stored IDs")
    figure.savefig(file)


if __name__ == "__main__":
    main()
