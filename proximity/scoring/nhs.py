"""The rule of England and Wales: risk from smoothed distance, second by second."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from proximity.errors import TooLargeError
from proximity.protocol.diagnosis_key import ReportType
from proximity.scoring.distance_smoother import DistanceModel, smooth_distances
from proximity.scoring.dose import settle
from proximity.scoring.fields import Fields
from proximity.scoring.gamma_median import gamma_median
from proximity.scoring.rule import Bucket, Levels, read_levels
from proximity.scoring.window_score import (
    Drop,
    Float64,
    Int64,
    WindowColumns,
    WindowScores,
    first_drop,
)

# A window lasts half an hour; more than this is not one.
MAX_WINDOW_S = 21_600
# Seconds times windows that are smoothed at once; bounds the memory.
MAX_CELLS = 1_000_000
SMALLEST_M = 1e-9


@dataclass(frozen=True, slots=True)
class NhsFormula:
    """The risk score of the NHS COVID-19 app.

    Attributes
    ----------
    model : DistanceModel
    reference_m : float
        At this distance or nearer, a second counts fully; beyond, by the inverse
        square.
    near_m : float
        Scans whose attenuation the model expects within this distance count as near;
        for people, not for the risk.
    infectiousness_weights : tuple of 3 floats
        Of none, standard, high.
    levels : Levels
        Of a day's value.
    """

    model: DistanceModel
    reference_m: float
    near_m: float
    infectiousness_weights: tuple[float, ...]
    levels: Levels

    @property
    def unit(self) -> str:
        """Seconds at the reference distance or nearer."""
        return "risk"

    @property
    def buckets(self) -> tuple[Bucket, ...]:
        """None: the formula takes attenuation as it is."""
        return ()

    def score_windows(self, columns: WindowColumns) -> WindowScores:
        """Score each window by itself; docs/reference/scoring.md#nhs.

        Raises
        ------
        TooLargeError
            If a window covers more than six hours.
        """
        n = len(columns.day)
        weight = np.array(self.infectiousness_weights)[columns.infectiousness]
        drop = first_drop(
            n,
            (columns.report_type == ReportType.REVOKED, Drop.REPORT_TYPE),
            (weight == 0, Drop.INFECTIOUSNESS),
        )
        value = np.zeros(n, np.float64)
        counted = np.flatnonzero(drop == Drop.COUNTED)
        value[counted] = settle(self.dose_s(columns, counted) * weight[counted])
        near_db = math.exp(
            self.model.slope * math.log(self.near_m) + self.model.intercept
        )
        return WindowScores(
            value=value,
            drop=drop,
            near=columns.min_db <= near_db,
            bucket_s=np.zeros((n, 0), np.float64),
            factors={"infectiousness": weight},
        )

    def day_value(self, values: Sequence[float]) -> float:
        """Return the greatest risk: each window is judged by itself."""
        return max(values, default=0.0)

    def dose_s(self, columns: WindowColumns, windows: Int64) -> Float64:
        """Return each chosen window's seconds at reference distance.

        Parameters
        ----------
        columns : WindowColumns
        windows : int64[k]
            Which windows.

        Returns
        -------
        float64[k]
        """
        first = np.searchsorted(columns.window, np.arange(len(columns.day) + 1))
        places = [_places(columns.seconds[first[w] : first[w + 1]]) for w in windows]
        length = np.array([p[-1] + 1 if len(p) else 0 for p in places], np.int64)
        if length.max(initial=0) > MAX_WINDOW_S:
            message = f"an exposure window covers more than {MAX_WINDOW_S} seconds"
            raise TooLargeError(message, "Windows last half an hour; check the file.")
        dose = np.zeros(len(windows), np.float64)
        order = np.argsort(-length, kind="stable")
        order = order[length[order] > 0]
        while len(order):
            count = max(1, MAX_CELLS // int(length[order[0]]))
            block, order = order[:count], order[count:]
            observed = np.full((length[block[0]], len(block)), np.nan)
            for column, i in enumerate(block):
                w = windows[i]
                attenuation = columns.min_db[first[w] : first[w + 1]]
                observed[places[i], column] = _log_or_nan(attenuation)
            dose[block] = self._block_dose_s(observed, length[block])
        return dose

    def _block_dose_s(self, observed: Float64, seconds: Int64) -> Float64:
        estimate = smooth_distances(observed, seconds, self.model)
        used = np.arange(len(observed))[:, None] < seconds
        mean = np.where(used, np.maximum(np.abs(estimate.mean_m), SMALLEST_M), 1.0)
        variance = np.where(used, estimate.variance_m2, 1.0)
        distance_m = gamma_median(mean * mean / variance) * variance / mean
        nearness = (self.reference_m / np.maximum(distance_m, SMALLEST_M)) ** 2
        per_second = np.where(used, np.minimum(nearness, 1.0), 0.0)
        # A running sum adds in the order of time, whatever the number of columns.
        total: Float64 = np.cumsum(per_second, axis=0)[-1]
        return total


def read_nhs(fields: Fields) -> NhsFormula:
    """Return the formula with the parameters of a configuration.

    Raises
    ------
    FormatError
        Naming the field.
    """
    model = DistanceModel(
        prior_mean_m=fields.number("prior_mean_m", 0.01, 100),
        prior_variance_m2=fields.number("prior_variance_m2", 0.01, 1e4),
        step_m=fields.number("step_m", 0.001, 10),
        slope=fields.number("slope", 0.001, 10),
        intercept=fields.number("intercept", 0, 10),
        variance=fields.number("variance", 0.001, 100),
    )
    formula = NhsFormula(
        model=model,
        reference_m=fields.number("reference_m", 0.1, 10),
        near_m=fields.number("near_m", 0.1, 10),
        infectiousness_weights=fields.numbers(
            "infectiousness_weights", range(3, 4), 0, 10
        ),
        levels=read_levels(fields.member("day_levels")),
    )
    fields.finish()
    return formula


def _places(seconds: Float64) -> Int64:
    """Return the second of each scan, from 0 at the first; none twice."""
    if not len(seconds):
        return np.zeros(0, np.int64)
    elapsed = np.cumsum(np.concatenate([[0.0], seconds[1:]]))
    steps = np.arange(len(seconds))
    # Two scans within one second follow each other in consecutive seconds.
    capped = np.minimum(elapsed, 2.0 * MAX_WINDOW_S).astype(np.int64)
    places: Int64 = np.maximum.accumulate(capped - steps) + steps
    return places


def _log_or_nan(attenuation_db: Float64) -> Float64:
    """Return the logarithm; an attenuation of 0 observes nothing."""
    positive = attenuation_db > 0
    safe = np.where(positive, attenuation_db, 1.0)
    return np.where(positive, np.log(safe), np.nan)
