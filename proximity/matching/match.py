"""The match: diagnosis keys and what a device heard in, exposure windows out."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from proximity.matching.admission import Heard, admit_keys, admit_sightings
from proximity.matching.candidates import EncounterIndex
from proximity.matching.clock import rolled_back_scans, select_scans, within_scans
from proximity.matching.duration import MatchedKey, exposure_windows
from proximity.matching.exposure_window import ExposureWindow
from proximity.matching.listening import Listening, listening
from proximity.matching.policy import DEFAULT_POLICY, MatchContext, MatchPolicy
from proximity.matching.refusal import Refusal, no_refusals
from proximity.protocol.diagnosis_key import DiagnosisKeys, ReportType
from proximity.protocol.export_columns import select_keys
from proximity.protocol.sighting import Scans
from proximity.units import DAY_S, INTERVAL_S, MS_PER_S


@dataclass(frozen=True, slots=True)
class MatchResult:
    """What a match found, and what it did not believe.

    Attributes
    ----------
    windows : list of ExposureWindow
        By day, time and key.
    refused : dict of str to int
        How often each `Refusal` was met; every reason is present.
    met_keys : dict of int to bytes
        The key behind each `key_index` of the windows: its block may be gone.
    """

    windows: list[ExposureWindow]
    refused: dict[str, int]
    met_keys: dict[int, bytes] = field(repr=False)


@dataclass(slots=True, repr=False)
class _Match:
    """One match in progress."""

    heard: Heard
    index: EncounterIndex
    listening: Listening
    context: MatchContext
    policy: MatchPolicy
    refused: dict[str, int] = field(default_factory=no_refusals)
    seen: set[bytes] = field(default_factory=set)
    met_keys: dict[int, bytes] = field(default_factory=dict)


def match_keys(
    keys: DiagnosisKeys | Iterable[DiagnosisKeys],
    index: EncounterIndex,
    scans: Scans,
    *,
    context: MatchContext,
    policy: MatchPolicy = DEFAULT_POLICY,
    progress: Callable[[int], None] | None = None,
) -> MatchResult:
    """Find the exposure windows that diagnosis keys explain.

    Parameters
    ----------
    keys : DiagnosisKeys or iterable of DiagnosisKeys
        The keys of one export, or its blocks in order; memory does not grow with
        their number. What the iterable raises passes through: nothing is returned.
    index : EncounterIndex
        What the device heard, with the tolerance of the policy; any number of matches
        may use it.
    scans : Scans
        In the order in which they were recorded; may be empty.
    context : MatchContext
    policy : MatchPolicy
    progress : callable or None
        Called after each block with the number of keys that are done. What it raises
        passes through, so it can cancel.

    Returns
    -------
    MatchResult
        Depends on its arguments alone. Source: docs/reference/matching.md.

    Raises
    ------
    ValueError
        If the index was made for another tolerance than the policy has.
    """
    if index.tolerance_intervals != policy.tolerance_intervals:
        raise ValueError("the index and the policy differ in their tolerance")
    blocks = [keys] if isinstance(keys, DiagnosisKeys) else keys
    match = _begin(index, scans, context, policy)
    windows: list[ExposureWindow] = []
    first_index = 0
    for block in blocks:
        windows += _match_block(block, first_index, match)
        first_index += len(block.key)
        if progress:
            progress(first_index)
    windows.sort(key=lambda w: (w.day, w.scans[0].t_s, w.key_index))
    return MatchResult(windows, match.refused, match.met_keys)


def _begin(
    index: EncounterIndex, scans: Scans, context: MatchContext, policy: MatchPolicy
) -> _Match:
    encounters = index.encounters
    rolled_back = rolled_back_scans(scans, context.now_s * MS_PER_S)
    heard = Heard(encounters, select_scans(scans, rolled_back))
    believed_ms = encounters.t_ms[~within_scans(encounters.t_ms, heard.rolled_back)]
    scanned = listening(
        believed_ms, select_scans(scans, ~rolled_back), policy.scan_gap_s
    )
    return _Match(heard, index, scanned, context, policy)


def _match_block(
    keys: DiagnosisKeys, first_index: int, match: _Match
) -> list[ExposureWindow]:
    admitted = np.flatnonzero(
        admit_keys(keys, match.context, match.policy, match.refused)
    )
    keys = select_keys(keys, admitted)
    found = match.index.find(keys)
    matched = np.unique(found.key_index)
    _count_beyond_retention(keys, matched.tolist(), match)
    ends = np.searchsorted(found.key_index, matched, side="right").tolist()
    windows = []
    for position, first, end in zip(matched.tolist(), [0, *ends], ends, strict=False):
        key_index = first_index + int(admitted[position])
        described = _describe(keys, position, key_index, match.policy)
        ids = zip(
            found.interval[first:end].tolist(),
            found.row[first:end].tolist(),
            strict=True,
        )
        windows += _windows_of_key(keys.key[position].tobytes(), described, ids, match)
    return windows


def _windows_of_key(
    key: bytes,
    described: MatchedKey,
    intervals_and_rows: Iterable[tuple[int, int]],
    match: _Match,
) -> list[ExposureWindow]:
    if key in match.seen:
        match.refused[Refusal.DUPLICATE] += 1
        return []
    match.seen.add(key)
    evidence = admit_sightings(
        key,
        intervals_and_rows,
        match.heard,
        match.context,
        policy=match.policy,
        refused=match.refused,
    )
    windows = exposure_windows(described, evidence, match.listening, match.policy)
    if windows:
        match.met_keys[described.key_index] = key
    return windows


def _describe(
    keys: DiagnosisKeys, position: int, key_index: int, policy: MatchPolicy
) -> MatchedKey:
    return MatchedKey(
        key_index=key_index,
        report_type=ReportType(int(keys.report_type[position])),
        infectiousness=policy.infectiousness_on(int(keys.days_since_onset[position])),
        transmission_risk=int(keys.transmission_risk[position]),
    )


def _count_beyond_retention(
    keys: DiagnosisKeys, matched: list[int], match: _Match
) -> None:
    """Count the keys that matched nothing because their time is no longer stored."""
    if match.context.earliest_day is None:
        return
    earliest_interval = match.context.earliest_day * DAY_S // INTERVAL_S
    beyond = keys.start_interval + keys.period <= earliest_interval
    beyond[matched] = False
    match.refused[Refusal.BEYOND_RETENTION] += int(np.count_nonzero(beyond))
