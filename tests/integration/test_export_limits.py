"""Hostile files near the cap: a named error in bounded time and memory."""

import json
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from proximity.protocol.export import MAGIC
from proximity.protocol.export_message import (
    ExportSignature,
    SignatureInfo,
    encode_signatures,
)
from proximity.protocol.signature import Signer, sign_digest

MAX_CPU_S = 2.0
MAX_PEAK_MB = 200
MIB = 1 << 20
CAP = 128 * MIB

PRIVATE_KEY = ec.derive_private_key(7, ec.SECP256R1())
SIGNATURE = ExportSignature(
    SignatureInfo("", ""), 1, 1, sign_digest(Signer(PRIVATE_KEY, "", ""), bytes(32))
)
PLAIN = b"\x3a\x12\x0a\x10" + bytes(16)
# No writer puts the key behind another field.
ODD = b"\x3a\x14\x18\x01\x0a\x10" + bytes(16)
# A length of two bytes.
LONG = b"\x3a\x82\x01\x0a\x10" + bytes(16) + b"\x7a\x6e" + bytes(110)

# Runs alone, so that neither time nor memory is that of the other tests.
SCRIPT = """
import json, sys, time
from pathlib import Path
from cryptography.hazmat.primitives.asymmetric import ec
from proximity.errors import ProximityError
from proximity.protocol.export import open_export
from proximity.protocol.signature import VerificationKey

key = VerificationKey(ec.derive_private_key(7, ec.SECP256R1()).public_key())
begin = time.process_time()
try:
    signed = open_export(Path(sys.argv[1]))
    if sys.argv[2] == "verify":
        signed.verify([key])
    else:
        signed.unverified()
    name = None
except ProximityError as error:
    name = type(error).__name__
cpu_s = time.process_time() - begin
status = Path("/proc/self/status").read_text()
peak_mb = int(status.split("VmHWM:")[1].split()[0]) / 1024
print(json.dumps([name, cpu_s, peak_mb]))
"""


def write_zip(path: Path, pieces: Iterable[bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        with archive.open("export.bin", "w") as body:
            for piece in pieces:
                body.write(piece)
        archive.writestr("export.sig", encode_signatures([SIGNATURE]))


def body(record: bytes, tail: bytes = b"") -> list[bytes]:
    block = record * (MIB // len(record))
    return [MAGIC, *[block] * ((CAP - MIB) // len(block)), tail]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc for peak memory")
@pytest.mark.parametrize(
    ("pieces", "how", "error"),
    [
        ([bytes(MIB)] * 129, "verify", "TooLargeError"),
        ([bytes(MIB)] * 128, "verify", "FormatError"),
        (body(PLAIN), "verify", "BadSignatureError"),
        (body(PLAIN, PLAIN[:-1]), "unverified", "TruncatedError"),
        (body(ODD, b"\x07"), "unverified", "FormatError"),
        (body(LONG, b"\x07"), "unverified", "FormatError"),
        (body(b"\x20\x01"), "unverified", "TooLargeError"),
    ],
    ids=[
        "beyond",
        "zeros",
        "signature",
        "truncated",
        "odd order",
        "long",
        "tiny fields",
    ],
)
def test_a_file_near_the_cap_fails_in_time_and_memory(tmp_path, pieces, how, error):
    path = tmp_path / "export.zip"
    write_zip(path, pieces)

    run = subprocess.run(  # noqa: S603
        [sys.executable, "-c", SCRIPT, str(path), how],
        capture_output=True,
        check=True,
        timeout=60,
    )

    name, cpu_s, peak_mb = json.loads(run.stdout)
    assert name == error
    assert cpu_s < MAX_CPU_S
    assert peak_mb < MAX_PEAK_MB
