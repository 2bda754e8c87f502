"""The phones of a world, each with a real engine over a real store."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from proximity.client.engine import Engine, EngineSettings, Surroundings
from proximity.client.network import Network
from proximity.client.own_broadcast import Form
from proximity.protocol.gaen import CalibrationConfidence
from proximity.protocol.key_file import KeyFile, UploadedKey
from proximity.protocol.scheme import Recognised, recognise
from proximity.protocol.sighting import MISSING_RSSI_DBM, Sighting
from proximity.research.world import World
from proximity.store.own_keys import list_keys
from proximity.store.scans import Scan
from proximity.store.schema import open_store
from proximity.store.sealing import SealingKey
from proximity.units import MS_PER_S, Clock, interval_of

_BACKEND = "recorded"


def phone_form(tx_power_dbm: int) -> Form:
    """Return how a phone of a world sends: its power was measured for its model."""
    return Form(tx_power_dbm, confidence=CalibrationConfidence.MEDIUM)


class VirtualTime:
    """A clock that goes where it is told to.

    Attributes
    ----------
    now_s : float
        Unix seconds.
    """

    def __init__(self, now_s: float) -> None:
        self.now_s = now_s

    @property
    def clock(self) -> Clock:
        """The same time as a `Clock`."""
        return Clock(wall=lambda: self.now_s, monotonic=lambda: self.now_s)


@dataclass(frozen=True, slots=True)
class Phone:
    """Where one phone keeps its store, and what seals it."""

    store: Path
    sealing: SealingKey


class Simulation(NamedTuple):
    """What the phones of a world share.

    Attributes
    ----------
    settings : EngineSettings
    network : Network
    generator : np.random.Generator
        Makes keys and addresses; the same state makes the same ones.
    """

    settings: EngineSettings
    network: Network
    generator: np.random.Generator


@contextmanager
def open_engine(phone: Phone, clock: Clock, simulation: Simulation) -> Iterator[Engine]:
    """Run a phone's engine for a while."""
    connection = open_store(phone.store)
    surroundings = Surroundings(clock, simulation.network, simulation.generator.bytes)
    try:
        yield Engine(connection, phone.sealing, simulation.settings, surroundings)
    finally:
        connection.close()


def live(world: World, folder: Path, simulation: Simulation) -> list[Phone]:
    """Let every phone advertise its own keys, and hear and store what it really heard.

    Parameters
    ----------
    world : World
    folder : Path
        Where the stores are made.
    simulation : Simulation

    Returns
    -------
    list of Phone
        In the order of `world.phones`; their stores are closed.
    """
    phones = new_phones(world, folder, simulation)
    air = _Air(phones, simulation)
    for index, phone in enumerate(phones):
        # Also a phone that nobody hears has a key of the day to report.
        air.hears(index, int(world.tracks.t_ms[0]), MISSING_RSSI_DBM, 0)
        _listen(world, index, phone, air)
    return phones


def new_phones(world: World, folder: Path, simulation: Simulation) -> list[Phone]:
    """Return a phone without a memory for each of a world, in their order."""
    return [
        Phone(folder / f"phone-{i}.sqlite", SealingKey(simulation.generator.bytes(32)))
        for i in range(len(world.phones))
    ]


def copy_phone(phone: Phone, store: Path) -> Phone:
    """Return a phone with the same memory; what it does leaves the first as it was."""
    shutil.copyfile(phone.store, store)
    return replace(phone, store=store)


def reported_keys(phone: Phone) -> KeyFile:
    """Return what the phone's owner hands out as a case with onset on that day."""
    connection = open_store(phone.store)
    try:
        own = list_keys(connection, phone.sealing)
    finally:
        connection.close()
    return KeyFile(
        tuple(
            UploadedKey(each.key, each.start_interval, each.period, days_since_onset=0)
            for each in own
        )
    )


class _Air:
    """What each phone sends in each interval, asked of its own engine once."""

    def __init__(self, phones: list[Phone], simulation: Simulation) -> None:
        self._phones = phones
        self.simulation = simulation
        self._sent: dict[tuple[int, int, int], Recognised] = {}
        self._addresses: dict[tuple[int, int], bytes] = {}

    def hears(
        self, sender: int, t_ms: int, rssi_dbm: int, tx_power_dbm: int
    ) -> Sighting:
        """Return what a receiver makes of one advertisement."""
        interval = interval_of(t_ms / MS_PER_S)
        kind = (sender, interval, tx_power_dbm)
        if kind not in self._sent:
            self._sent[kind] = self._send(sender, t_ms, tx_power_dbm)
        sent = self._sent[kind]
        return Sighting(
            t_ms,
            None if rssi_dbm == MISSING_RSSI_DBM else rssi_dbm,
            sent.scheme,
            sent.ephemeral_id,
            sent.metadata,
            self._address(sender, interval),
        )

    def _send(self, sender: int, t_ms: int, tx_power_dbm: int) -> Recognised:
        clock = VirtualTime(t_ms / MS_PER_S).clock
        with open_engine(self._phones[sender], clock, self.simulation) as engine:
            recognised = recognise(engine.advertisement(phone_form(tx_power_dbm)))
        if recognised is None:
            raise ValueError("an engine sent what no engine recognises")
        return recognised

    def _address(self, sender: int, interval: int) -> bytes:
        """Return a non-resolvable private address, which changes with the ID."""
        if (sender, interval) not in self._addresses:
            fresh = self.simulation.generator.bytes(6)
            self._addresses[sender, interval] = bytes([fresh[0] & 0x3F]) + fresh[1:]
        return self._addresses[sender, interval]


def _listen(world: World, listener: int, phone: Phone, air: _Air) -> None:
    """Store what one phone heard, and when it listened."""
    receptions, scans = world.receptions[listener], world.scans[listener]
    end_ms = max([0, *receptions.t_ms.tolist(), *scans.end_ms.tolist()])
    clock = VirtualTime(end_ms / MS_PER_S).clock
    with open_engine(phone, clock, air.simulation) as engine:
        for row in zip(*(column.tolist() for column in receptions), strict=True):
            engine.hear(air.hears(*row))
        for start, end, monotonic in zip(
            *(column.tolist() for column in scans), strict=True
        ):
            engine.scanned(Scan(start, end, _BACKEND, monotonic))
        engine.flush()
