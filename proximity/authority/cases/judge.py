"""What a contact's package proves: checked against the case's log, then scored.

package → both logs agree? → the agreed sightings → exposure windows → rule → edge
"""

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from proximity.authority.cases.mutual import (
    Agreement,
    Verdict,
    compare_logs,
    heard_by_case,
    heard_of_case,
    ids_of_keys,
)
from proximity.authority.cases.policy import TracingPolicy
from proximity.authority.local_form import decimal, local_day
from proximity.matching.candidates import EncounterIndex
from proximity.matching.exposure_window import ExposureWindow
from proximity.matching.match import match_keys
from proximity.matching.policy import DEFAULT_POLICY, MatchContext
from proximity.protocol.diagnosis_key import NO_ONSET, DiagnosisKeys, ReportType
from proximity.protocol.gaen import TemporaryExposureKey
from proximity.protocol.sharing import ContactPackage, HeardTag, SentId
from proximity.protocol.sighting import Scans, Sighting, group_encounters
from proximity.scoring.config import Configuration
from proximity.scoring.explain import explain
from proximity.scoring.rule import DayScore, Level
from proximity.units import INTERVALS_PER_DAY, MS_PER_S, day_of, iso_day

LANGUAGES = ("vi", "en")


@dataclass(frozen=True, slots=True)
class CaseEvidence:
    """What a case has shared.

    Attributes
    ----------
    keys : tuple of TemporaryExposureKey
    heard : mapping of bytes to collection of HeardTag
        By the name under which each is stored.
    names : callable SentId -> iterable of bytes
        Under which names an ID may be stored.
    onset_day : int or None
    """

    keys: tuple[TemporaryExposureKey, ...] = field(repr=False)
    heard: Mapping[bytes, Collection[HeardTag]] = field(repr=False)
    names: Callable[[SentId], Iterable[bytes]] = field(repr=False)
    onset_day: int | None


@dataclass(frozen=True, slots=True)
class Edge:
    """One contact between two people, as the rule sees it.

    Attributes
    ----------
    verdict : Verdict
    level : Level
    value : float
        Of the day with the most, in `unit`; 0 unless both logs agree.
    unit : str
    minutes : float
        Near the case, on all days.
    first_day, last_day : int or None
        UTC day numbers of agreed sightings.
    reasons : dict
        JSON values from which `explain_edge` makes sentences.
    """

    verdict: Verdict
    level: Level
    value: float
    unit: str
    minutes: float
    first_day: int | None
    last_day: int | None
    reasons: dict[str, Any]


def judge(
    package: ContactPackage,
    evidence: CaseEvidence,
    policy: TracingPolicy,
    configuration: Configuration,
    *,
    now_s: int,
) -> Edge:
    """Tell what a contact's package proves.

    Parameters
    ----------
    package : ContactPackage
        Verified.
    evidence : CaseEvidence
        Of the case that it names.
    policy : TracingPolicy
    configuration : Configuration
        The rule that ranks.
    now_s : int
        Unix seconds.
    """
    ids = ids_of_keys(evidence.keys)
    agreement = compare_logs(
        heard_of_case(package.heard, ids, policy.tolerance_s),
        heard_by_case(package.sent, evidence.heard, evidence.names, policy.tolerance_s),
        tolerance_s=policy.tolerance_s,
        least_share=policy.least_share_percent / 100,
    )
    windows = _windows(package, evidence, agreement, now_s)
    today = day_of(now_s)
    days = configuration.rule.daily(windows, today)
    agreed_days = sorted({day_of(t_s) for t_s in agreement.agreed_s})
    return Edge(
        verdict=agreement.verdict,
        level=max((day.level for day in days), default=Level.NONE),
        value=max((day.value for day in days), default=0.0),
        unit=configuration.rule.formula.unit,
        minutes=sum(day.minutes for day in days),
        first_day=agreed_days[0] if agreed_days else None,
        last_day=agreed_days[-1] if agreed_days else None,
        reasons=_reasons(agreement, windows, days, configuration, as_of_day=today),
    )


