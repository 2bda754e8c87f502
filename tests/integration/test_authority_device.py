"""The laptop engine's round: code, certificate, upload, worker, fetch, match."""

import json
import os
import subprocess
import time
from pathlib import Path

import pytest
from device_at_home import (
    Device,
    NoKeyring,
    command,
    engine_at,
    scan_at,
    sighting_of,
)

from proximity.client.engine import Engine
from proximity.store.own_keys import list_keys
from proximity.store.schema import open_store
from proximity.store.sealing import SealingKey
from proximity.store.sealing_key import load_sealing_key
from proximity.units import day_of, iso_day

KEY = os.urandom(16)
SEALING = SealingKey(bytes(32))


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
    device = Device(tmp_path / "case", {day_of(now_s) - 1: KEY})
    device.connection.close()
    return device.home


def report(rig, home: Path, now_s: int, *more: str) -> subprocess.CompletedProcess[str]:
    yesterday = iso_day(day_of(now_s) - 1)
    days = f"{yesterday}..{yesterday}"
    return command(rig, home, "report", "--days", days, "--yes", *more)


def near_the_case(folder: Path, rig, now_s: int) -> Engine:
    """Return the engine of a device that was near the case for 23 minutes."""
    engine = engine_at(rig, folder / "near.sqlite", SEALING, now_s)
    day = day_of(now_s) - 1
    for minute in range(24):
        t_s = day * 86_400 + 36_000 + 60 * minute
        engine.scanned(scan_at(t_s))
        engine.hear(sighting_of(KEY, t_s))
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
