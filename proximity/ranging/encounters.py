"""Who met whom, where as far as it is known, and what is known of their devices."""

from typing import NamedTuple

import numpy as np

from proximity.ranging.looks import Bools, Float64, Int64
from proximity.ranging.population import Offset, Population

# Beyond so many, third devices no longer help to calibrate each other: the system of
# equations grows with their square.
MOST_SHARED = 400


class Encounters(NamedTuple):
    """Some encounters, each of two devices.

    Attributes
    ----------
    first, second : int64[n]
        Devices, as indices in `Devices`.
    place : int64[n]
        Encounters of one place and time have one number, from 0 on.
    """

    first: Int64
    second: Int64
    place: Int64


class Devices(NamedTuple):
    """What is known of some devices.

    Attributes
    ----------
    send_db, hear_db : float64[k]
        How much more than usual is lost in sending and in hearing.
    known : bool[k]
        Whether these come from a table; else they are 0.
    """

    send_db: Float64
    hear_db: Float64
    known: Bools


def devices_of(
    models: list[str], carriages: list[str], population: Population
) -> Devices:
    """Look up what a population says of models and carriages.

    Parameters
    ----------
    models, carriages : lists of k str
        "" where it is not known; what the population has not is not known either.
    population : Population
    """
    nothing = Offset(0.0, 0.0)
    found = [
        (population.models.get(model), population.carriages.get(carriage))
        for model, carriage in zip(models, carriages, strict=True)
    ]
    pairs = [(model or nothing, carriage or nothing) for model, carriage in found]
    return Devices(
        np.array([m.send_db + c.send_db for m, c in pairs], np.float64),
        np.array([m.hear_db + c.hear_db for m, c in pairs], np.float64),
        np.array([m is not None or c is not None for m, c in found], np.bool_),
    )


def shared_devices(encounters: Encounters, k: int) -> Int64:
    """Return the devices that met more than one other, those with most first."""
    met = np.bincount(
        np.concatenate((encounters.first, encounters.second)), minlength=k
    )
    shared = np.flatnonzero(met > 1)
    order = np.argsort(-met[shared], kind="stable")
    return shared[order][:MOST_SHARED].astype(np.int64)
