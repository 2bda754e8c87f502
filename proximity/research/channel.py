"""A model of what phones hear of each other, in line with measured signals.

Attenuation = loss at 1 m + 10 n log10(distance) + what both carriages cost
+ receiver and sender offsets + a slow part that the pair shares (bodies turning)
+ a fast part of each advertisement. The figures come from fits to the five DP-3T
scenarios: docs/explanation/synthetic-evening.md.
"""

from dataclasses import dataclass
from itertools import combinations
from math import exp

import numpy as np
from numpy.typing import NDArray

from proximity.protocol.sighting import Scans
from proximity.research.floor_plan import Person, carriage_db, wander
from proximity.research.world import Reach, Tracks, distance_m
from proximity.units import MS_PER_S


@dataclass(frozen=True, slots=True)
class Channel:
    """Figures of the model; decibels unless the name says otherwise.

    Attributes
    ----------
    loss_at_1_m_db, exponent : float
        Mean attenuation at 1 m between two phones on a table, and its slope.
    nearest_m : float
        Below this the loss no longer falls.
    receiver_sd_db, sender_sd_db : float
        Spread of the phones.
    slow_sd_db, slow_time_s : float
        Spread and correlation time of what bodies do.
    fast_sd_db : float
        Spread from one advertisement to the next.
    heard_share : float
        Share of strong advertisements that a scan hears; others collide, or
        fall on a channel on which the phone does not listen.
    floor_dbm, floor_width_db : float
        Half of the advertisements at the floor are lost, and how sharp that is.
    """

    loss_at_1_m_db: float = 56.0
    exponent: float = 1.8
    nearest_m: float = 0.3
    receiver_sd_db: float = 2.5
    sender_sd_db: float = 2.5
    slow_sd_db: float = 4.3
    slow_time_s: float = 45.0
    fast_sd_db: float = 3.1
    heard_share: float = 0.55
    floor_dbm: float = -98.0
    floor_width_db: float = 1.5


# Scans as exposure notification makes them: four seconds, every 2.5-5 minutes.
SCAN_MS = 4_000
SHORTEST_PAUSE_S = 150
LONGEST_PAUSE_S = 300
# RSSI as controllers report it.
_LEAST_DBM, _MOST_DBM = -110, 20


def reach_of(
    people: tuple[Person, ...],
    tracks: Tracks,
    channel: Channel,
    generator: np.random.Generator,
) -> Reach:
    """Return how advertisements travel between the phones of these people.

    Parameters
    ----------
    people : tuple of Person
    tracks : Tracks
        Row i is `people[i]`; one frame a second, without a gap.
    channel : Channel
    generator : np.random.Generator
        Draws the phones and the bodies now, and each advertisement when it is sent.

    Returns
    -------
    callable
        See `Air.reach`.
    """
    power_dbm: list[list[list[float]]] = _power_dbm(
        people, tracks, channel, generator
    ).tolist()
    start_s = int(tracks.t_ms[0]) / MS_PER_S
    last = tracks.t_ms.size - 1

    def reach(sender: int, receiver: int, t_s: float) -> int | None:
        second = min(max(int(t_s - start_s), 0), last)
        mean_dbm = power_dbm[receiver][sender][second]
        rssi_dbm = mean_dbm + channel.fast_sd_db * generator.standard_normal()
        over_floor = (rssi_dbm - channel.floor_dbm) / channel.floor_width_db
        # Bounded, so that the exponential of something far away does not overflow.
        lost = 1 + exp(-min(max(over_floor, -50.0), 50.0))
        if generator.random() * lost >= channel.heard_share:
            return None
        return min(max(round(rssi_dbm), _LEAST_DBM), _MOST_DBM)

    return reach


def mean_loss_db(
    distance: NDArray[np.float64], channel: Channel
) -> NDArray[np.float64]:
    """Return the mean attenuation between two phones on a table.

    Parameters
    ----------
    distance : float64[n]
        Metres.
    channel : Channel

    Returns
    -------
    float64[n]
        Decibels.
    """
    metres = np.maximum(distance, channel.nearest_m)
    return channel.loss_at_1_m_db + 10 * channel.exponent * np.log10(metres)


def _power_dbm(
    people: tuple[Person, ...],
    tracks: Tracks,
    channel: Channel,
    generator: np.random.Generator,
) -> NDArray[np.float64]:
    """Return the mean RSSI of each second: float64[receiver, sender, s]."""
    n, seconds = tracks.x_m.shape
    receiver_db = channel.receiver_sd_db * generator.standard_normal((n,))
    sender_db = channel.sender_sd_db * generator.standard_normal((n,))
    carried_db = np.stack([carriage_db(person) for person in people])
    loss_db = np.zeros((n, n, seconds))
    pairs = list(combinations(range(n), 2))
    slow = wander(generator, (len(pairs), seconds), channel.slow_time_s)
    for (a, b), turning in zip(pairs, slow, strict=True):
        shared_db = mean_loss_db(distance_m(tracks, a, b), channel)
        shared_db += carried_db[a] + carried_db[b] + channel.slow_sd_db * turning
        loss_db[a, b] = shared_db + receiver_db[a] + sender_db[b]
        loss_db[b, a] = shared_db + receiver_db[b] + sender_db[a]
    stated_dbm = np.array([person.tx_power_dbm for person in people], np.float64)
    return np.asarray(stated_dbm[:, None] - loss_db)


def scan_times(t_ms: NDArray[np.int64], generator: np.random.Generator) -> Scans:
    """Return when one phone listens.

    Parameters
    ----------
    t_ms : int64[k]
        Unix milliseconds, of which the first and the last count.
    generator : np.random.Generator

    Returns
    -------
    Scans
        Four seconds each, the first after a random phase.
    """
    length_ms = int(t_ms[-1] - t_ms[0])
    most = length_ms // (SHORTEST_PAUSE_S * MS_PER_S) + 1
    pauses_s = generator.uniform(SHORTEST_PAUSE_S, LONGEST_PAUSE_S, most)
    # The evening begins somewhere within the first pause.
    pauses_s[0] *= generator.random()
    after_ms = np.rint(np.cumsum(pauses_s) * MS_PER_S).astype(np.int64)
    after_ms = after_ms[after_ms + SCAN_MS <= length_ms]
    start_ms = t_ms[0] + after_ms
    return Scans(start_ms, start_ms + SCAN_MS, after_ms)
