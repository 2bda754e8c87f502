"""A device with a fake network, a case to be near to, and an authority that signs."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from proximity.client.engine import Engine, EngineSettings, Surroundings
from proximity.errors import NetworkError
from proximity.protocol.diagnosis_key import (
    DiagnosisKeys,
    ReportType,
    concatenate_keys,
)
from proximity.protocol.export_writer import ExportContent, export_bytes
from proximity.protocol.gaen import (
    derive_ephemeral_ids,
    encode_metadata,
    encrypt_metadata,
)
from proximity.protocol.sighting import Sighting
from proximity.protocol.signature import Signer, VerificationKey
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
