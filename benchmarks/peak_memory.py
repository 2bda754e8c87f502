"""Peak memory of matching a signed export, above a process that holds its sightings."""

import multiprocessing
import tempfile
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from matching_world import keys_over_days, stored

from proximity.matching.candidates import EncounterIndex
from proximity.protocol.export import open_export
from proximity.protocol.export_writer import ExportContent, export_bytes
from proximity.protocol.signature import Signer, VerificationKey

PRIVATE_KEY = ec.derive_private_key(7, ec.SECP256R1())
IDS = 1_000


def peak_of_matching(n: int) -> float:
    """Return megabytes that matching n keys takes above what was there before."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export.zip"
        # Each in a process of its own: the peak of one that wrote is not that of one
        # that reads.
        _in_process(_write, n, path)
        return float(_in_process(_measure, n, path))


def _in_process(task: Any, n: int, path: Path) -> Any:
    context = multiprocessing.get_context("spawn")
    queue = context.SimpleQueue()
    process = context.Process(target=task, args=(n, path, queue))
    process.start()
    value = queue.get()
    process.join()
    return value


def _write(n: int, path: Path, queue: Any) -> None:
    signer = Signer(PRIVATE_KEY, "452", "v1")
    content = ExportContent("VN", 1, 2, keys_over_days(n))
    path.write_bytes(export_bytes(content, [signer]))
    queue.put(None)


def _measure(_n: int, path: Path, queue: Any) -> None:
    index = EncounterIndex(stored(IDS), 12)
    before = _peak_kb()
    trusted = VerificationKey(PRIVATE_KEY.public_key())
    export = open_export(path, max_bytes=1 << 30).verify([trusted])
    for block in export.key_blocks():
        index.find(block.keys)
    queue.put((_peak_kb() - before) / 1024)


def _peak_kb() -> int:
    """Return the peak memory of this program; `ru_maxrss` would be its parent's."""
    status = Path("/proc/self/status").read_text("utf-8")
    return int(status.split("VmHWM:")[1].split()[0])
