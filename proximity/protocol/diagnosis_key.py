"""Diagnosis keys: temporary exposure keys that their owner has published."""

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# `days_since_onset` of a key that was published without one.
NO_ONSET = -32_768


class ReportType(IntEnum):
    """Why a key was published; numbers of the export format."""

    UNKNOWN = 0
    CONFIRMED_TEST = 1
    CONFIRMED_CLINICAL_DIAGNOSIS = 2
    SELF_REPORT = 3
    RECURSIVE = 4
    REVOKED = 5


# What an authority may make of a key that is published as something.
REVISIONS: Mapping[ReportType, frozenset[ReportType]] = {
    ReportType.SELF_REPORT: frozenset(
        {
            ReportType.CONFIRMED_TEST,
            ReportType.CONFIRMED_CLINICAL_DIAGNOSIS,
            ReportType.REVOKED,
        }
    ),
    ReportType.CONFIRMED_CLINICAL_DIAGNOSIS: frozenset(
        {ReportType.CONFIRMED_TEST, ReportType.REVOKED}
    ),
    # The reference has no way back from a confirmed test; a laboratory may err.
    ReportType.CONFIRMED_TEST: frozenset({ReportType.REVOKED}),
    # Published apart from the others; a contact that becomes a case is a new key there.
    ReportType.RECURSIVE: frozenset({ReportType.REVOKED}),
}


class DiagnosisKeys(NamedTuple):
    """Diagnosis keys in columns, in the order of the file they came from.

    Attributes
    ----------
    key : uint8[n, 16]
    start_interval : int64[n]
        First ten-minute interval of validity, 0..2**31 - 1.
    period : int64[n]
        Number of intervals of validity, 1..144.
    report_type : uint8[n]
        `ReportType`.
    days_since_onset : int16[n]
        Day of the key minus day of symptom onset; `NO_ONSET` where absent.
    transmission_risk : uint8[n]
        0..8; deprecated by the format, used by version 1 scoring.
    """

    key: NDArray[np.uint8]
    start_interval: NDArray[np.int64]
    period: NDArray[np.int64]
    report_type: NDArray[np.uint8]
    days_since_onset: NDArray[np.int16]
    transmission_risk: NDArray[np.uint8]

    def __repr__(self) -> str:
        """Tell how many keys there are, never what they are."""
        return f"<DiagnosisKeys n={len(self.key)}>"


def concatenate_keys(blocks: Sequence[DiagnosisKeys]) -> DiagnosisKeys:
    """Join blocks of keys, in order; no blocks give no keys."""
    if not blocks:
        return DiagnosisKeys(
            key=np.zeros((0, 16), np.uint8),
            start_interval=np.zeros(0, np.int64),
            period=np.zeros(0, np.int64),
            report_type=np.zeros(0, np.uint8),
            days_since_onset=np.zeros(0, np.int16),
            transmission_risk=np.zeros(0, np.uint8),
        )
    return DiagnosisKeys(
        *(np.concatenate(column) for column in zip(*blocks, strict=True))
    )
