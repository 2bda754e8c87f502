"""The engine's own rule: the probability of a quarter of an hour within two metres.

Every other rule weighs decibels. This one asks the estimator of `ranging`, which sets
off what a person's encounters have in common and says how sure it is, and decides by
the probability that enough minutes were near enough.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from proximity.errors import FormatError
from proximity.protocol.diagnosis_key import ReportType
from proximity.ranging.population import Parameters, default_parameters
from proximity.scoring.dose import SETTLED_DECIMALS, exact_sum
from proximity.scoring.fields import Fields
from proximity.scoring.person_posterior import (
    Asking,
    PersonPosterior,
    Weighted,
    person_posterior,
)
from proximity.scoring.rule import Bucket, Levels, read_levels
from proximity.scoring.window_score import (
    Drop,
    Float64,
    Int64,
    WindowColumns,
    WindowScores,
    first_drop,
)

REPORT_TYPES = (
    ReportType.CONFIRMED_TEST,
    ReportType.CONFIRMED_CLINICAL_DIAGNOSIS,
    ReportType.SELF_REPORT,
    ReportType.RECURSIVE,
)
PERCENT = 100.0
_DIGEST_CHARACTERS = 64
_MAX_WEIGHT = 2.5
_EVEN = 0.5
_LEAST_S = 1e-9


@dataclass(frozen=True, slots=True)
class PosteriorFormula:
    """Probability of enough weighted minutes within a distance.

    Attributes
    ----------
    metres, minutes : float
        How near, and for how long.
    report_type_weights : tuple of 4 floats
        0..2.5, of a minute near a confirmed test, a clinical diagnosis, a self report,
        a recursive one.
    infectiousness_weights : tuple of 2 floats
        0..2.5, of standard and high; a window of none is dropped.
    levels : Levels
        Of a day's value, percent.
    parameters : Parameters
        Of the estimator.
    """

    metres: float
    minutes: float
    report_type_weights: tuple[float, ...]
    infectiousness_weights: tuple[float, ...]
    levels: Levels
    parameters: Parameters = field(repr=False)

    @property
    def unit(self) -> str:
        """Probability in percent."""
        return "percent"

    @property
    def buckets(self) -> tuple[Bucket, ...]:
        """None: the formula takes attenuation as it is."""
        return ()

    def score_windows(self, columns: WindowColumns) -> WindowScores:
        """Score all windows of a person together; docs/explanation/scoring.md#decision.

        A window's value is its share of its day's probability, by expected minutes.
        """
        weighted, factors = self._weighted(columns)
        value = np.zeros(len(columns.day))
        near = np.zeros(len(columns.window), np.bool_)
        for group in np.unique(columns.group).tolist():
            found = self._person(columns, weighted, group)
            if found is None:
                continue
            value[found.windows] = self.percent(found)[_day(columns, found)] * _share(
                columns, found
            )
            near[found.scans] = found.chance >= _EVEN
        return WindowScores(
            value=np.round(value, SETTLED_DECIMALS),
            drop=weighted.drop,
            near=near,
            bucket_s=np.zeros((len(columns.day), 0)),
            factors=factors,
        )

    def day_value(self, values: Sequence[float]) -> float:
        """Add the shares of a day: its probability in percent."""
        return min(exact_sum(values), PERCENT)

    def posterior(self, columns: WindowColumns) -> PersonPosterior | None:
        """Return what is known of the days of the first person; None of no window."""
        return self._person(columns, self._weighted(columns)[0], 0)

    def percent(self, found: PersonPosterior) -> Float64:
        """Return the probability of each day, percent: float64[d]."""
        wanted = np.full(len(found.days), self.minutes)
        return PERCENT * found.weighted.chance_of(wanted)

    def _person(
        self, columns: WindowColumns, weighted: Weighted, group: int
    ) -> PersonPosterior | None:
        asking = Asking(self.parameters, self.metres)
        return person_posterior(columns, weighted, group, asking)

    def _weighted(self, columns: WindowColumns) -> tuple[Weighted, dict[str, Float64]]:
        known = np.isin(columns.report_type, REPORT_TYPES)
        report_weights = np.array((0.0, *self.report_type_weights))
        report = report_weights[np.where(known, columns.report_type, 0)]
        infectious = np.array((0.0, *self.infectiousness_weights))
        infectiousness = infectious[columns.infectiousness]
        drop = first_drop(
            len(columns.day),
            (~known | (report == 0), Drop.REPORT_TYPE),
            (infectiousness == 0, Drop.INFECTIOUSNESS),
        )
        factors = {"report_type": report, "infectiousness": infectiousness}
        return Weighted(report * infectiousness, drop), factors


def _day(columns: WindowColumns, found: PersonPosterior) -> Int64:
    """Return to which day each counted window belongs."""
    return np.searchsorted(found.days, columns.day[found.windows])


def _share(columns: WindowColumns, found: PersonPosterior) -> Float64:
    """Return the part of its day that each counted window makes; they sum to 1."""
    day = _day(columns, found)
    # Of a day that was nowhere near, every window has the same part.
    expected = found.expected + _LEAST_S
    share: Float64 = expected / np.bincount(day, expected)[day]
    return share


def read_posterior(fields: Fields) -> PosteriorFormula:
    """Return the formula with the parameters of a configuration.

    Raises
    ------
    FormatError
        Naming the field; also if it needs other ranging parameters than these.
    """
    parameters = default_parameters()
    digest = fields.text("ranging_parameters", _DIGEST_CHARACTERS)
    if digest != parameters.digest:
        raise FormatError(
            "the configuration was made for other ranging parameters than these",
            "Use the version of this program that it was made for, or a newer one.",
        )
    formula = PosteriorFormula(
        metres=fields.number("metres", 0.5, 10),
        minutes=fields.number("minutes", 1, 1440),
        report_type_weights=fields.numbers(
            "report_type_weights", range(4, 5), 0, _MAX_WEIGHT
        ),
        infectiousness_weights=fields.numbers(
            "infectiousness_weights", range(2, 3), 0, _MAX_WEIGHT
        ),
        levels=read_levels(fields.member("day_levels")),
        parameters=parameters,
    )
    fields.finish()
    return formula
