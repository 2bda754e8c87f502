"""The reference form on a published vector; the rest is in tests/contract/."""

import numpy as np

from proximity.matching.candidates_plain import find_candidates
from proximity.protocol.diagnosis_key import DiagnosisKeys
from proximity.protocol.sighting import Encounters

# google/exposure-notifications-internals, test vectors v1.2 (Apache-2.0).
KEY = bytes.fromhex("75c734c6dd1a782de7a965da5eb93125")
START = 2_642_976
FIRST_ID = bytes.fromhex("8be6cd371c5c891604bfbe49df845096")


def test_the_first_published_id_is_found_at_its_time():
    keys = DiagnosisKeys(
        key=np.frombuffer(KEY, np.uint8).reshape(1, 16),
        start_interval=np.array([START]),
        period=np.array([144]),
        report_type=np.ones(1, np.uint8),
        days_since_onset=np.zeros(1, np.int16),
        transmission_risk=np.zeros(1, np.uint8),
    )
    heard = Encounters(
        ephemeral_id=np.frombuffer(FIRST_ID, np.uint8).reshape(1, 16),
        metadata=np.zeros((1, 4), np.uint8),
        offsets=np.array([0, 1]),
        t_ms=np.array([START * 600_000]),
        rssi_dbm=np.array([-60], np.int8),
    )
    found = find_candidates(keys, heard, 12)

    assert found.interval.tolist() == [START]
    assert (found.key_index.tolist(), found.row.tolist()) == ([0], [0])
