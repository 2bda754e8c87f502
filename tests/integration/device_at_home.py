"""A device on the disk, whose commands run as processes against an authority."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conftest import Rig

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
from proximity.store.own_keys import add_key
from proximity.store.scans import Scan
from proximity.store.schema import open_store
from proximity.store.sealing_key import load_sealing_key
from proximity.units import Clock, day_of

DAY_S = 86_400


class NoKeyring:
    """A keyring that keeps nothing, so that the sealing key is a file."""

    def get(self, account: str) -> bytes | None:
        return None

    def put(self, account: str, secret: bytes) -> bool:
        return False

    def remove(self, account: str) -> bool:
        return True


@dataclass
class Device:
    """A device with keys for some days."""

    home: Path
    keys: dict[int, bytes]

    def __post_init__(self) -> None:
        self.connection = open_store(self.home / "store.sqlite")
        self.sealing, _ = load_sealing_key(self.connection, self.home, NoKeyring())
        for day, key in self.keys.items():
            add_key(self.connection, self.sealing, key, day * 144)


def sighting_of(key: bytes, t_s: int) -> Sighting:
    """Return what is heard of a key at some time, near by."""
    day = day_of(t_s)
    ids = derive_ephemeral_ids(key, day * 144)
    ephemeral_id = ids[(t_s - day * DAY_S) // 600].tobytes()
    metadata = encrypt_metadata(key, ephemeral_id, encode_metadata(-20))
    return Sighting(t_s * 1_000 + 500, -60, "gaen", ephemeral_id, metadata)


def scan_at(t_s: int) -> Scan:
    """Return the listening period in which it is heard."""
    return Scan(t_s * 1_000, (t_s + 4) * 1_000, "test")


def url_of(rig: Rig) -> str:
    return f"http://{rig.address[0]}:{rig.address[1]}"


def command(rig: Rig, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `proximity` on a device, against an authority that runs."""
    given = [*arguments, "--to", url_of(rig), "--home", str(home), "--json"]
    return subprocess.run(  # noqa: S603 - our own command
        [
            sys.executable,
            "-c",
            "from proximity.cli.main import main; main()",
            *given,
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


def engine_at(
    rig: Rig, store: Path, sealing: Any, now_s: int, **settings: Any
) -> Engine:
    """Return the engine of a device that fetches from an authority."""
    keys = parse_public_keys((rig.data / "public_keys.json").read_bytes())
    pinned = tuple(each.verification_key for each in keys)
    clock = Clock(wall=lambda: now_s, monotonic=lambda: now_s)
    return Engine(
        open_store(store),
        sealing,
        EngineSettings(
            f"{url_of(rig)}/exports/", pinned, built_in("en-v2"), **settings
        ),
        Surroundings(clock, HttpNetwork(), os.urandom),
    )
