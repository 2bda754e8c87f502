import numpy as np

from proximity.matching.admission import Heard, admit_keys, admit_sightings
from proximity.matching.policy import DEFAULT_POLICY, MatchContext
from proximity.matching.refusal import no_refusals
from proximity.protocol.diagnosis_key import DiagnosisKeys, ReportType
from proximity.protocol.gaen import (
    CalibrationConfidence,
    encode_metadata,
    encrypt_metadata,
)
from proximity.protocol.sighting import MISSING_RSSI_DBM, Encounters, Scans

START = 2_880_000
KEY = bytes(range(16))
NEVER_ROLLED_BACK = Scans(*(np.zeros(0, np.int64) for _ in range(3)))
LATER_S = (START + 300) * 600
CONTEXT = MatchContext(LATER_S, LATER_S)


def keys(*report_types, start=START, period=144):
    n = len(report_types)
    numbered = b"".join(bytes([i]) * 16 for i in range(n))
    return DiagnosisKeys(
        key=np.frombuffer(numbered, np.uint8).reshape(n, 16),
        start_interval=np.full(n, start, np.int64),
        period=np.full(n, period, np.int64),
        report_type=np.array(report_types, np.uint8),
        days_since_onset=np.zeros(n, np.int16),
        transmission_risk=np.zeros(n, np.uint8),
    )


def encounters(*rows):
    """Return encounters of (ID, encrypted metadata, times in ms, RSSI)."""
    return Encounters(
        ephemeral_id=np.array([list(row[0]) for row in rows], np.uint8),
        metadata=np.array([list(row[1]) for row in rows], np.uint8),
        offsets=np.cumsum([0, *(len(row[2]) for row in rows)], dtype=np.int64),
        t_ms=np.array([t for row in rows for t in row[2]], np.int64),
        rssi_dbm=np.array([r for row in rows for r in row[3]], np.int8),
    )


def sealed(ephemeral_id, tx_power_dbm=-10):
    metadata = encode_metadata(tx_power_dbm, CalibrationConfidence.HIGH)
    return encrypt_metadata(KEY, ephemeral_id, metadata)


def admit(rows, candidates, rolled_back=NEVER_ROLLED_BACK, context=CONTEXT):
    refused = no_refusals()
    heard = Heard(encounters(*rows), rolled_back)
    evidence = admit_sightings(
        KEY, candidates, heard, context, policy=DEFAULT_POLICY, refused=refused
    )
    return evidence, {reason: n for reason, n in refused.items() if n}


def admitted_keys(given, context):
    refused = no_refusals()
    admitted = admit_keys(given, context, DEFAULT_POLICY, refused)
    return admitted.tolist(), {reason: n for reason, n in refused.items() if n}


def test_each_key_is_counted_under_the_first_reason_alone():
    # Revoked, and this device's own as well.
    context = MatchContext(LATER_S, LATER_S, own_keys=frozenset([bytes(16)]))
    given = keys(ReportType.REVOKED, ReportType.CONFIRMED_TEST)

    assert admitted_keys(given, context) == ([False, True], {"revoked": 1})


def test_reports_that_count_are_admitted():
    given = keys(*(ReportType(number) for number in range(4)))

    assert admitted_keys(given, CONTEXT) == ([True] * 4, {})


def test_a_short_key_can_be_public_the_same_day():
    published_s = (START + 60 + 12) * 600
    context = MatchContext(published_s, published_s)

    assert admitted_keys(keys(1, period=60), context) == ([True], {})
    assert admitted_keys(keys(1, period=61), context) == ([False], {"still_valid": 1})


def test_an_own_key_is_told_from_one_with_an_equal_half():
    context = MatchContext(
        LATER_S, LATER_S, own_keys=frozenset([bytes(8) + b"\1" * 8, b"\1" * 16])
    )

    assert admitted_keys(keys(1, 1), context) == ([True, False], {"own": 1})


def test_each_encounter_is_read_with_its_own_metadata():
    first, second = b"a" * 16, b"b" * 16
    t_ms = START * 600_000
    evidence, refused = admit(
        [
            (first, sealed(first, -10), [t_ms], [-60]),
            (second, sealed(second, -20), [t_ms + 600_000], [-61]),
        ],
        [(START, 0), (START + 1, 1)],
    )

    assert refused == {}
    assert evidence.tx_power_dbm.tolist() == [-10, -20]
    assert evidence.rssi_dbm.tolist() == [-60, -61]
    assert evidence.confidence.tolist() == [CalibrationConfidence.HIGH] * 2


def test_a_sighting_without_rssi_still_is_the_first_of_its_id():
    ephemeral_id = b"a" * 16
    t_ms = START * 600_000
    evidence, refused = admit(
        [
            (
                ephemeral_id,
                sealed(ephemeral_id),
                [t_ms, t_ms + 1_200_001],
                [MISSING_RSSI_DBM, -60],
            )
        ],
        [(START, 0)],
    )

    assert evidence.t_ms.tolist() == []
    assert refused == {"missing_rssi": 1, "replayed": 1}


def test_sightings_of_a_set_back_clock_do_not_start_the_replay_limit():
    ephemeral_id = b"a" * 16
    t_ms = START * 600_000
    rolled_back = Scans(
        *(np.array([t]) for t in (t_ms - 4_000_000, t_ms - 3_000_000, -1))
    )
    evidence, refused = admit(
        [(ephemeral_id, sealed(ephemeral_id), [t_ms - 3_500_000, t_ms], [-60, -61])],
        [(START, 0)],
        rolled_back,
    )

    assert evidence.t_ms.tolist() == [t_ms]
    assert refused == {"clock_rolled_back": 1}


def test_no_candidates_are_no_evidence():
    ephemeral_id = b"a" * 16
    evidence, refused = admit([(ephemeral_id, bytes(4), [0], [-60])], [])

    assert [len(column) for column in evidence] == [0] * 4
    assert refused == {}


def test_repr_of_what_was_heard_shows_no_ids():
    heard = Heard(encounters((bytes(16), bytes(4), [0], [-60])), NEVER_ROLLED_BACK)

    assert repr(heard) == "<Heard n=1>"
