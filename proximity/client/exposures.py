"""What a verified export changes on this device: exposures come, change and go."""

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from proximity.matching.candidates import EncounterIndex
from proximity.matching.exposure_window import ExposureWindow
from proximity.matching.match import MatchResult, match_keys
from proximity.matching.policy import MatchContext, MatchPolicy
from proximity.matching.window_file import decode_windows, encode_windows
from proximity.protocol.diagnosis_key import REVISIONS, DiagnosisKeys, ReportType
from proximity.protocol.export import Export
from proximity.protocol.export_columns import select_keys
from proximity.protocol.sighting import Scans
from proximity.store.exposures import (
    Exposure,
    delete_exposures,
    find_exposures,
    put_exposure,
    read_exposures,
)
from proximity.store.sealing import SealingKey
from proximity.units import INTERVALS_PER_DAY

_NO_WINDOWS = b"[]"
# The changes of mind that an authority may publish, as the reference matcher has them.
_TRANSITIONS = {
    **REVISIONS,
    ReportType.UNKNOWN: frozenset(ReportType) - {ReportType.UNKNOWN},
}


@dataclass(frozen=True, slots=True)
class Findings:
    """What one export means for this device; nothing is stored yet.

    Attributes
    ----------
    exposures : tuple of Exposure
        One for each key that was met.
    revoked : tuple of Exposure
        One without windows for each key that was heard and is taken back, so that an
        older export that comes later does not bring it in again.
    revoked_digests : frozenset of bytes
        SHA-256 of every key that is taken back, heard or not.
    result : MatchResult
    """

    exposures: tuple[Exposure, ...]
    revoked: tuple[Exposure, ...]
    revoked_digests: frozenset[bytes]
    result: MatchResult


# Called with the keys that are done and all there are; what it raises cancels.
Progress = Callable[[int, int], None]


@dataclass(slots=True, repr=False)
class _TakenBack:
    """The keys that an export takes back, as its blocks pass."""

    index: EncounterIndex
    export_digest: bytes
    recursive: bool
    digests: set[bytes] = field(default_factory=set)
    heard: list[Exposure] = field(default_factory=list)

    def note(self, keys: DiagnosisKeys) -> None:
        """Take the revoked ones of a block."""
        revoked = np.flatnonzero(keys.report_type == ReportType.REVOKED)
        if not len(revoked):
            return
        keys = select_keys(keys, revoked)
        digests = [_key_digest(row.tobytes(), self.recursive) for row in keys.key]
        self.digests.update(digests)
        for i in np.unique(self.index.find(keys).key_index).tolist():
            exposure = Exposure(
                export_digest=self.export_digest,
                key_digest=digests[i],
                report_type=ReportType.REVOKED,
                day=int(keys.start_interval[i]) // INTERVALS_PER_DAY,
                windows=_NO_WINDOWS,
            )
            self.heard.append(exposure)


def match_export(
    export: Export,
    index: EncounterIndex,
    scans: Scans,
    *,
    context: MatchContext,
    policy: MatchPolicy,
    progress: Progress | None = None,
) -> Findings:
    """Match the keys of an export, the revised ones first, with what was heard.

    Memory does not grow with the number of keys, but for those that are taken back.

    Parameters
    ----------
    export : Export
        Verified.
    index : EncounterIndex
        What the device heard, with the tolerance of the policy.
    scans : Scans
    context : MatchContext
    policy : MatchPolicy
    progress : callable or None
        Called with the keys that are done and all there are, block by block. What it
        raises passes through, so it can cancel.

    Returns
    -------
    Findings

    Raises
    ------
    FormatError, BadSignatureError
        As `Export.key_blocks`; nothing of the export counts then.
    """
    digest = bytes.fromhex(export.digest)
    taken_back = _TakenBack(index, digest, policy.recursive)
    total = export.key_count + export.revised_count

    def blocks() -> Iterator[DiagnosisKeys]:
        # A key in both lists counts as revised: the match takes the first it meets.
        for block in export.blocks_revised_first():
            taken_back.note(block.keys)
            yield block.keys

    result = match_keys(
        blocks(),
        index,
        scans,
        context=context,
        policy=policy,
        progress=partial(_tell, progress, total) if progress else None,
    )
    exposures = tuple(
        _exposure(
            digest,
            _key_digest(key, policy.recursive),
            [w for w in result.windows if w.key_index == i],
        )
        for i, key in sorted(result.met_keys.items())
    )
    return Findings(
        exposures, tuple(taken_back.heard), frozenset(taken_back.digests), result
    )


def store_findings(
    connection: sqlite3.Connection, sealing: SealingKey, findings: Findings
) -> None:
    """Store what an export changed; the order in which exports come does not matter.

    Parameters
    ----------
    connection : sqlite3.Connection
        Within the `transaction` that marks the export as processed.
    sealing : SealingKey
    findings : Findings

    Raises
    ------
    LockedError, StoreError
        If it cannot be stored.
    """
    taken_back = [
        replace(known, report_type=ReportType.REVOKED, windows=_NO_WINDOWS)
        for known in read_exposures(connection, sealing, 0)
        if known.key_digest in findings.revoked_digests
    ]
    for found in (*taken_back, *findings.exposures, *findings.revoked):
        known = find_exposures(connection, sealing, found.key_digest)
        if known and not _may_follow(known[0].report_type, found.report_type):
            continue
        delete_exposures(connection, sealing, found.key_digest)
        put_exposure(connection, sealing, found)


def stored_windows(
    connection: sqlite3.Connection,
    sealing: SealingKey,
    since_day: int,
    *,
    recursive: bool = False,
) -> list[ExposureWindow]:
    """Return all exposure windows on and after a UTC day, under their last report.

    Their `key_index` counts the keys that this device met: places in two exports
    could be equal. They are those with cases, or with `recursive` those with contacts.

    Raises
    ------
    LockedError, StoreError
        If the store cannot be read, or was sealed by another key.
    """
    return [
        replace(window, report_type=exposure.report_type, key_index=met)
        for met, exposure in enumerate(read_exposures(connection, sealing, since_day))
        for window in decode_windows(json.loads(exposure.windows))
        if window.day >= since_day
        and (exposure.report_type is ReportType.RECURSIVE) is recursive
    ]


def _tell(progress: Progress, total: int, done: int) -> None:
    progress(done, total)


def _exposure(
    export_digest: bytes, key_digest: bytes, windows: Sequence[ExposureWindow]
) -> Exposure:
    return Exposure(
        export_digest=export_digest,
        key_digest=key_digest,
        report_type=windows[0].report_type,
        day=max(window.day for window in windows),
        windows=json.dumps(encode_windows(list(windows))).encode(),
    )


def _key_digest(key: bytes, recursive: bool) -> bytes:
    # A contact may become a case: what becomes of its key as the one must not touch
    # what it is as the other.
    return hashlib.sha256(b"recursive" + key if recursive else key).digest()


def _may_follow(before: ReportType, after: ReportType) -> bool:
    return after in _TRANSITIONS.get(before, set())
