"""What one link of a case sounded like: attenuations, direction by direction."""

from typing import NamedTuple

import numpy as np

from proximity.research.datasets.signals import Float64, Int64
from proximity.research.evaluation.scorer import Ask, Case

# Stands in for a transmit power that is not known. It moves thresholds, not ranks,
# wherever it stands in for all.
ASSUMED_TX_POWER_DBM = 0.0


class Direction(NamedTuple):
    """What one device heard of the other during an ask.

    Attributes
    ----------
    receiver, sender : int
        Indices of devices.
    t_ms : int64[n]
        Every sighting, in time order.
    attenuation_db : float64[n]
        NaN where the RSSI was not measured.
    """

    receiver: int
    sender: int
    t_ms: Int64
    attenuation_db: Float64

    @property
    def measured_db(self) -> Float64:
        """The attenuations that were measured."""
        return self.attenuation_db[np.isfinite(self.attenuation_db)]


def directions(case: Case, ask: Ask) -> tuple[Direction, Direction]:
    """Return what a heard of b, and b of a, during an ask."""
    first, end = np.searchsorted(case.sightings.t_ms, (ask.start_ms, ask.end_ms + 1))
    heard = type(case.sightings)._make(c[first:end] for c in case.sightings)
    # Stated power that is not calibrated says little about what was radiated.
    believed = np.isfinite(heard.tx_power_dbm) & case.calibrated_power
    power = np.where(believed, heard.tx_power_dbm, ASSUMED_TX_POWER_DBM)
    attenuation_db = power - heard.rssi_dbm
    both = []
    for receiver, sender in ((ask.a, ask.b), (ask.b, ask.a)):
        mine = (heard.receiver == receiver) & (heard.sender == sender)
        both.append(Direction(receiver, sender, heard.t_ms[mine], attenuation_db[mine]))
    return both[0], both[1]
