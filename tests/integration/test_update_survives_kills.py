"""An update that is killed at any statement processes each export once, tells once."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec

from proximity.authority.publish.rules import key_columns
from proximity.client.engine import Engine, EngineSettings, Surroundings
from proximity.client.notification import NotificationKind
from proximity.protocol.diagnosis_key import ReportType
from proximity.protocol.export_writer import ExportContent, export_bytes
from proximity.protocol.gaen import (
    derive_ephemeral_ids,
    encode_metadata,
    encrypt_metadata,
)
from proximity.protocol.key_file import UploadedKey
from proximity.protocol.sighting import Sighting
from proximity.protocol.signature import Signer, VerificationKey
from proximity.scoring.config import built_in
from proximity.store.processed_exports import list_processed
from proximity.store.scans import Scan
from proximity.store.schema import open_store
from proximity.store.sealing import SealingKey
from proximity.units import Clock

DAY = 20_774
NOW_S = (DAY + 1) * 86_400 + 8_000
CASES = (bytes(range(16)), bytes(range(16, 32)))
URL = "https://example.org/exports/"

# Repeats an update on copies of one store; in copy n the process is killed at its n-th
# SQL statement, until an update gets through.
KILLER = """
import os, shutil, signal, sys
from pathlib import Path
sys.path.insert(0, {folder!r})
import test_update_survives_kills as scenario

start, copies = Path(sys.argv[1]), Path(sys.argv[2])
step = 0
while True:
    step += 1
    store = copies / f"{{step}}.sqlite"
    shutil.copyfile(start, store)
    child = os.fork()
    if child == 0:
        scenario.update(store, kill_at=step)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status):
        sys.exit(os.WEXITSTATUS(status))
"""


class FixedAuthority:
    """Two exports, one for each case, signed by a key that is always the same."""

    def __init__(self) -> None:
        private = ec.derive_private_key(7, ec.SECP256R1())
        self.verification_key = VerificationKey(private.public_key(), "VN", "v1")
        signer = Signer(private, "VN", "v1")
        self.files = {}
        for number, key in enumerate(CASES, 1):
            end_s = (DAY + 1) * 86_400 + 7_800
            content = ExportContent(
                region="VN",
                start_s=end_s - 86_400,
                end_s=end_s,
                keys=key_columns(
                    [
                        UploadedKey(
                            key,
                            DAY * 144,
                            report_type=ReportType.CONFIRMED_TEST,
                            days_since_onset=0,
                        )
                    ]
                ),
            )
            name = f"{end_s - 86_400}-{end_s}-{number:05d}.zip"
            self.files[name] = export_bytes(content, [signer])

    def get(self, url: str, max_bytes: int) -> bytes:
        name = url.removeprefix(URL)
        if name == "index.txt":
            return "\n".join(sorted(self.files)).encode()
        return self.files[name]


def open_engine(store: Path) -> tuple:
    authority = FixedAuthority()
    connection = open_store(store)
    clock = Clock(wall=lambda: NOW_S, monotonic=lambda: NOW_S)
    engine = Engine(
        connection,
        SealingKey(bytes(32)),
        EngineSettings(URL, (authority.verification_key,), built_in("en-v2")),
        Surroundings(clock, authority, os.urandom),
    )
    return connection, engine


def meet_both(store: Path) -> None:
    connection, engine = open_engine(store)
    for minute in range(31):
        t_s = DAY * 86_400 + 72_000 + 60 * minute
        engine.scanned(Scan(t_s * 1_000, (t_s + 4) * 1_000, "test"))
        for key in CASES:
            ids = derive_ephemeral_ids(key, DAY * 144)
            ephemeral_id = ids[(t_s - DAY * 86_400) // 600].tobytes()
            metadata = encrypt_metadata(key, ephemeral_id, encode_metadata(-20))
            engine.hear(Sighting(t_s * 1_000, -60, "gaen", ephemeral_id, metadata))
    engine.flush()
    connection.close()


def update(store: Path, *, kill_at: int) -> None:
    connection, engine = open_engine(store)
    left = kill_at

    def count(_: str) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    connection.set_trace_callback(count)
    engine.update()


def test_after_a_kill_at_any_statement_the_next_update_ends_as_one_without(
    tmp_path: Path,
):
    start = tmp_path / "start.sqlite"
    copies = tmp_path / "copies"
    copies.mkdir()
    meet_both(start)
    script = KILLER.format(folder=str(Path(__file__).parent))
    subprocess.run(  # noqa: S603 - our own script, in folders of its own
        [sys.executable, "-c", script, str(start), str(copies)], check=True, timeout=120
    )
    killed = sorted(copies.glob("*.sqlite"), key=lambda store: int(store.stem))

    ends = set()
    for store in killed:
        connection, engine = open_engine(store)
        engine.update()
        ends.add(
            (
                len(list_processed(connection)),
                tuple(engine.windows()),
                tuple(
                    (n.notification.kind, n.notification.day) for n in engine.notices()
                ),
            )
        )
        connection.close()

    assert len(killed) > 30
    (end,) = ends
    assert end[0] == 2
    assert end[2] == ((NotificationKind.EXPOSED, DAY),)
