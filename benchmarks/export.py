"""Speed of exports against protobuf objects, as ratios from one run.

Run as `python benchmarks/export.py [keys]`; 1,000,000 keys unless told otherwise.
First the columns are checked to equal what protobuf reads; then each row is the median
of some repeats, and how many times faster than protobuf that is.
"""

import io
import multiprocessing
import statistics
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from cryptography.hazmat.primitives.asymmetric import ec
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from proximity.protocol.diagnosis_key import NO_ONSET, DiagnosisKeys
from proximity.protocol.export import MAGIC, Export, open_export
from proximity.protocol.export_message import ExportHeader, encode_header
from proximity.protocol.export_writer import (
    ExportContent,
    encode_body,
    export_bytes,
    sort_keys,
)
from proximity.protocol.signature import Signer, VerificationKey, sign_digest

REPEATS = 5
PRIVATE_KEY = ec.derive_private_key(7, ec.SECP256R1())
SIGNER = Signer(PRIVATE_KEY, "452", "v1")
HEADER = ExportHeader("VN", 1_600_000_000, 1_600_003_600, 1, 1, (SIGNER.info,))


def protobuf_export() -> Any:
    """Return the export's message class, keys and all, as generated code would."""
    kinds = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="bench.proto", package="bench")
    file.syntax = "proto2"
    key = file.message_type.add(name="Key")
    numbers = (kinds.TYPE_INT32,) * 4
    types = (kinds.TYPE_BYTES, *numbers, kinds.TYPE_SINT32)
    names = ("key", "risk", "start", "period", "report_type", "onset")
    for number, (name, kind) in enumerate(zip(names, types, strict=True), 1):
        field = key.field.add(name=name, number=number, type=kind)
        field.label = kinds.LABEL_OPTIONAL
    key.field[3].default_value = "144"
    export = file.message_type.add(name="Export")
    field = export.field.add(name="keys", number=7, type=kinds.TYPE_MESSAGE)
    field.label, field.type_name = kinds.LABEL_REPEATED, ".bench.Key"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("bench.Export"))


def made_up_keys(count: int) -> DiagnosisKeys:
    """Return keys with every field in use, from a fixed seed."""
    rng = np.random.default_rng(1)
    short = rng.random(count) < 0.3
    return DiagnosisKeys(
        key=rng.integers(0, 256, (count, 16), np.uint8),
        start_interval=rng.integers(18_000, 18_014, count) * 144,
        period=np.where(short, rng.integers(1, 144, count), 144),
        report_type=rng.integers(1, 6, count).astype(np.uint8),
        days_since_onset=rng.integers(-14, 15, count).astype(np.int16),
        transmission_risk=rng.integers(0, 9, count).astype(np.uint8),
    )


def protobuf_columns(message: Any) -> DiagnosisKeys:
    """Turn protobuf's objects into the columns that matching needs."""
    keys = message.keys
    return DiagnosisKeys(
        key=np.frombuffer(b"".join(k.key for k in keys), np.uint8).reshape(-1, 16),
        start_interval=np.array([k.start for k in keys], np.int64),
        period=np.array([k.period for k in keys], np.int64),
        report_type=np.array([k.report_type for k in keys], np.uint8),
        days_since_onset=np.array([k.onset for k in keys], np.int16),
        transmission_risk=np.array([k.risk for k in keys], np.uint8),
    )


def write_by_protobuf(message_class: Any, keys: DiagnosisKeys) -> bytes:
    """Write `export.bin` key by key."""
    message = message_class()
    add = message.keys.add
    columns = zip(*(column.tolist() for column in keys[1:]), strict=True)
    for octets, row in zip(keys.key, columns, strict=True):
        start, period, report_type, onset, risk = row
        key = add(key=octets.tobytes(), risk=risk)
        if start:
            key.start = start
        if period != 144:
            key.period = period
        if report_type:
            key.report_type = report_type
        if onset != NO_ONSET:
            key.onset = onset
    return MAGIC + encode_header(HEADER) + bytes(message.SerializeToString())


def median_s(run: Callable[[], Any], repeats: int = REPEATS) -> float:
    """Return the median wall time of a call, seconds."""
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        run()
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def peak_mb(kind: str, path: Path) -> float:
    """Return by how much a task raises the peak memory of a process of its own."""
    context = multiprocessing.get_context("spawn")
    queue = context.SimpleQueue()
    process = context.Process(target=measure_peak, args=(kind, path, queue))
    process.start()
    value: float = queue.get()
    process.join()
    return value


