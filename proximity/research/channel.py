"""A model of what phones hear of each other, in line with measured signals.

Attenuation = loss at 1 m + 10 n log10(distance) + what both carriages cost
+ receiver and sender offsets + a slow part that the pair shares (bodies turning)
+ a fast part of each advertisement. The figures come from fits to the five DP-3T
scenarios: docs/explanation/synthetic-evening.md.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from proximity.protocol.sighting import Scans
from proximity.research.floor_plan import Person, carriage_db, wander
from proximity.research.world import Receptions, Tracks, distance_m
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
ADVERTISEMENT_EVERY_MS = 270
ADVERTISEMENT_JITTER_MS = 10


def hear(
    people: tuple[Person, ...],
    tracks: Tracks,
    channel: Channel,
    generator: np.random.Generator,
) -> tuple[tuple[Receptions, ...], tuple[Scans, ...]]:
    """Let every phone scan, and return what each of them hears.

    Parameters
    ----------
    people : tuple of Person
    tracks : Tracks
        Row i is `people[i]`; one frame a second, without a gap.
    channel : Channel
    generator : np.random.Generator

    Returns
    -------
    receptions : tuple of Receptions
        One for each phone.
    scans : tuple of Scans
        One for each phone, also those that heard nothing.
    """
    loss_db = _loss_db(people, tracks, channel, generator)
    scans = tuple(_scan_times(tracks.t_ms, generator) for _ in people)
    air = [_advertisement_times(tracks.t_ms, generator) for _ in people]
    receptions = []
    for receiver, listening in enumerate(scans):
        heard = []
        for sender in range(len(people)):
            if sender != receiver:
                t_ms = _during(air[sender], listening)
                second = (t_ms - tracks.t_ms[0]) // MS_PER_S
                power_dbm = (
                    people[sender].tx_power_dbm - loss_db[receiver, sender, second]
                )
                heard.append((sender, *_measured(t_ms, power_dbm, channel, generator)))
        receptions.append(_gather(heard, people))
    return tuple(receptions), scans


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


def _loss_db(
    people: tuple[Person, ...],
    tracks: Tracks,
    channel: Channel,
    generator: np.random.Generator,
) -> NDArray[np.float64]:
    """Return the attenuation without its fast part: float64[receiver, sender, s]."""
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
    return loss_db


def _scan_times(t_ms: NDArray[np.int64], generator: np.random.Generator) -> Scans:
    length_ms = int(t_ms[-1] - t_ms[0])
    most = length_ms // (SHORTEST_PAUSE_S * MS_PER_S) + 1
    pauses_s = generator.uniform(SHORTEST_PAUSE_S, LONGEST_PAUSE_S, most)
    # The evening begins somewhere within the first pause.
    pauses_s[0] *= generator.random()
    after_ms = np.rint(np.cumsum(pauses_s) * MS_PER_S).astype(np.int64)
    after_ms = after_ms[after_ms + SCAN_MS <= length_ms]
    start_ms = t_ms[0] + after_ms
    return Scans(start_ms, start_ms + SCAN_MS, after_ms)


def _advertisement_times(
    t_ms: NDArray[np.int64], generator: np.random.Generator
) -> NDArray[np.int64]:
    count = int(t_ms[-1] - t_ms[0]) // ADVERTISEMENT_EVERY_MS
    pauses_ms = ADVERTISEMENT_EVERY_MS + generator.integers(
        0, ADVERTISEMENT_JITTER_MS, count, endpoint=True
    )
    return np.asarray(t_ms[0] + np.cumsum(pauses_ms), np.int64)


def _during(t_ms: NDArray[np.int64], scans: Scans) -> NDArray[np.int64]:
    scan = np.searchsorted(scans.start_ms, t_ms, side="right") - 1
    return t_ms[(scan >= 0) & (t_ms <= scans.end_ms[scan])]


def _measured(
    t_ms: NDArray[np.int64],
    power_dbm: NDArray[np.float64],
    channel: Channel,
    generator: np.random.Generator,
) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
    """Return the time and RSSI of the advertisements that got through."""
    rssi_dbm = power_dbm + generator.normal(0, channel.fast_sd_db, len(t_ms))
    over_floor = (rssi_dbm - channel.floor_dbm) / channel.floor_width_db
    # Bounded, so that the exponential of something far away does not overflow.
    chance = channel.heard_share / (1 + np.exp(-np.clip(over_floor, -50, 50)))
    heard = generator.random(len(t_ms)) < chance
    return t_ms[heard], np.rint(rssi_dbm[heard]).astype(np.int8)


def _gather(
    heard: list[tuple[int, NDArray[np.int64], NDArray[np.int8]]],
    people: tuple[Person, ...],
) -> Receptions:
    counts = [len(t_ms) for _, t_ms, _ in heard]
    transmitter = np.repeat(
        np.array([sender for sender, _, _ in heard], np.int64), counts
    )
    t_ms = np.concatenate([t_ms for _, t_ms, _ in heard])
    rssi_dbm = np.concatenate([rssi_dbm for _, _, rssi_dbm in heard])
    stated_dbm = np.array([person.tx_power_dbm for person in people], np.int8)
    order = np.argsort(t_ms, kind="stable")
    return Receptions(
        transmitter[order],
        t_ms[order],
        rssi_dbm[order],
        stated_dbm[transmitter[order]],
    )
