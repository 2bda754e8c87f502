"""Encounters and keys in columns."""

import numpy as np
import pytest

from proximity.protocol.diagnosis_key import DiagnosisKeys
from proximity.protocol.sighting import Encounters


@pytest.fixture
def encounters():
    """Return a maker of encounters of one sighting each: IDs and their intervals."""

    def make(ids, intervals):
        n = len(ids)
        return Encounters(
            ephemeral_id=np.frombuffer(b"".join(ids), np.uint8).reshape(n, 16),
            metadata=np.zeros((n, 4), np.uint8),
            offsets=np.arange(n + 1, dtype=np.int64),
            t_ms=np.array(intervals, np.int64) * 600_000,
            rssi_dbm=np.zeros(n, np.int8),
        )

    return make


@pytest.fixture
def keys():
    """Return a maker of `n` different keys with one start."""

    def make(n, start, period=144):
        numbered = b"".join(i.to_bytes(16, "big") for i in range(n))
        return DiagnosisKeys(
            key=np.frombuffer(numbered, np.uint8).reshape(n, 16),
            start_interval=np.full(n, start, np.int64),
            period=np.full(n, period, np.int64),
            report_type=np.ones(n, np.uint8),
            days_since_onset=np.zeros(n, np.int16),
            transmission_risk=np.zeros(n, np.uint8),
        )

    return make
