"""Exposure Notification version 2: daily summaries of weighted minutes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from proximity.matching.exposure_window import Infectiousness
from proximity.protocol.diagnosis_key import ReportType
from proximity.scoring.dose import exact_sum, settle, weighted_seconds
from proximity.scoring.fields import Fields
from proximity.scoring.rule import Bucket, Levels, read_levels
from proximity.scoring.window_score import (
    Drop,
    WindowColumns,
    WindowScores,
    bucket_seconds,
    first_drop,
)

SECONDS_PER_MINUTE = 60.0
MAX_ATTENUATION_DB = 255
MAX_WEIGHT = 2.5
LIMITS = range(3, 4)
BUCKETS = range(4, 5)
REPORT_TYPES = (
    ReportType.CONFIRMED_TEST,
    ReportType.CONFIRMED_CLINICAL_DIAGNOSIS,
    ReportType.SELF_REPORT,
    ReportType.RECURSIVE,
)


@dataclass(frozen=True, slots=True)
class EnV2Formula:
    """Daily summaries as the platforms compute them, in minutes.

    Attributes
    ----------
    attenuation_limits_db : tuple of 3 floats
        A second at typical attenuation up to the first limit is immediate, up to the
        second near, up to the third medium, else other.
    attenuation_weights : tuple of 4 floats
        0..2.5, of a second in each.
    report_type_weights : tuple of 4 floats
        0..2.5, of confirmed test, clinical diagnosis, self report, recursive.
    infectiousness_weights : tuple of 2 floats
        0..2.5, of standard and high; a window of none is dropped.
    minimum_window_minutes : float
        A window with a smaller value is dropped.
    levels : Levels
        Of a day's value.
    """

    attenuation_limits_db: tuple[float, ...]
    attenuation_weights: tuple[float, ...]
    report_type_weights: tuple[float, ...]
    infectiousness_weights: tuple[float, ...]
    minimum_window_minutes: float
    levels: Levels

    @property
    def unit(self) -> str:
        """Weighted minutes; the platforms' own scores are 60 times as large."""
        return "min"

    @property
    def buckets(self) -> tuple[Bucket, ...]:
        """By typical attenuation; a limit belongs to the bucket below it."""
        names = [f"<= {limit:g} dB" for limit in self.attenuation_limits_db]
        names.append(f"> {self.attenuation_limits_db[-1]:g} dB")
        return tuple(map(Bucket, names, self.attenuation_weights))

    def score_windows(self, columns: WindowColumns) -> WindowScores:
        """Score each window by itself; docs/reference/scoring.md#en-v2."""
        limits = np.array(self.attenuation_limits_db)
        # A limit itself belongs to the bucket below it: immediate is <= 55 dB.
        bucket = np.searchsorted(limits, columns.typical_db, side="left")
        bucket_s = bucket_seconds(columns, bucket, len(limits) + 1)
        weighted = weighted_seconds(bucket_s, self.attenuation_weights)
        known = np.isin(columns.report_type, REPORT_TYPES)
        report_weights = np.array((0.0, *self.report_type_weights))
        report = report_weights[np.where(known, columns.report_type, 0)]
        infectious = np.array((0.0, *self.infectiousness_weights))
        infectiousness = infectious[columns.infectiousness]
        value = settle(weighted * report * infectiousness / SECONDS_PER_MINUTE)
        none = columns.infectiousness == Infectiousness.NONE
        drop = first_drop(
            len(columns.day),
            (~known, Drop.REPORT_TYPE),
            (none, Drop.INFECTIOUSNESS),
            (value < self.minimum_window_minutes, Drop.MINIMUM_SCORE),
        )
        return WindowScores(
            value=np.where(drop == Drop.COUNTED, value, 0.0),
            drop=drop,
            near=np.array(self.attenuation_weights)[bucket] > 0,
            bucket_s=bucket_s,
            factors={"report_type": report, "infectiousness": infectiousness},
        )

    def day_value(self, values: Sequence[float]) -> float:
        """Add the windows of a day."""
        return exact_sum(values)


def read_en_v2(fields: Fields) -> EnV2Formula:
    """Return the formula with the parameters of a configuration.

    Raises
    ------
    FormatError
        Naming the field.
    """
    formula = EnV2Formula(
        attenuation_limits_db=fields.ascending(
            "attenuation_limits_db", LIMITS, MAX_ATTENUATION_DB
        ),
        attenuation_weights=fields.numbers(
            "attenuation_weights", BUCKETS, 0, MAX_WEIGHT
        ),
        report_type_weights=fields.numbers(
            "report_type_weights", BUCKETS, 0, MAX_WEIGHT
        ),
        infectiousness_weights=fields.numbers(
            "infectiousness_weights", range(2, 3), 0, MAX_WEIGHT
        ),
        minimum_window_minutes=fields.number("minimum_window_minutes", 0, 1440),
        levels=read_levels(fields.member("day_levels")),
    )
    fields.finish()
    return formula
