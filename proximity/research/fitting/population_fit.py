"""Collections with known distances in, a population out."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace

import numpy as np

from proximity.errors import EvaluationError
from proximity.ranging.levels import levels_of
from proximity.ranging.population import Fading, Offset, Population
from proximity.research.datasets.signals import Collection
from proximity.research.fitting.distance_fit import MANY_PLACES, fit_distances
from proximity.research.fitting.fading_fit import fit_fading
from proximity.research.fitting.labelled import Labelled, all_labelled
from proximity.research.fitting.level_fit import LevelFit, LevelRows, fit_levels

# Heavier than normal: bodies turn, phones lie.
FREEDOM = 12.0
# Where nothing was heard for long enough to tell. Its slope is also that of the first
# round, of which the second needs no more than its size.
USUAL_FADING = Fading(12.0, 0.1, 2.8, 3.0, 1.5, 150.0)
# How far apart people are, by place, decades: between the five scenes of exp05. A grid,
# which holds every distance equally often in every place, cannot tell.
GRID_PLACE_SD = 0.1
_ROUNDS = 2
_DECIMALS = 4


def fit_population(collections: Sequence[Collection]) -> Population:
    """Fit a population.

    Parameters
    ----------
    collections : sequence of Collection
        All with calibrated power, or all without; what states no distance is left out.

    Returns
    -------
    Population

    Raises
    ------
    EvaluationError
        If less than two encounters have a known distance.
    """
    found = all_labelled(collections)
    if sum(len(np.unique(each.looks.encounter)) for each in found) < 2:
        raise EvaluationError(
            "There are too few encounters with a known distance to fit anything.",
            "Give more collections, or others.",
        )
    models = sorted({name for each in found for name in each.models if name})
    is_grid = any(collection.segments for collection in collections)
    by_model = _can_tell_models(found)
    keys = models if by_model else _carriages(found)
    slope_db = USUAL_FADING.slope_db
    for _ in range(_ROUNDS):
        fading = fit_fading(found, slope_db) or USUAL_FADING
        if is_grid:
            fading = fading._replace(motion_sd=USUAL_FADING.motion_sd)
        rows = [_rows(each, keys, fading, by_model=by_model) for each in found]
        levels = fit_levels(rows, len(keys))
        slope_db = max(levels.slope_db, 1.0)
    distances = fit_distances(found)
    offsets = dict(zip(keys, levels.offsets, strict=True))
    return _rounded(
        Population(
            **fading._replace(slope_db=slope_db)._asdict(),
            level_db=levels.level_db,
            send_sd=float(np.hypot(levels.send_sd, levels.key_send_sd)),
            hear_sd=float(np.hypot(levels.hear_sd, levels.key_hear_sd)),
            send_hear_correlation=_correlation(levels),
            known_send_sd=levels.send_sd,
            known_hear_sd=levels.hear_sd,
            known_correlation=levels.correlation,
            link_sd=levels.link_sd,
            direction_sd=levels.direction_sd,
            place_sd=levels.place_sd if len(found) >= MANY_PLACES else 0.0,
            distance_log10=distances.log10_m,
            distance_place_sd=GRID_PLACE_SD if is_grid else distances.place_sd,
            distance_device_sd=distances.device_sd,
            distance_pair_sd=distances.pair_sd,
            freedom=FREEDOM,
            models=offsets if by_model else {},
            carriages={} if by_model else offsets,
        )
    )


def _rounded(population: Population) -> Population:
    """Return it as a file can be read by people: four digits after the point."""

    def rounded(value: object) -> object:
        if isinstance(value, Mapping):
            return {
                key: Offset(*(round(each, _DECIMALS) for each in pair))
                for key, pair in value.items()
            }
        return round(value, _DECIMALS) if isinstance(value, float) else value

    numbers = {f.name: rounded(getattr(population, f.name)) for f in fields(Population)}
    return replace(population, **numbers)  # type: ignore[arg-type]  # by name


def _can_tell_models(found: Sequence[Labelled]) -> bool:
    """Tell whether a collection has several models on both sides.

    Of two phones in one place, nobody can tell the phones from the place.
    """
    return any(len(set(each.models) - {""}) > 2 for each in found)


def _carriages(found: Sequence[Labelled]) -> list[str]:
    return sorted({name for each in found for name in each.carriages if name})


def _rows(
    each: Labelled, keys: Sequence[str], fading: Fading, *, by_model: bool
) -> LevelRows:
    looks = each.looks
    count = len(each.first)
    levels = levels_of(looks, count, fading)
    truth = levels_of(looks._replace(attenuation_db=each.log10_m), count, fading)
    encounter, side = np.nonzero(np.isfinite(levels.variance))
    number = {name: i for i, name in enumerate(keys)}
    names = each.models if by_model else each.carriages
    key = np.array([number.get(name, -1) for name in names] or [-1], np.int64)
    ends = np.stack((each.first, each.second), axis=1)
    receiver, sender = ends[encounter, side], ends[encounter, 1 - side]
    return LevelRows(
        levels.level_db[encounter, side],
        truth.level_db[encounter, side],
        levels.variance[encounter, side],
        sender,
        receiver,
        encounter,
        key[sender],
        key[receiver],
    )


def _correlation(levels: LevelFit) -> float:
    """Return the correlation of sending and hearing of a device of unknown model."""
    send = np.array([offset.send_db for offset in levels.offsets])
    hear = np.array([offset.hear_db for offset in levels.offsets])
    between = float(np.mean(send * hear)) if len(send) else 0.0
    within = levels.correlation * levels.send_sd * levels.hear_sd
    total = np.hypot(levels.send_sd, levels.key_send_sd) * np.hypot(
        levels.hear_sd, levels.key_hear_sd
    )
    return float(np.clip((between + within) / max(total, 1e-6), -0.95, 0.95))
