"""A phone of the district: a real store, real keys, and the acts of its owner."""

import shutil
import sqlite3
from collections.abc import Iterable
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from proximity.client.report import hand_over, plan_report, uploaded_keys
from proximity.client.sharing import plan_case, plan_contact
from proximity.client.sharing_door import (
    Outcome,
    ShareBox,
    hand_in,
    open_token,
    with_package,
)
from proximity.client.submission import (
    AuthorityAddress,
    Poster,
    SealedBox,
    claim_code,
    prepare,
    submit,
)
from proximity.errors import VerificationCodeError
from proximity.protocol.gaen import (
    derive_ephemeral_ids,
    encode_metadata,
    encrypt_metadata,
)
from proximity.protocol.key_file import KEY_BYTES
from proximity.protocol.sharing import sign_package
from proximity.protocol.sighting import Scans, Sighting
from proximity.store.connection import transaction
from proximity.store.own_keys import add_key, list_keys
from proximity.store.scans import Scan, record_scan
from proximity.store.schema import open_store
from proximity.store.sealing import KEY_SIZE, SealingKey
from proximity.store.sightings import SightingLog
from proximity.units import DAY_S, INTERVALS_PER_DAY, MS_PER_S, day_of, interval_of

_TX_POWER_DBM = -14
_BACKEND = "recorded"


@dataclass(frozen=True, slots=True)
class Far:
    """What a phone needs of the world.

    Attributes
    ----------
    poster : Poster
    authority : AuthorityAddress
    generator : np.random.Generator
        Makes its keys; the same state makes the same ones.
    """

    poster: Poster
    authority: AuthorityAddress
    generator: np.random.Generator


class Device:
    """One phone.

    Parameters
    ----------
    home : Path
        Its folder, made on first use.
    far : Far
    """

    def __init__(self, home: Path, far: Far) -> None:
        self._home = home
        self._far = far
        self._sealing = SealingKey(far.generator.bytes(KEY_SIZE))
        self._keys: dict[int, bytes] = {}

    def key_of(self, day: int) -> bytes:
        """Return the temporary exposure key of a UTC day."""
        if day not in self._keys:
            self._keys[day] = self._far.generator.bytes(KEY_BYTES)
        return self._keys[day]

    def carry(self, days: range) -> None:
        """Be on during some days: each has its key."""
        for day in days:
            self.key_of(day)

    def advertisement(self, t_ms: int) -> tuple[bytes, bytes]:
        """Return ephemeral ID and metadata that it sends at a time."""
        day = day_of(t_ms / MS_PER_S)
        interval = interval_of(t_ms / MS_PER_S) - day * INTERVALS_PER_DAY
        return _sent(self.key_of(day), day, interval)

    def listen(self, heard: Iterable[tuple["Device", int, int]], scans: Scans) -> None:
        """Store what was heard (from whom, Unix ms, dBm), and when it listened."""
        with closing(self._open()) as connection:
            log = SightingLog(connection)
            for sender, t_ms, rssi_dbm in heard:
                ephemeral_id, metadata = sender.advertisement(t_ms)
                log.record(Sighting(t_ms, rssi_dbm, "gaen", ephemeral_id, metadata))
            log.flush(int(scans.end_ms[-1]) + DAY_S * MS_PER_S)
            with transaction(connection):
                for row in zip(*(each.tolist() for each in scans), strict=True):
                    start_ms, end_ms, monotonic_ms = row
                    record_scan(
                        connection, Scan(start_ms, end_ms, _BACKEND, monotonic_ms)
                    )

    def report(self, code: str, days: range, *, now_s: int) -> int:
        """Hand the keys of some days in with a code; return how many were new."""
        poster, authority = self._far.poster, self._far.authority
        with closing(self._open()) as connection:
            own = list_keys(connection, self._sealing)
            plan = plan_report(own, days, now_interval=interval_of(now_s))
            token = claim_code(poster, authority, code)
            pending = prepare(uploaded_keys(plan, None), token, self._entropy)
            box = SealedBox(self._home, self._sealing)
            hand_over(
                connection,
                self._sealing,
                plan,
                box.path,
                data=box.seal(pending),
                entropy=self._entropy,
            )
        return submit(poster, authority, box, pending)

    def mistype(self, code: str) -> None:
        """Hand a code in of which one digit is wrong; nothing leaves."""
        wrong = f"{code[:-1]}{(int(code[-1]) + 1) % 10}"
        with suppress(VerificationCodeError):
            claim_code(self._far.poster, self._far.authority, wrong)

    def share(self, token: str, *, warn: bool, now_s: int) -> Outcome:
        """Share what a token asks for, with the owner's yes."""
        poster, authority = self._far.poster, self._far.authority
        box = ShareBox(self._home, self._sealing)
        with closing(self._open()) as connection:
            pending = box.begin(token, self._entropy)
            asked = open_token(poster, authority, pending)
            if asked.kind == "case":
                plan = plan_case(
                    connection, self._sealing, asked, asked.days, now_s=now_s
                )
            else:
                plan = plan_contact(
                    connection, self._sealing, asked, warn=warn, now_s=now_s
                )
            package = sign_package(plan.package, pending.signing_key)
            pending = with_package(pending, package)
            hand_over(
                connection,
                self._sealing,
                plan.report,
                box.path,
                data=box.seal(pending),
                entropy=self._entropy,
            )
        return hand_in(poster, authority, box, pending)

    def _entropy(self, count: int) -> bytes:
        return self._far.generator.bytes(count)

    def _open(self) -> sqlite3.Connection:
        store = self._home / "store.sqlite"
        if not store.exists():
            self._home.mkdir()
            shutil.copyfile(_empty_store(self._home.parent), store)
        connection = open_store(store)
        # Nobody needs these phones after a loss of power.
        connection.execute("PRAGMA synchronous = OFF")
        known = {each.start_interval for each in list_keys(connection, self._sealing)}
        for day, key in sorted(self._keys.items()):
            if day * INTERVALS_PER_DAY not in known:
                add_key(connection, self._sealing, key, day * INTERVALS_PER_DAY)
        return connection


@cache
def _empty_store(folder: Path) -> Path:
    """Return a store without a memory, made once: a new one waits for the disk."""
    empty = folder / "empty.sqlite"
    open_store(empty).close()
    return empty


@cache
def _sent(key: bytes, day: int, interval: int) -> tuple[bytes, bytes]:
    ephemeral_id = _ids(key, day)[interval]
    metadata = encode_metadata(_TX_POWER_DBM)
    return ephemeral_id, encrypt_metadata(key, ephemeral_id, metadata)


@cache
def _ids(key: bytes, day: int) -> list[bytes]:
    ids = derive_ephemeral_ids(key, day * INTERVALS_PER_DAY)
    return [row.tobytes() for row in ids]
