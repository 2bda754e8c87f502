"""From what was heard to what is known: the whole estimator, one call per arrow."""

from typing import NamedTuple

from proximity.ranging.encounters import Devices, Encounters
from proximity.ranging.levels import levels_of
from proximity.ranging.looks import Heard, Looks, looks_of
from proximity.ranging.motion import Samples, samples_of
from proximity.ranging.offsets import Distances, distances_of
from proximity.ranging.population import Population


class Estimate(NamedTuple):
    """What is known after everything was heard.

    Attributes
    ----------
    distances : Distances
        Of each encounter.
    samples : Samples
        How each moved.
    """

    distances: Distances
    samples: Samples


def estimate(
    heard: Heard, encounters: Encounters, devices: Devices, population: Population
) -> Estimate:
    """Estimate distances from everything that was heard together.

    Parameters
    ----------
    heard : Heard
    encounters : Encounters
    devices : Devices
    population : Population

    Returns
    -------
    Estimate
        The same bits for the same input; finite, whatever was heard.
    """
    return estimate_looks(looks_of(heard), encounters, devices, population)


def estimate_looks(
    looks: Looks, encounters: Encounters, devices: Devices, population: Population
) -> Estimate:
    """Estimate distances from looks; as `estimate`, for who has them already."""
    levels = levels_of(looks, len(encounters.first), population.fading)
    distances = distances_of(encounters, devices, levels, population)
    return Estimate(distances, samples_of(looks, levels, population.fading))
