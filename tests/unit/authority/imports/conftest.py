"""Another authority, whose published directory a fake network serves."""

import os
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from proximity.authority.imports.sources import new_source, remember_source
from proximity.errors import NetworkError, TooLargeError
from proximity.protocol.diagnosis_key import DiagnosisKeys, ReportType
from proximity.protocol.export_columns import empty_keys
from proximity.protocol.export_writer import ExportContent, export_bytes
from proximity.protocol.public_keys import PinnedKey, encode_public_keys
from proximity.protocol.signature import Signer, VerificationKey

URL = "https://health.example.la/exports/"


@dataclass
class OtherAuthority:
    """Signs exports, and serves them as a network."""

    now_s: int
    region: str = "LA"
    private: Any = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    index: bytes | None = None

    @property
    def public_keys(self) -> bytes:
        key = VerificationKey(self.private.public_key(), self.region, "v1")
        return encode_public_keys([PinnedKey(key)])

    def publish(
        self,
        keys: DiagnosisKeys,
        revised: DiagnosisKeys | None = None,
        *,
        region: str = "VN",
        end_s: int | None = None,
    ) -> str:
        """Sign an export; return its line in the index."""
        end_s = end_s or self.now_s + len(self.files)
        content = ExportContent(
            region, end_s - 7_200, end_s, keys, revised or empty_keys(0)
        )
        name = f"{content.start_s}-{end_s}-00001.zip"
        signer = Signer(self.private, self.region, "v1")
        self.files[name] = export_bytes(content, [signer])
        return name

    def get(self, url: str, max_bytes: int) -> bytes:
        self.asked.append(url)
        name = url.removeprefix(URL)
        if name == "index.txt":
            lines = "\n".join(sorted(self.files)).encode()
            return lines if self.index is None else self.index
        if name not in self.files:
            raise NetworkError("away", "later")
        if len(self.files[name]) > max_bytes:
            raise TooLargeError("large", "tell")
        return self.files[name]


def keys_of(
    count: int,
    start: int,
    *,
    period: int = 144,
    report_type: int = ReportType.CONFIRMED_TEST,
) -> DiagnosisKeys:
    """Return fresh keys with one start."""
    return DiagnosisKeys(
        key=np.frombuffer(os.urandom(16 * count), np.uint8).reshape(-1, 16),
        start_interval=np.full(count, start, np.int64),
        period=np.full(count, period, np.int64),
        report_type=np.full(count, report_type, np.uint8),
        days_since_onset=np.full(count, 1, np.int16),
        transmission_risk=np.full(count, 2, np.uint8),
    )


@pytest.fixture
def make_keys():
    return keys_of


@pytest.fixture
def yesterday(authority) -> int:
    """Return the first interval of yesterday."""
    return (authority.now_s // 86_400 - 1) * 144


@pytest.fixture
def other(authority) -> OtherAuthority:
    return OtherAuthority(authority.now_s)


@pytest.fixture
def source(authority, other):
    """Return the other authority as this one has stored it."""
    made = new_source("LA", URL, other.public_keys, own="VN")
    with authority.engine.begin() as connection:
        remember_source(connection, made)
    return made
