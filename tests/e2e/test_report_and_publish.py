"""The commands as people run them: a device reports, an authority publishes."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from proximity.store.own_keys import add_key
from proximity.store.schema import open_store
from proximity.store.sealing_key import load_sealing_key
from proximity.units import day_of, iso_day

KEY = b"\xab" * 16


class NoKeyring:
    """A keyring that keeps nothing, so that the sealing key is a file."""

    def get(self, account: str) -> bytes | None:
        return None

    def put(self, account: str, secret: bytes) -> bool:
        return False

    def remove(self, account: str) -> bool:
        return True


def proximity(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603
        [
            sys.executable,
            "-c",
            "from proximity.cli.main import main; main()",
            *arguments,
        ],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        cwd=folder,
        env=os.environ | {"PROXIMITY_HOME": str(folder / "device"), "COLUMNS": "200"},
    )


def device_with_a_key(folder: Path, day: int) -> None:
    connection = open_store(folder / "device" / "store.sqlite")
    sealing, _ = load_sealing_key(connection, folder / "device", NoKeyring())
    add_key(connection, sealing, KEY, day * 144)
    connection.close()


def test_from_a_device_to_a_verified_export(tmp_path: Path):
    # The day before yesterday: its key is free at any time of the test.
    day = day_of(time.time()) - 2  # noqa: TID251
    device_with_a_key(tmp_path, day)
    days = f"{iso_day(day)}..{iso_day(day)}"
    report = ("report", "--days", days, "-o", "KEYS.json")

    asked = proximity(tmp_path, *report, "--json")
    assert asked.returncode == 1
    assert json.loads(asked.stderr.splitlines()[-1])["error"] == "ConsentError"

    given = proximity(tmp_path, *report, "--yes")
    assert given.returncode == 0, given.stderr
    assert "Wrote KEYS.json" in given.stdout

    publish = ("authority", "publish", "KEYS.json", "--data", "authority", "--json")
    published = proximity(tmp_path, *publish)
    assert published.returncode == 0, published.stderr
    summary = json.loads(published.stdout)
    assert summary["keys"] == 1

    file = f"authority/exports/{summary['files'][0]}"
    pem = "authority/public_keys/v1.pem"
    verify = ("export", "verify", file, "--public-key", pem, "--json")
    verified = proximity(tmp_path, *verify)
    assert verified.returncode == 0, verified.stderr
    assert json.loads(verified.stdout)["keys"] == 1 + summary["padding"]

    outputs = [asked, given, published, verified]
    shown = "".join(run.stdout + run.stderr for run in outputs).lower()
    assert KEY.hex() not in shown
