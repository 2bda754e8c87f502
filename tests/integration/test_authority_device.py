"""The laptop engine's round: code, certificate, upload, worker, fetch, match."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from proximity.client.engine import Engine, EngineSettings, Surroundings
from proximity.client.network import HttpNetwork
from proximity.protocol.gaen import (
    derive_ephemeral_ids,
    encode_metadata,
    encrypt_metadata,
)
from proximity.protocol.public_keys import parse_public_keys
from proximity.protocol.sighting import Sighting
from proximity.scoring.config import built_in
from proximity.store.own_keys import add_key, list_keys
from proximity.store.scans import Scan
from proximity.store.schema import open_store
from proximity.store.sealing import SealingKey
from proximity.store.sealing_key import load_sealing_key
from proximity.units import Clock, day_of, iso_day

KEY = os.urandom(16)
SEALING = SealingKey(bytes(32))


class NoKeyring:
    """A keyring that keeps nothing, so that the sealing key is a file."""

    def get(self, account: str) -> bytes | None:
        return None

    def put(self, account: str, secret: bytes) -> bool:
        return False

    def remove(self, account: str) -> bool:
        return True


@pytest.fixture(scope="module")
def now_s() -> int:
    return int(time.time())  # noqa: TID251 - `proximity report` takes the real time


@pytest.fixture(scope="module")
def live(make_rig, now_s):
    """Return an authority whose clock is the real one."""
    rig = make_rig(started=False, minimum="20")
    rig.start(now_s)
    return rig


@pytest.fixture
def case(tmp_path, now_s) -> Path:
    """Return the home of a device with yesterday's key."""
    home = tmp_path / "case"
    connection = open_store(home / "store.sqlite")
    sealing, _ = load_sealing_key(connection, home, NoKeyring())
    add_key(connection, sealing, KEY, (day_of(now_s) - 1) * 144)
    connection.close()
    return home


def report(rig, home: Path, now_s: int, *more: str) -> subprocess.CompletedProcess[str]:
    yesterday = iso_day(day_of(now_s) - 1)
    url = f"http://{rig.address[0]}:{rig.address[1]}"
    given = ["report", "--days", f"{yesterday}..{yesterday}", "--to", url, *more]
    return subprocess.run(  # noqa: S603
        [
            sys.executable,
            "-c",
            "from proximity.cli.main import main; main()",
            *given,
            *("--home", str(home), "--yes", "--json"),
        ],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ
        | {
            "PROXIMITY_DEVICE_KEY": rig.founded["device_key"],
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        },
        timeout=60,
    )


def near_the_case(folder: Path, rig, now_s: int) -> Engine:
    """Return the engine of a device that was near the case for 23 minutes."""
    keys = parse_public_keys((rig.data / "public_keys.json").read_bytes())
    url = f"http://{rig.address[0]}:{rig.address[1]}/exports/"
    pinned = tuple(each.verification_key for each in keys)
    settings = EngineSettings(url, pinned, built_in("en-v2"))
    clock = Clock(wall=lambda: now_s, monotonic=lambda: now_s)
    engine = Engine(
        open_store(folder / "near.sqlite"),
        SEALING,
        settings,
        Surroundings(clock, HttpNetwork(), os.urandom),
    )
    day = day_of(now_s) - 1
    ids = derive_ephemeral_ids(KEY, day * 144)
    for minute in range(24):
        t_s = day * 86_400 + 36_000 + 60 * minute
        ephemeral_id = ids[(t_s - day * 86_400) // 600].tobytes()
        metadata = encrypt_metadata(KEY, ephemeral_id, encode_metadata(-20))
        engine.scanned(Scan(t_s * 1_000, (t_s + 4) * 1_000, "test"))
        engine.hear(Sighting(t_s * 1_000 + 500, -60, "gaen", ephemeral_id, metadata))
    engine.flush()
    return engine


def test_who_was_near_a_case_is_told_after_the_whole_round(live, case, now_s, tmp_path):
    code = live.issue(symptomDate=iso_day(day_of(now_s) - 1))["code"]

    uploaded = report(live, case, now_s, "--code", code)
    assert uploaded.returncode == 0, uploaded.stderr
    assert json.loads(uploaded.stdout)["inserted"] == 1
    # Yesterday's key is free at two in the morning.
    free_s = max(now_s, day_of(now_s) * 86_400 + 7_200)
    assert live.work(free_s)["keys"] == 1

    engine = near_the_case(tmp_path, live, free_s)
    assert [outcome.status for outcome in engine.update()] == ["matched"]
    (notice,) = engine.notices()
    assert notice.notification.day == day_of(now_s) - 1
    engine._connection.close()
    assert KEY.hex() not in uploaded.stdout + uploaded.stderr


def test_a_code_that_does_not_count_changes_nothing(live, case, now_s):
    refused = report(live, case, now_s, "--code", "00000000")

    assert refused.returncode == 1
    assert json.loads(refused.stderr.splitlines()[-1])["error"] == (
        "VerificationCodeError"
    )
    assert not (case / "pending_upload").exists()
    connection = open_store(case / "store.sqlite")
    sealing, _ = load_sealing_key(connection, case, NoKeyring())
    assert [key.reported for key in list_keys(connection, sealing)] == [False]
    connection.close()
