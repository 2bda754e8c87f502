"""A device with a fake network, a case to be near to, and an authority that signs."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from proximity.client.engine import Engine, EngineSettings, Surroundings
from proximity.client.health_log import HealthLog, Trouble, Work
from proximity.client.own_broadcast import Form
from proximity.client.runner import Circumstances, Radio, Runner
from proximity.errors import (
    NetworkError,
    ProximityError,
)
from proximity.protocol.carrier import Carrier
from proximity.protocol.diagnosis_key import (
    DiagnosisKeys,
    ReportType,
    concatenate_keys,
)
from proximity.protocol.export_writer import ExportContent, export_bytes
from proximity.protocol.gaen import (
    derive_ephemeral_ids,
    encode_advertisement,
    encode_metadata,
    encrypt_metadata,
)
from proximity.protocol.sighting import Sighting
from proximity.protocol.signature import Signer, VerificationKey
from proximity.radio.capabilities import Capabilities
from proximity.radio.scanner import Heard, ScanReport
from proximity.radio.virtual_time import VirtualTimeLoop
from proximity.scoring.config import built_in
from proximity.store.scans import Scan
from proximity.store.schema import open_store
from proximity.store.sealing import SealingKey
from proximity.units import Clock

DAY_S = 86_400
# Tuesday, 17 November 2026, in days since the epoch.
TUESDAY = 20_774
URL = "https://example.org/exports/"


def key_columns(
    key: bytes,
    *,
    day: int = TUESDAY,
    report_type: ReportType = ReportType.CONFIRMED_TEST,
    onset: int = 0,
) -> DiagnosisKeys:
    return DiagnosisKeys(
        np.frombuffer(key, np.uint8).reshape(1, 16),
        np.array([day * 144], np.int64),
        np.array([144], np.int64),
        np.array([report_type], np.uint8),
        np.array([onset], np.int16),
        np.array([0], np.uint8),
    )


@dataclass
class FakeAuthority:
    """Signs exports and lists them in an index; also the network to it."""

    private_key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.derive_private_key(7, ec.SECP256R1())
    )
    files: dict[str, bytes] = field(default_factory=dict)
    unreachable: set[str] = field(default_factory=set)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def verification_key(self) -> VerificationKey:
        return VerificationKey(self.private_key.public_key(), "VN", "v1")

    def publish(
        self,
        *keys: DiagnosisKeys,
        revised: tuple[DiagnosisKeys, ...] = (),
        end_s: int = (TUESDAY + 1) * DAY_S + 7_800,
        private_key: ec.EllipticCurvePrivateKey | None = None,
    ) -> str:
        content = ExportContent(
            region="VN",
            start_s=end_s - DAY_S,
            end_s=end_s,
            keys=concatenate_keys(keys),
            revised=concatenate_keys(revised),
        )
        name = f"{end_s - DAY_S}-{end_s}-{next(self._numbers):05d}.zip"
        signer = Signer(private_key or self.private_key, "VN", "v1")
        self.files[name] = export_bytes(content, [signer])
        return name

    def get(self, url: str, max_bytes: int) -> bytes:
        name = url.removeprefix(URL)
        if name in self.unreachable:
            raise NetworkError("The server does not answer.", "Try again.")
        if name == "index.txt":
            return "\n".join(sorted(self.files)).encode()
        return self.files[name]


@dataclass
class Device:
    """One device; `restart` ends its process and starts another on the same store."""

    path: Path
    authority: FakeAuthority
    now_s: float = (TUESDAY + 1) * DAY_S + 8_000
    rule: str = "en-v2"
    sealing: SealingKey = field(default_factory=lambda: SealingKey(bytes(32)))

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        self.connection = open_store(self.path)
        settings = EngineSettings(
            URL, (self.authority.verification_key,), built_in(self.rule)
        )
        random = np.random.default_rng(1)
        clock = Clock(wall=lambda: self.now_s, monotonic=lambda: self.now_s)
        self.engine = Engine(
            self.connection,
            self.sealing,
            settings,
            Surroundings(clock, self.authority, random.bytes),
        )

    def restart(self) -> None:
        self.connection.close()
        self.start()

    def meet(
        self, key: bytes, minutes: int, *, day: int = TUESDAY, rssi_dbm: int = -60
    ) -> None:
        """Hear the owner of a key at -20 dBm from 20:00 on, in scans of 60 s."""
        start_s = day * DAY_S + 20 * 3_600
        ids = derive_ephemeral_ids(key, day * 144)
        # One scan more: its length is the time since the one before.
        for minute in range(minutes + 1):
            t_s = start_s + 60 * minute
            ephemeral_id = ids[(t_s - day * DAY_S) // 600].tobytes()
            metadata = encrypt_metadata(key, ephemeral_id, encode_metadata(-20))
            self.engine.scanned(Scan(t_s * 1_000, (t_s + 4) * 1_000, "test"))
            self.engine.hear(
                Sighting(t_s * 1_000 + 500, rssi_dbm, "gaen", ephemeral_id, metadata)
            )
        self.engine.flush()


@pytest.fixture
def authority() -> FakeAuthority:
    return FakeAuthority()


@pytest.fixture
def make_device(
    tmp_path: Path, authority: FakeAuthority
) -> Iterator[Callable[..., Device]]:
    made: list[Device] = []

    def make(name: str = "device", **changes: object) -> Device:
        made.append(Device(tmp_path / f"{name}.sqlite", authority, **changes))
        return made[-1]

    yield make
    for device in made:
        device.connection.close()


@pytest.fixture
def device(make_device: Callable[..., Device]) -> Device:
    return make_device()


@pytest.fixture
def diagnosis_key() -> Callable[..., DiagnosisKeys]:
    return key_columns


# Tuesday, 17 November 2026, 10:00 UTC, at the start of an interval.
START_S = 20_774 * 86_400 + 36_000
NEIGHBOUR = encode_advertisement(b"\x11" * 16, b"\x22" * 4, flags=False)
SEALING = SealingKey(bytes(32))


def capabilities(*carriers: Carrier) -> Capabilities:
    return Capabilities(
        all_rssi=True,
        interval_control=True,
        address_rotation=True,
        carriers=frozenset(carriers),
        privileged=False,
    )


@dataclass
class FakeRadio:
    """A scanner and an advertiser in one, which fail when they are told to."""

    wall: Callable[[], float]
    carriers: tuple[Carrier, ...] = (Carrier.SERVICE_DATA,)
    data: bytes = NEIGHBOUR
    scans: list[float] = field(default_factory=list)
    frames: list[tuple[float, bytes | None]] = field(default_factory=list)
    failing_scans: list[tuple[float, float, ProximityError]] = field(
        default_factory=list
    )
    failing_frames: list[tuple[float, float, ProximityError]] = field(
        default_factory=list
    )

    @property
    def capabilities(self) -> Capabilities:
        return capabilities(*self.carriers)

    async def listen(self, seconds: float) -> AsyncIterator[Heard | ScanReport]:
        self._check(self.failing_scans)
        start_s = self.wall()
        self.scans.append(start_s)
        start_ms = int(start_s * 1_000)
        yield Heard(start_ms + 10, 0, self.data, -60, b"\x01" * 6, "fake")
        yield Heard(start_ms + 20, 0, b"\x05\x16", -60, None, "fake")
        await asyncio.sleep(seconds)
        end_ms = start_ms + int(seconds * 1_000)
        yield ScanReport(start_ms, end_ms, 0, "fake", 1.0)

    async def set_frame(self, data: bytes, interval_ms: int) -> None:
        assert interval_ms == 250
        self._check(self.failing_frames)
        self.frames.append((self.wall(), data))

    async def stop(self) -> None:
        self.frames.append((self.wall(), None))

    def _check(self, failing: list[tuple[float, float, ProximityError]]) -> None:
        now_s = self.wall()
        for from_s, to_s, error in failing:
            if START_S + from_s <= now_s < START_S + to_s:
                raise error


class EmptyNetwork:
    """An authority that has published nothing; it can be out of reach."""

    def __init__(self, wall: Callable[[], float]) -> None:
        self.wall = wall
        self.asked: list[float] = []
        self.unreachable_until_s = 0.0

    def get(self, url: str, max_bytes: int) -> bytes:
        self.asked.append(self.wall())
        if self.wall() < self.unreachable_until_s:
            raise NetworkError("The server does not answer.", "Try again.")
        return b""


async def here(work: Callable[[], object]) -> object:
    return work()


class Rig:
    """One device in virtual time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.loop = VirtualTimeLoop()
        self.radio = FakeRadio(self.wall)
        self.network = EmptyNetwork(self.wall)
        self.form = Form(-20)
        self.told: list[object] = []
        self.changes: list[tuple[Work, Trouble | None]] = []
        self.connection = open_store(path)
        self.settings = EngineSettings(
            "https://example.org/exports/", (), built_in("en-v2")
        )
        self.clock = Clock(wall=self.wall, monotonic=self.loop.time)
        self.engine = self.new_engine(self.connection)

    def wall(self) -> float:
        return START_S + self.loop.time()

    def new_engine(self, connection: object) -> Engine:
        surroundings = Surroundings(self.clock, self.network, lambda n: b"\x05" * n)
        return Engine(connection, SEALING, self.settings, surroundings)

    @contextmanager
    def open_engine(self) -> Iterator[Engine]:
        connection = open_store(self.path)
        try:
            yield self.new_engine(connection)
        finally:
            connection.close()

    def run(self, seconds: float, *, fetches: bool = False) -> None:
        runner = Runner(
            self.engine,
            self.open_engine,
            Radio(self.radio, self.radio, self.form),
            Circumstances(self.clock, lambda: 0.5, here),
            health=HealthLog(self.connection, self.note),
            tell=self.told.append,
        )
        with suppress(TimeoutError):
            self.loop.run_until_complete(
                asyncio.wait_for(runner.run(fetches=fetches), seconds)
            )

    def note(self, work: Work, trouble: Trouble | None) -> None:
        self.changes.append((work, trouble))

    def sightings(self) -> int:
        query = "SELECT count(*) FROM encounters"
        return self.connection.execute(query).fetchone()[0]

    def close(self) -> None:
        self.connection.close()
        self.loop.close()


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path / "store.sqlite")
    yield made
    made.close()