def measure_peak(kind: str, path: Path, queue: Any) -> None:
    """Run one task and report its peak."""
    tasks: dict[str, Callable[[], Any]] = {
        "all": lambda: verified(path).read(),
        "blocks": lambda: sum(len(b.keys.key) for b in verified(path).key_blocks()),
        "protobuf": lambda: protobuf_columns(parsed_by_protobuf(path)),
    }
    before = peak_kb()
    tasks[kind]()
    queue.put((peak_kb() - before) / 1024)


def peak_kb() -> int:
    """Return the peak memory of this program; `ru_maxrss` would be its parent's."""
    status = Path("/proc/self/status").read_text("utf-8")
    return int(status.split("VmHWM:")[1].split()[0])


def verified(source: Path | io.BytesIO) -> Export:
    """Open and verify an export."""
    key = VerificationKey(PRIVATE_KEY.public_key())
    return open_export(source).verify([key])


def parsed_by_protobuf(path: Path) -> Any:
    """Parse the body of an export into protobuf objects."""
    with zipfile.ZipFile(path) as archive:
        return protobuf_export().FromString(archive.read("export.bin")[len(MAGIC) :])


def print_row(name: str, seconds: float, reference_s: float) -> None:
    """Print a time and how many times faster than the reference it is."""
    print(f"{name:<44} {1e3 * seconds:8.0f} ms {reference_s / seconds:8.1f} x")


def measure_writing(content: ExportContent, message_class: Any, body: bytes) -> None:
    """Measure from columns to bytes; `body` is what both ways write."""
    keys, count = content.keys, len(content.keys.key)
    write_s = median_s(lambda: write_by_protobuf(message_class, keys), 3)
    print_row("write: protobuf, key by key", write_s, write_s)
    encode_s = median_s(lambda: b"".join(encode_body(content, [SIGNER.info])))
    print_row("write: columns that are in order", encode_s, write_s)
    octets = np.frombuffer(body, np.uint8)
    copied_s = median_s(partial(np.copyto, np.empty_like(octets), octets))
    print_row("write: a copy of the same bytes", copied_s, write_s)
    print(f"in order, against the copy {encode_s / copied_s:37.1f} x as long")
    mixed = made_up_keys(count)
    print_row("write: to sort", median_s(lambda: sort_keys(mixed)), write_s)
    print_row(
        "write: to sign", median_s(lambda: sign_digest(SIGNER, bytes(32))), write_s
    )
    unsorted = replace(content, keys=mixed)
    signed_s = median_s(lambda: export_bytes(unsorted, [SIGNER]), 3)
    print_row("write: sorted, in columns, deflated, signed", signed_s, write_s)


def main() -> None:
    """Check, then measure."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    message_class = protobuf_export()
    keys = sort_keys(made_up_keys(count))
    content = ExportContent(HEADER.region, HEADER.start_s, HEADER.end_s, keys)
    body = write_by_protobuf(message_class, keys)
    if b"".join(encode_body(content, [SIGNER.info])) != body:
        raise SystemExit("the writers differ")
    data = export_bytes(content, [SIGNER])
    export = verified(io.BytesIO(data))
    theirs = protobuf_columns(message_class.FromString(body[len(MAGIC) :]))
    pairs = zip(theirs, export.read().keys, strict=True)
    if not all(np.array_equal(a, b) for a, b in pairs):
        raise SystemExit("the readers differ")
    print(f"{count} keys, export.bin {len(body) / 1e6:.1f} MB, both ways equal\n")

    def read_by_protobuf() -> DiagnosisKeys:
        return protobuf_columns(message_class.FromString(body[len(MAGIC) :]))

    read_s = median_s(read_by_protobuf, 3)
    parse_s = median_s(lambda: message_class.FromString(body[len(MAGIC) :]))
    print_row("read: protobuf, objects, columns", read_s, read_s)
    print_row("read: protobuf, not a field looked at", parse_s, read_s)
    print_row("read: columns, hashed again", median_s(export.read), read_s)
    whole_s = median_s(lambda: verified(io.BytesIO(data)).read())
    print_row("read: inflate, hash, verify, columns", whole_s, read_s)
    measure_writing(content, message_class, body)

    print("\npeak memory above the process before")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export.zip"
        path.write_bytes(data)
        for kind in ("all", "blocks", "protobuf"):
            print(f"{kind:<10} {peak_mb(kind, path):6.0f} MB")


if __name__ == "__main__":
    main()
