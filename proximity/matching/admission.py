"""Which keys and which sightings count as evidence, and why the others do not."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from proximity.errors import FormatError
from proximity.matching.clock import within_scans
from proximity.matching.policy import MatchContext, MatchPolicy
from proximity.matching.refusal import Refusal
from proximity.protocol.diagnosis_key import DiagnosisKeys, ReportType
from proximity.protocol.gaen import Metadata, decode_metadata, decrypt_metadata
from proximity.protocol.sighting import MISSING_RSSI_DBM, Encounters, Scans
from proximity.units import INTERVAL_S, MS_PER_S

_INTERVAL_MS = INTERVAL_S * MS_PER_S


class Heard(NamedTuple):
    """What a device heard, and which of its scans cannot be believed.

    Attributes
    ----------
    encounters : Encounters
    rolled_back : Scans
        Those recorded while the wall clock was set back.
    """

    encounters: Encounters
    rolled_back: Scans

    def __repr__(self) -> str:
        """Tell how many encounters there are, never their IDs."""
        return f"<Heard n={len(self.encounters.ephemeral_id)}>"


class Evidence(NamedTuple):
    """Sightings of one key that count, in columns, any order.

    Attributes
    ----------
    t_ms : int64[n]
        Unix milliseconds.
    rssi_dbm, tx_power_dbm : int64[n]
    confidence : int64[n]
        `CalibrationConfidence` of the transmit power.
    """

    t_ms: NDArray[np.int64]
    rssi_dbm: NDArray[np.int64]
    tx_power_dbm: NDArray[np.int64]
    confidence: NDArray[np.int64]


def admit_keys(
    keys: DiagnosisKeys,
    context: MatchContext,
    policy: MatchPolicy,
    refused: dict[str, int],
) -> NDArray[np.bool_]:
    """Decide which keys may be matched at all.

    Parameters
    ----------
    keys : DiagnosisKeys
    context : MatchContext
    policy : MatchPolicy
    refused : dict of str to int
        Counts of refusals; added to.

    Returns
    -------
    bool[n]
    """
    # An ID is accepted until the tolerance after its interval: whoever learns a
    # key before then can send IDs that would match.
    accepted_until = keys.start_interval + keys.period + policy.tolerance_intervals
    reasons = {
        Refusal.REVOKED: (keys.report_type == ReportType.REVOKED)
        | _is_among(keys.key, context.revoked_keys),
        # Cases and contacts are matched apart, under rules of their own.
        Refusal.RECURSIVE: (keys.report_type == ReportType.RECURSIVE)
        != policy.recursive,
        Refusal.OWN: _is_among(keys.key, context.own_keys),
        Refusal.STILL_VALID: accepted_until * INTERVAL_S > context.public_from_s,
    }
    return _sift(reasons, refused)


def admit_sightings(
    key: bytes,
    intervals_and_rows: Iterable[tuple[int, int]],
    heard: Heard,
    context: MatchContext,
    *,
    policy: MatchPolicy,
    refused: dict[str, int],
) -> Evidence:
    """Decide which sightings of one key count.

    Parameters
    ----------
    key : bytes
        The diagnosis key.
    intervals_and_rows : iterable of (int, int)
        Its candidates: interval of an ID and row of an encounter with that ID.
    heard : Heard
    context : MatchContext
    policy : MatchPolicy
    refused : dict of str to int
        Counts of refusals; added to.

    Returns
    -------
    Evidence
        In order of interval and row, then as in the encounters.
    """
    rows_of: dict[int, list[int]] = {}
    for interval, row in intervals_and_rows:
        rows_of.setdefault(interval, []).append(row)
    parts = [np.zeros((4, 0), np.int64)]
    for interval, rows in rows_of.items():
        sightings = _gather(key, rows, heard.encounters)
        distance = np.abs(sightings[0] // _INTERVAL_MS - interval)
        reasons = {
            **_faults_of_time(sightings[0], heard.rolled_back, context),
            Refusal.OUTSIDE_TOLERANCE: distance > policy.tolerance_intervals,
        }
        sightings = sightings[:, _sift(reasons, refused)]
        reasons = _faults_of_content(sightings, policy)
        parts.append(sightings[:4, _sift(reasons, refused)])
    return Evidence(*np.concatenate(parts, axis=1))


def _gather(key: bytes, rows: list[int], encounters: Encounters) -> NDArray[np.int64]:
    """Return time, RSSI, power, confidence and readability of rows of one ID."""
    blocks = []
    for row in rows:
        span = slice(*encounters.offsets[row : row + 2].tolist())
        metadata = _metadata(key, row, encounters)
        block = np.zeros((5, span.stop - span.start), np.int64)
        block[0] = encounters.t_ms[span]
        block[1] = encounters.rssi_dbm[span]
        if metadata is not None:
            block[2:] = [[metadata.tx_power_dbm], [metadata.confidence], [1]]
        blocks.append(block)
    return np.concatenate(blocks, axis=1)


def _metadata(key: bytes, row: int, encounters: Encounters) -> Metadata | None:
    ephemeral_id = encounters.ephemeral_id[row].tobytes()
    encrypted = encounters.metadata[row].tobytes()
    try:
        return decode_metadata(decrypt_metadata(key, ephemeral_id, encrypted))
    except FormatError:
        return None


def _faults_of_time(
    t_ms: NDArray[np.int64], rolled_back: Scans, context: MatchContext
) -> dict[Refusal, NDArray[np.bool_]]:
    return {
        Refusal.IN_THE_FUTURE: t_ms > context.now_s * MS_PER_S,
        Refusal.AFTER_PUBLICATION: t_ms >= context.public_from_s * MS_PER_S,
        Refusal.CLOCK_ROLLED_BACK: within_scans(t_ms, rolled_back),
    }


def _faults_of_content(
    sightings: NDArray[np.int64], policy: MatchPolicy
) -> dict[Refusal, NDArray[np.bool_]]:
    t_ms, rssi_dbm, tx_power_dbm, _, readable = sightings
    # Counted from the first sighting that is believed: one that is not must not
    # be able to push the others over the limit.
    first_ms = t_ms.min(initial=np.iinfo(np.int64).max)
    least, greatest = policy.tx_power_dbm
    return {
        Refusal.REPLAYED: t_ms - first_ms > policy.replay_limit_s * MS_PER_S,
        Refusal.BAD_METADATA: readable == 0,
        Refusal.BAD_TX_POWER: (tx_power_dbm < least) | (tx_power_dbm > greatest),
        Refusal.MISSING_RSSI: rssi_dbm == MISSING_RSSI_DBM,
    }


def _sift(
    reasons: dict[Refusal, NDArray[np.bool_]], refused: dict[str, int]
) -> NDArray[np.bool_]:
    """Count each entry under the first reason that holds; return those left."""
    left = ~np.zeros_like(next(iter(reasons.values())))
    for reason, holds in reasons.items():
        refused[reason] += int(np.count_nonzero(left & holds))
        left &= ~holds
    return left


def _is_among(keys: NDArray[np.uint8], known: frozenset[bytes]) -> NDArray[np.bool_]:
    """Tell which keys are known, comparing halves before whole keys."""
    among = np.zeros(len(keys), np.bool_)
    if known:
        halves = np.frombuffer(b"".join(sorted(known)), "<u8")[::2]
        prefixes = np.ascontiguousarray(keys).view("<u8")[:, 0]
        for i in np.flatnonzero(np.isin(prefixes, halves)).tolist():
            among[i] = keys[i].tobytes() in known
    return among
