"""The German rules: minutes weighted by attenuation and transmission risk."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from proximity.matching.exposure_window import Infectiousness
from proximity.protocol.diagnosis_key import ReportType
from proximity.scoring.dose import exact_sum, round_half_up, settle, weighted_seconds
from proximity.scoring.fields import Fields
from proximity.scoring.rule import Bucket, Levels, read_levels
from proximity.scoring.window_score import (
    Drop,
    Int64,
    WindowColumns,
    WindowScores,
    bucket_seconds,
    first_drop,
)

SECONDS_PER_MINUTE = 60.0
MAX_ATTENUATION_DB = 255
TRANSMISSION_RISK_LEVELS = 8
REPORT_TYPE_OFFSET = {
    ReportType.RECURSIVE: 0,
    ReportType.SELF_REPORT: 2,
    ReportType.CONFIRMED_CLINICAL_DIAGNOSIS: 4,
    ReportType.CONFIRMED_TEST: 6,
}
INFECTIOUSNESS_OFFSET = {Infectiousness.STANDARD: 1, Infectiousness.HIGH: 2}


@dataclass(frozen=True, slots=True)
class CwaFormula:
    """The formula of the Corona-Warn-App from version 1.9 on.

    Attributes
    ----------
    attenuation_limits_db, attenuation_weights
        A second at minimum attenuation below the first limit weighs the first weight,
        and so on; at or above the last limit, the last weight.
    filter_below_db, filter_minutes : float
        A window with fewer minutes below this attenuation is dropped; 0 minutes
        drops none.
    dropped_transmission_risk : tuple of float
        Windows of these transmission risk levels are dropped.
    transmission_risk_values : tuple of 8 floats
        What a minute is multiplied by at transmission risk level 1..8.
    window_levels, levels : Levels
        Of a window's value, and of a day's. A window without any level is dropped.
    day_decimals : int or None
        To how many decimals a day's value is rounded.
    """

    attenuation_limits_db: tuple[float, ...]
    attenuation_weights: tuple[float, ...]
    filter_below_db: float
    filter_minutes: float
    dropped_transmission_risk: tuple[float, ...]
    transmission_risk_values: tuple[float, ...]
    window_levels: Levels
    levels: Levels
    day_decimals: int | None

    @property
    def unit(self) -> str:
        """Weighted minutes."""
        return "min"

    @property
    def buckets(self) -> tuple[Bucket, ...]:
        """By minimum attenuation; a limit belongs to the bucket above it."""
        names = [f"< {limit:g} dB" for limit in self.attenuation_limits_db]
        names.append(f">= {self.attenuation_limits_db[-1]:g} dB")
        return tuple(map(Bucket, names, self.attenuation_weights))

    def score_windows(self, columns: WindowColumns) -> WindowScores:
        """Score each window by itself; docs/reference/scoring.md#cwa."""
        n = len(columns.day)
        limits = np.array(self.attenuation_limits_db)
        # A limit itself belongs to the bucket above it: below 55 dB is 55 exclusive.
        bucket = np.searchsorted(limits, columns.min_db, side="right")
        bucket_s = bucket_seconds(columns, bucket, len(limits) + 1)
        level = transmission_risk_level(columns)
        factor = np.array((0.0, *self.transmission_risk_values))[level]
        weighted = weighted_seconds(bucket_s, self.attenuation_weights)
        value = settle(weighted * factor / SECONDS_PER_MINUTE)
        below = (columns.min_db < self.filter_below_db).astype(np.int64)
        filter_s = bucket_seconds(columns, below, 2)[:, 1]
        drop = first_drop(
            n,
            (~np.isin(columns.report_type, list(REPORT_TYPE_OFFSET)), Drop.REPORT_TYPE),
            (columns.infectiousness == Infectiousness.NONE, Drop.INFECTIOUSNESS),
            (filter_s < self.filter_minutes * SECONDS_PER_MINUTE, Drop.TOO_SHORT),
            (
                np.isin(level, self.dropped_transmission_risk),
                Drop.TRANSMISSION_RISK,
            ),
            (value < (self.window_levels.low_from or 0.0), Drop.MINIMUM_SCORE),
        )
        return WindowScores(
            value=np.where(drop == Drop.COUNTED, value, 0.0),
            drop=drop,
            near=np.array(self.attenuation_weights)[bucket] > 0,
            bucket_s=bucket_s,
            factors={"transmission_risk": factor},
        )

    def day_value(self, values: Sequence[float]) -> float:
        """Add the windows of a day."""
        total = exact_sum(values)
        if self.day_decimals is None:
            return total
        return round_half_up(total, self.day_decimals)


def transmission_risk_level(columns: WindowColumns) -> Int64:
    """Return 1..8 from report type and infectiousness; 0 where either has no place.

    Source: docs/reference/scoring.md#cwa.
    """
    report = np.zeros(len(columns.day), np.int64)
    infectious = np.zeros(len(columns.day), np.int64)
    known = np.isin(columns.report_type, list(REPORT_TYPE_OFFSET))
    for report_type, offset in REPORT_TYPE_OFFSET.items():
        report[columns.report_type == report_type] = offset
    for infectiousness, offset in INFECTIOUSNESS_OFFSET.items():
        infectious[columns.infectiousness == infectiousness] = offset
    return np.where(known & (infectious > 0), report + infectious, 0)


def read_cwa(fields: Fields) -> CwaFormula:
    """Return the formula with the parameters of a configuration.

    Raises
    ------
    FormatError
        Naming the field.
    """
    limits = fields.ascending("attenuation_limits_db", range(1, 9), MAX_ATTENUATION_DB)
    count = range(len(limits) + 1, len(limits) + 2)
    risk_levels = range(TRANSMISSION_RISK_LEVELS, TRANSMISSION_RISK_LEVELS + 1)
    formula = CwaFormula(
        attenuation_limits_db=limits,
        attenuation_weights=fields.numbers("attenuation_weights", count, 0, 10),
        filter_below_db=fields.number("filter_below_db", 0, MAX_ATTENUATION_DB),
        filter_minutes=fields.number("filter_minutes", 0, 1440),
        dropped_transmission_risk=fields.numbers(
            "dropped_transmission_risk", range(TRANSMISSION_RISK_LEVELS + 1), 1, 8
        ),
        transmission_risk_values=fields.numbers(
            "transmission_risk_values", risk_levels, 0, 10
        ),
        window_levels=read_levels(fields.member("window_levels")),
        levels=read_levels(fields.member("day_levels")),
        day_decimals=fields.integer("day_decimals", 0, 6)
        if fields.has("day_decimals")
        else None,
    )
    fields.finish()
    return formula
