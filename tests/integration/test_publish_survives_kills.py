"""A publication that is killed at any step shows no part of a file and no key twice."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

from proximity.authority.publish.model import PublishSettings
from proximity.authority.publish.publisher import publish
from proximity.authority.publish.rules import RETENTION_S
from proximity.authority.publish.signing_keys import published_keys
from proximity.protocol.diagnosis_key import ReportType
from proximity.protocol.export import open_export
from proximity.protocol.export_index import parse_index
from proximity.protocol.key_file import KeyFile, UploadedKey

DAY = 18_400
FIRST_RUN_S = DAY * 86_400 + 7_800
# By then the file of the first run has expired, and one waiting key is free.
SECOND_RUN_S = FIRST_RUN_S + RETENTION_S
SETTINGS = PublishSettings(minimum=20, max_keys=25)

# Repeats the second run in copies of one directory: in copy n the process is killed
# at its n-th step that changes the disk, until a run gets through. Each run is a fork,
# so that a hundred kills need one start of the interpreter.
KILLER = """
import os, shutil, signal, sys
from pathlib import Path
sys.path.insert(0, {folder!r})
import test_publish_survives_kills as scenario

def killed_at(step, directory):
    left = step
    def counting(call):
        def wrapped(*args, **kwargs):
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*args, **kwargs)
        return wrapped
    for name in ("replace", "unlink", "mkdir", "chmod"):
        setattr(Path, name, counting(getattr(Path, name)))
    os.fsync = counting(os.fsync)
    os.fchmod = counting(os.fchmod)
    scenario.second_run(directory)

start, copies = Path(sys.argv[1]), Path(sys.argv[2])
step = 0
while True:
    step += 1
    directory = copies / str(step)
    shutil.copytree(start, directory)
    child = os.fork()
    if child == 0:
        killed_at(step, directory)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status):
        sys.exit(os.WEXITSTATUS(status))
"""


def key(n: int, day: int, report_type: ReportType = ReportType.CONFIRMED_TEST):
    return UploadedKey(bytes([n]) * 16, day * 144, report_type=report_type)


def first_run(directory: Path) -> None:
    keys = (key(1, DAY - 1), key(2, DAY + 13), key(3, DAY))
    publish(
        directory, [KeyFile(keys[:1])], SETTINGS, now_s=FIRST_RUN_S, entropy=os.urandom
    )
    publish(
        directory,
        [KeyFile(keys[1:])],
        SETTINGS,
        now_s=FIRST_RUN_S + 13 * 86_400,
        entropy=os.urandom,
    )


def second_run(directory: Path) -> None:
    """Revoke one key, bring two, release one, split in two files, expire another."""
    uploads = [
        KeyFile((key(3, DAY, ReportType.REVOKED),)),
        KeyFile((key(4, DAY + 12), key(5, DAY + 14))),
    ]
    publish(directory, uploads, SETTINGS, now_s=SECOND_RUN_S, entropy=os.urandom)


def real_keys(directory: Path) -> tuple[Counter[int], Counter[int]]:
    """Verify every listed file; count the keys 1 to 5 and the revised ones."""
    pins = [pinned.verification_key for pinned in published_keys(directory)]
    keys: Counter[int] = Counter()
    revised: Counter[int] = Counter()
    exports = directory / "exports"
    for name in parse_index((exports / "index.txt").read_bytes()):
        read = open_export(exports / name).verify(pins).read()
        for counter, block in ((keys, read.keys), (revised, read.revised)):
            counter.update(row[0] for row in block.key.tolist() if len(set(row)) == 1)
    return keys, revised


def test_killed_at_any_step_it_publishes_each_key_once(tmp_path: Path):
    start, copies = tmp_path / "start", tmp_path / "copies"
    first_run(start)
    before = parse_index((start / "exports" / "index.txt").read_bytes())
    script = KILLER.format(folder=str(Path(__file__).parent))
    subprocess.run(  # noqa: S603
        [sys.executable, "-c", script, str(start), str(copies)], check=True, timeout=120
    )

    directories = list(copies.iterdir())
    assert len(directories) > 20
    for directory in directories:
        for interrupted in real_keys(directory):
            assert max(interrupted.values(), default=0) <= 1

        second_run(directory)

        keys, revised = real_keys(directory)
        assert keys == Counter({2: 1, 3: 1, 4: 1})
        assert revised == Counter({3: 1})
        listed = parse_index((directory / "exports" / "index.txt").read_bytes())
        assert {path.name for path in (directory / "exports").glob("*.zip")} == set(
            listed
        )
        assert before[0] not in listed
        assert not list((directory / "staging").iterdir())
