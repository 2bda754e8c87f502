"""The way in to fitting: it alone is imported where the extra may be missing."""

from collections.abc import Callable, Sequence

from proximity.errors import MissingExtraError
from proximity.ranging.population import Population
from proximity.research.datasets.signals import Collection

Fit = Callable[[Sequence[Collection]], Population]


def fitter() -> Fit:
    """Return `population_fit.fit_population`.

    Raises
    ------
    MissingExtraError
        If what it needs is not installed.
    """
    try:
        # Of the extra `research`, so not at the top.
        from proximity.research.fitting.population_fit import (  # noqa: PLC0415
            fit_population,
        )
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("proximity"):
            raise
        raise MissingExtraError(
            f"Fitting parameters needs {error.name}, which is not installed.",
            "Install it with: pip install 'proximity[research]'",
        ) from error
    return fit_population
