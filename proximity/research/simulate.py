"""Each person of a world in turn is a case; everybody else's own phone finds out."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path

import numpy as np

from proximity.authority.publish.model import PublishSettings
from proximity.authority.publish.publisher import EXPORT_FOLDER, publish
from proximity.authority.publish.signing_keys import published_keys
from proximity.client.engine import EngineSettings
from proximity.client.network import HttpNetwork
from proximity.client.notification import Notification
from proximity.matching.exposure_window import ExposureWindow
from proximity.protocol.reception import Broadcast
from proximity.research.phones import (
    Phone,
    Simulation,
    VirtualTime,
    copy_phone,
    live,
    open_engine,
    reported_keys,
)
from proximity.research.static_server import serve_folder
from proximity.research.world import World
from proximity.scoring.config import Configuration
from proximity.units import DAY_S, MS_PER_S, day_of

Eavesdrop = Callable[[Broadcast, int], None]

# Ten minutes after the first moment at which the keys of a day may be published.
PUBLISHED_AFTER_MIDNIGHT_S = 2 * 3_600 + 600


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one phone made of one case.

    Attributes
    ----------
    case, contact : int
        Indices in `World.phones`.
    windows : tuple of ExposureWindow
    notifications : tuple of Notification
        What the contact was told by the rule that decides.
    handed_out : int
        How many keys the case handed out.
    """

    case: int
    contact: int
    windows: tuple[ExposureWindow, ...]
    notifications: tuple[Notification, ...]
    handed_out: int


def simulate(
    world: World,
    folder: Path,
    configuration: Configuration,
    generator: np.random.Generator,
    *,
    progress: Callable[[], None] = lambda: None,
    eavesdrop: Eavesdrop = lambda broadcast, t_ms: None,
) -> list[Verdict]:
    """Take a world through the straight line, once for each person as the case.

    The phones advertise and hear under the engine's own keys. The case's keys are
    published at 02:10 UTC of the next day, served over HTTP on loopback, fetched,
    verified, matched, scored and decided by every other phone.

    Parameters
    ----------
    world : World
    folder : Path
        Empty; takes the stores and the published directories.
    configuration : Configuration
        The rule that decides.
    generator : np.random.Generator
        Makes keys, addresses and padding.
    progress : callable
        Called once for each person.
    eavesdrop : callable of (Broadcast, int)
        Called with all that any phone hears on air, and when, Unix milliseconds.

    Returns
    -------
    list of Verdict
        One for each ordered pair of two phones.

    Raises
    ------
    ProximityError
        If an export of our own authority is refused: the line is broken.
    """
    settings = EngineSettings("", (), configuration)
    simulation = Simulation(settings, HttpNetwork(), generator)
    phones = _live(world, folder, simulation, eavesdrop)
    published_s = (day_of_world(world) + 1) * DAY_S + PUBLISHED_AFTER_MIDNIGHT_S
    verdicts: list[Verdict] = []
    directory = folder / "authority"
    # Nothing else is served: stores and signing keys lie in folders beside it.
    with serve_folder(directory / EXPORT_FOLDER) as address:
        for case, phone in enumerate(phones):
            handed_out = reported_keys(phone)
            publish(
                directory,
                [handed_out],
                PublishSettings(),
                now_s=published_s,
                entropy=generator.bytes,
            )
            believed = replace(
                settings,
                source_url=address,
                verification_keys=tuple(
                    pinned.verification_key for pinned in published_keys(directory)
                ),
            )
            at_home = simulation._replace(settings=believed)
            verdicts += [
                Verdict(case, *found, len(handed_out.keys))
                for found in _everyone_else(phones, case, published_s, at_home)
            ]
            shutil.rmtree(directory)
            progress()
    return verdicts


def day_of_world(world: World) -> int:
    """Return the UTC day number of a world's events."""
    return day_of(int(world.tracks.t_ms[0]) / MS_PER_S)


def _live(
    world: World, folder: Path, simulation: Simulation, eavesdrop: Eavesdrop
) -> list[Phone]:
    if world.air is None:
        return live(world, folder, simulation)
    # Loaded on demand: no other command waits for the import of virtual controllers.
    virtual_phones = import_module("proximity.research.virtual_phones")
    phones: list[Phone] = virtual_phones.live_on_air(
        world, folder, simulation, eavesdrop
    )
    return phones


def _everyone_else(
    phones: list[Phone], case: int, now_s: int, simulation: Simulation
) -> Iterator[tuple[int, tuple[ExposureWindow, ...], tuple[Notification, ...]]]:
    """Yield the number of each other phone, its windows and what its owner is told."""
    clock = VirtualTime(now_s).clock
    for contact, phone in enumerate(phones):
        if contact == case:
            continue
        own_copy = copy_phone(phone, phone.store.with_suffix(".copy"))
        with open_engine(own_copy, clock, simulation) as engine:
            for outcome in engine.update():
                if outcome.error is not None:
                    raise outcome.error
            windows = tuple(engine.windows())
            told = tuple(notice.notification for notice in engine.notices())
        yield contact, windows, told