def explain_edge(reasons: Mapping[str, Any], language: str) -> list[str]:
    """Put the reasons of an edge into sentences.

    Parameters
    ----------
    reasons : mapping
        Of an `Edge`, also after a way through JSON.
    language : str
        "vi" or "en".

    Returns
    -------
    list of str
        What both logs say, what each day amounts to, and by which rule.
    """
    texts = load_texts(language)
    shares = {
        name: round(100 * float(reasons[name]))
        for name in ("contact_share", "case_share")
    }
    sentences = [texts["verdict"][reasons["verdict"]].format(**shares)]
    for day in reasons["days"]:
        told = {
            "day": local_day(day["day"], language),
            "minutes": decimal(day["minutes"], language),
            "value": decimal(day["value"], language),
            "unit": texts["unit"].get(day["unit"], day["unit"]),
            "level": texts["level"][day["level"]],
        }
        sentences.append(texts["day"].format(**told))
    if reasons["nearest_db"] is not None:
        attenuation = decimal(reasons["nearest_db"], language)
        sentences.append(texts["nearest"].format(attenuation=attenuation))
    for reason, count in sorted(reasons["dropped"].items()):
        sentences.append(
            texts["dropped"].format(count=count, reason=texts["drop"][reason])
        )
    sentences.append(texts["rule"].format(**reasons["rule"]))
    return sentences


@cache
def load_texts(language: str) -> dict[str, Any]:
    """Return the texts of tracing in a language.

    Raises
    ------
    ValueError
        If it is not one of `LANGUAGES`.
    """
    if language not in LANGUAGES:
        raise ValueError(f"no texts in {language!r}")
    source = files(__package__).joinpath("texts", f"{language}.json")
    texts: dict[str, Any] = json.loads(source.read_text(encoding="utf-8"))
    return texts


def _windows(
    package: ContactPackage,
    evidence: CaseEvidence,
    agreement: Agreement,
    now_s: int,
) -> list[ExposureWindow]:
    """Match the sightings that both logs tell of, and no others."""
    sightings = [
        Sighting(
            t_s * MS_PER_S, rssi_dbm, "gaen", row.ephemeral_id, metadata=row.metadata
        )
        for row in package.heard
        for t_s, rssi_dbm in zip(row.t_s, row.rssi_dbm, strict=True)
        if t_s in agreement.agreed_s
    ]
    if not sightings:
        return []
    tolerance = DEFAULT_POLICY.tolerance_intervals
    index = EncounterIndex(group_encounters(sightings), tolerance)
    starts = [start for start, _ in package.scans]
    scans = Scans(
        np.array(starts, np.int64),
        np.array([end for _, end in package.scans], np.int64),
        np.full(len(starts), -1, np.int64),
    )
    result = match_keys(
        _columns(evidence),
        index,
        scans,
        context=MatchContext(published_s=None, now_s=now_s),
    )
    return result.windows


def _columns(evidence: CaseEvidence) -> DiagnosisKeys:
    keys, onset = evidence.keys, evidence.onset_day
    days = [
        NO_ONSET if onset is None else key.start_interval // INTERVALS_PER_DAY - onset
        for key in keys
    ]
    return DiagnosisKeys(
        key=np.frombuffer(b"".join(key.key for key in keys), np.uint8).reshape(-1, 16),
        start_interval=np.array([key.start_interval for key in keys], np.int64),
        period=np.array([key.period for key in keys], np.int64),
        report_type=np.full(len(keys), ReportType.CONFIRMED_TEST, np.uint8),
        days_since_onset=np.array(days, np.int16),
        transmission_risk=np.zeros(len(keys), np.uint8),
    )


def _reasons(
    agreement: Agreement,
    windows: Sequence[ExposureWindow],
    days: Sequence[DayScore],
    configuration: Configuration,
    *,
    as_of_day: int,
) -> dict[str, Any]:
    explained = explain(configuration, windows, as_of_day)
    dropped: dict[str, int] = {}
    for day in explained.days:
        for window in day.windows:
            if window.reason != "counted":
                dropped[window.reason] = dropped.get(window.reason, 0) + 1
    scans = [scan for window in windows for scan in window.scans]
    return {
        "verdict": agreement.verdict.value,
        "contact_share": round(agreement.contact_share, 4),
        "case_share": round(agreement.case_share, 4),
        "nearest_db": min((scan.min_attenuation_db for scan in scans), default=None),
        "days": [
            {
                "day": iso_day(day.day),
                "minutes": round(day.minutes, 1),
                "value": round(day.value, 1),
                "unit": day.unit,
                "level": day.level.name.lower(),
            }
            for day in days
        ],
        "dropped": dropped,
        "rule": {
            "name": configuration.name,
            "version": configuration.version,
            "digest": configuration.digest[:12],
        },
    }
