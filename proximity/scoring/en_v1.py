"""Exposure Notification version 1: four scores from tables, multiplied."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from proximity.protocol.diagnosis_key import ReportType
from proximity.scoring.dose import SETTLED_DECIMALS, settle
from proximity.scoring.fields import Fields
from proximity.scoring.rule import Bucket, Levels, read_levels
from proximity.scoring.window_score import (
    Drop,
    Float64,
    Int64,
    WindowColumns,
    WindowScores,
    bucket_seconds,
    first_drop,
)

SECONDS_PER_MINUTE = 60.0
TABLE = range(8, 9)
MAX_SCORE = 8
# Tables run from the least to the greatest risk, so the first entry is for more than
# 73 dB, 14 days or more, no minute, level 1.
ATTENUATION_ABOVE_DB = np.array([10.0, 15.0, 27.0, 33.0, 51.0, 63.0, 73.0])
DAYS_AT_LEAST = np.array([2, 4, 6, 8, 10, 12, 14])
MINUTES_UP_TO = np.array([0.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0])
DURATION_STEP_MIN = 5.0


@dataclass(frozen=True, slots=True)
class EnV1Formula:
    """The product of the first version of the platform interface.

    Attributes
    ----------
    attenuation_scores, days_scores, duration_scores, transmission_scores
        Eight numbers 0..8 each; docs/reference/scoring.md#en-v1 names their buckets.
    minimum_score : float
        An exposure with a smaller score is dropped.
    levels : Levels
        Of a day's value.
    """

    attenuation_scores: tuple[float, ...]
    days_scores: tuple[float, ...]
    duration_scores: tuple[float, ...]
    transmission_scores: tuple[float, ...]
    minimum_score: float
    levels: Levels

    @property
    def unit(self) -> str:
        """A score without unit, 0..4096."""
        return "score"

    @property
    def buckets(self) -> tuple[Bucket, ...]:
        """By minimum attenuation, with the attenuation score of each."""
        names = [f"<= {limit:g} dB" for limit in ATTENUATION_ABOVE_DB]
        names.append(f"> {ATTENUATION_ABOVE_DB[-1]:g} dB")
        return tuple(map(Bucket, names, self.attenuation_scores[::-1]))

    def score_windows(self, columns: WindowColumns) -> WindowScores:
        """Score all windows of one key and day as one exposure.

        Each window carries the score of its exposure; docs/reference/scoring.md#en-v1.
        """
        exposure = _exposures(columns)
        by_db = self._by_attenuation(columns.min_db)
        factors = {
            "attenuation": self._by_attenuation(_attenuation_db(columns, exposure)),
            "days": self._by_days(columns.age),
            "duration": self._by_duration(_duration_min(columns, exposure)),
            "transmission_risk": self._by_transmission(columns.transmission_risk),
        }
        value = np.ones(len(columns.day), np.float64)
        for factor in factors.values():
            value = value * factor
        value = settle(value)
        revoked = columns.report_type == ReportType.REVOKED
        drop = first_drop(
            len(columns.day),
            (revoked, Drop.REPORT_TYPE),
            (value < self.minimum_score, Drop.MINIMUM_SCORE),
        )
        bucket = np.searchsorted(ATTENUATION_ABOVE_DB, columns.min_db, side="left")
        return WindowScores(
            value=np.where(drop == Drop.COUNTED, value, 0.0),
            drop=drop,
            near=by_db > 0,
            bucket_s=bucket_seconds(columns, bucket, len(ATTENUATION_ABOVE_DB) + 1),
            factors=factors,
        )

    def day_value(self, values: Sequence[float]) -> float:
        """Return the greatest score, as the summary of version 1 does."""
        return max(values, default=0.0)

    def _by_attenuation(self, attenuation_db: Float64) -> Float64:
        above = np.searchsorted(ATTENUATION_ABOVE_DB, attenuation_db, side="left")
        return np.array(self.attenuation_scores)[7 - above]

    def _by_days(self, age: Int64) -> Float64:
        at_least = np.searchsorted(DAYS_AT_LEAST, age, side="right")
        return np.array(self.days_scores)[7 - at_least]

    def _by_duration(self, minutes: Float64) -> Float64:
        bucket = np.searchsorted(MINUTES_UP_TO, minutes, side="left")
        return np.array(self.duration_scores)[bucket]

    def _by_transmission(self, level: Int64) -> Float64:
        # A key without a level has factor 1.
        return np.array((1.0, *self.transmission_scores))[np.clip(level, 0, MAX_SCORE)]


def read_en_v1(fields: Fields) -> EnV1Formula:
    """Return the formula with the tables of a configuration.

    Raises
    ------
    FormatError
        Naming the field.
    """
    formula = EnV1Formula(
        attenuation_scores=fields.numbers("attenuation_scores", TABLE, 0, MAX_SCORE),
        days_scores=fields.numbers("days_scores", TABLE, 0, MAX_SCORE),
        duration_scores=fields.numbers("duration_scores", TABLE, 0, MAX_SCORE),
        transmission_scores=fields.numbers("transmission_scores", TABLE, 0, MAX_SCORE),
        minimum_score=fields.number("minimum_score", 0, MAX_SCORE**4),
        levels=read_levels(fields.member("day_levels")),
    )
    fields.finish()
    return formula


def _exposures(columns: WindowColumns) -> Int64:
    """Give each window the number of its exposure: of one person, day and key."""
    names = np.stack([columns.group, columns.day, columns.key_index], axis=1)
    _, exposure = np.unique(names, axis=0, return_inverse=True)
    return exposure.reshape(-1)


def _attenuation_db(columns: WindowColumns, exposure: Int64) -> Float64:
    """Return each window's exposure's attenuation, weighted by time, rounded."""
    of_scan = exposure[columns.window]
    seconds = np.bincount(of_scan, columns.seconds, len(exposure))
    weighted = np.bincount(of_scan, columns.seconds * columns.min_db, len(exposure))
    # An exposure without time gets the greatest attenuation: it was never near.
    mean = np.full(len(exposure), np.inf)
    np.divide(weighted, seconds, out=mean, where=seconds > 0)
    rounded: Float64 = np.floor(np.round(mean, SETTLED_DECIMALS) + 0.5)[exposure]
    return rounded


def _duration_min(columns: WindowColumns, exposure: Int64) -> Float64:
    """Return each window's exposure's minutes, rounded to the nearest five."""
    of_scan = exposure[columns.window]
    seconds = np.bincount(of_scan, columns.seconds, len(exposure))
    steps = np.floor(seconds / (DURATION_STEP_MIN * SECONDS_PER_MINUTE) + 0.5)
    minutes: Float64 = (steps * DURATION_STEP_MIN)[exposure]
    return minutes
