"""One case, and what a phone heard of it on one evening, for tests of matching."""

import numpy as np

from proximity.matching.candidates import EncounterIndex
from proximity.matching.match import match_keys
from proximity.matching.policy import MatchContext, MatchPolicy
from proximity.protocol.diagnosis_key import DiagnosisKeys
from proximity.protocol.gaen import (
    CalibrationConfidence,
    derive_ephemeral_ids,
    encode_metadata,
    encrypt_metadata,
)
from proximity.protocol.sighting import Scans, Sighting, group_encounters

DAY = 20_000
START = DAY * 144
MIDNIGHT_S = DAY * 86_400
EVENING_S = MIDNIGHT_S + 20 * 3_600
PUBLISHED_S = MIDNIGHT_S + 86_400 + 7_800
KEY = bytes(range(16))
CONTEXT = MatchContext(published_s=PUBLISHED_S, now_s=PUBLISHED_S + 600)
NO_SCANS = Scans(*(np.zeros(0, np.int64) for _ in range(3)))


def keys_of(*secrets, start=START, period=144, report_type=1, onset=0, risk=0):
    n = len(secrets)
    return DiagnosisKeys(
        key=np.frombuffer(b"".join(secrets), np.uint8).reshape(n, 16),
        start_interval=np.full(n, start, np.int64),
        period=np.full(n, period, np.int64),
        report_type=np.full(n, report_type, np.uint8),
        days_since_onset=np.full(n, onset, np.int16),
        transmission_risk=np.full(n, risk, np.uint8),
    )


def heard(t_s, rssi_dbm=-60, *, key=KEY, tx_power_dbm=-10, sent_s=None, version=(1, 1)):
    """Return the sighting of the ID that `key` sent at `sent_s` (default: t_s)."""
    interval = int(t_s if sent_s is None else sent_s) // 600
    ephemeral_id = derive_ephemeral_ids(key, START)[interval - START].tobytes()
    confidence = CalibrationConfidence.MEDIUM if version[1] else 0
    metadata = encode_metadata(tx_power_dbm, CalibrationConfidence(confidence), version)
    return Sighting(
        t_ms=round(t_s * 1_000),
        rssi_dbm=rssi_dbm,
        scheme="gaen",
        ephemeral_id=ephemeral_id,
        metadata=encrypt_metadata(key, ephemeral_id, metadata),
    )


def scans_at(*starts_s, length_s=4):
    start_ms = np.array([round(t * 1_000) for t in starts_s], np.int64)
    return Scans(start_ms, start_ms + length_s * 1_000, np.full(len(starts_s), -1))


def match(
    sightings, scans=NO_SCANS, *, keys=None, context=CONTEXT, policy=None, **options
):
    policy = policy or MatchPolicy()
    return match_keys(
        keys_of(KEY) if keys is None else keys,
        EncounterIndex(group_encounters(sightings), policy.tolerance_intervals),
        scans,
        context=context,
        policy=policy,
        **options,
    )


def met(result):
    return {reason: n for reason, n in result.refused.items() if n}
