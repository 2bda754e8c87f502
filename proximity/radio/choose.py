"""Which backends this machine has, and opening one of them.

The libraries of a backend are imported when it is asked for, not before.
"""

import importlib
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from proximity.errors import (
    AdvertisingUnsupportedError,
    PermissionDeniedError,
    ProximityError,
    RadioError,
)
from proximity.protocol.carrier import DEFAULT_PROFILE, DeploymentProfile
from proximity.radio import linux_mgmt
from proximity.radio.advertiser import Advertiser
from proximity.radio.capabilities import Capabilities
from proximity.radio.scanner import Scanner
from proximity.units import Clock

LINUX_MGMT = "linux-mgmt"
BLUEZ = "bluez"
BLEAK = "bleak"
# Where a controller of its own may be, as bumble names it; the rest of bumble's names
# are for emulators, or wait for somebody to connect.
TRANSPORTS = ("usb", "pyusb", "serial", "tcp-client", "unix", "hci-socket")

_NO_CARRIER = Capabilities(
    all_rssi=False,
    interval_control=False,
    address_rotation=False,
    carriers=frozenset(),
    privileged=False,
)


@dataclass(frozen=True, slots=True)
class Radio:
    """A scanner and the advertiser beside it.

    Attributes
    ----------
    backend : str
        The name under which it was opened.
    scanner : Scanner
    advertiser : Advertiser
        Where the system has none, one that says so when it is used.
    """

    backend: str
    scanner: Scanner
    advertiser: Advertiser


@dataclass(frozen=True, slots=True)
class Found:
    """A backend of this machine.

    Attributes
    ----------
    backend : str
        Name, as `open_radio` takes it.
    error : ProximityError or None
        Why it cannot be used now; None if it can.
    """

    backend: str
    error: ProximityError | None


class ListenOnly:
    """The advertiser of a system that lets nobody advertise what is needed."""

    capabilities = _NO_CARRIER

    async def set_frame(self, data: bytes, interval_ms: int) -> None:
        """Refuse, as `Advertiser.set_frame` says."""
        raise AdvertisingUnsupportedError(
            "This system does not let a program advertise an ID.",
            "It still listens; an adapter of your own can send: `--backend usb:0`.",
        )

    async def stop(self) -> None:
        """Do nothing: nothing is sent."""


def backends(system: str = sys.platform) -> tuple[str, ...]:
    """Return the names of the system's own backends, the best first.

    Parameters
    ----------
    system : str
        As `sys.platform` names it.

    Returns
    -------
    tuple of str
        An adapter on a transport of its own, such as "usb:0", comes on top of these.
    """
    return (LINUX_MGMT, BLUEZ) if system == "linux" else (BLEAK,)


def is_transport(name: str) -> bool:
    """Tell whether a name is that of a transport, such as "usb:0"."""
    kind, colon, place = name.partition(":")
    return bool(colon and place) and kind in TRANSPORTS


async def survey(clock: Clock) -> tuple[Found, ...]:
    """Try every backend of this system, the best first; nothing goes on air.

    Parameters
    ----------
    clock : Clock

    Returns
    -------
    tuple of Found
        macOS and Windows tell only at the first scan whether they let it.
    """
    found = []
    for name in backends():
        error = None
        try:
            await _check(name, clock)
        except ProximityError as problem:
            error = problem
        found.append(Found(name, error))
    return tuple(found)


@asynccontextmanager
async def open_radio(
    backend: str | None,
    clock: Clock,
    entropy: Callable[[int], bytes],
    profile: DeploymentProfile = DEFAULT_PROFILE,
) -> AsyncIterator[Radio]:
    """Open a backend by name, or the best that can be used now.

    Parameters
    ----------
    backend : str or None
        A name of `backends`, or a transport as bumble names it, such as "usb:0".
    clock : Clock
        Stamps what is heard.
    entropy : callable of int -> bytes
        Where addresses come from, on a transport; systems draw their own.
    profile : DeploymentProfile
        Whose IDs are listened for.

    Yields
    ------
    Radio
        Its advertiser is stopped when the context ends.

    Raises
    ------
    RadioError
        If the name is unknown, or nothing can be used: the error of the first choice,
        or of the next where the first lacks a privilege.
    """
    if backend is not None and is_transport(backend):
        transport = importlib.import_module("proximity.radio.bumble_transport")
        settings = importlib.import_module("proximity.radio.hci_radio").HciSettings
        async with transport.open_radio(
            backend, settings(transport.BACKEND, clock, entropy, profile)
        ) as both:
            yield Radio(backend, both, both)
        return
    radio = _open(backend or await _best(clock), clock, profile)
    try:
        yield radio
    finally:
        await radio.advertiser.stop()


async def _best(clock: Clock) -> str:
    found = await survey(clock)
    for each in found:
        if each.error is None:
            return each.backend
    errors = [each.error for each in found if each.error is not None]
    # Who lacks the privilege is better served by what the next backend says.
    named = [e for e in errors if not isinstance(e, PermissionDeniedError)] or errors
    raise named[0]


async def _check(name: str, clock: Clock) -> None:
    """Raise the error with which a backend would fail now."""
    if name == LINUX_MGMT:
        await linux_mgmt.check(clock)
    elif name == BLUEZ:
        bluez = importlib.import_module("proximity.radio.bluez_advertiser")
        await bluez.check()


def _open(name: str, clock: Clock, profile: DeploymentProfile) -> Radio:
    if name not in backends():
        raise RadioError(
            "There is no backend of that name on this system.",
            f"Use {', '.join(backends())}, or a transport such as usb:0.",
        )
    if name == LINUX_MGMT:
        scanner: Scanner = linux_mgmt.LinuxScanner(clock, profile=profile)
        return Radio(name, scanner, linux_mgmt.LinuxAdvertiser(clock))
    bleak = importlib.import_module("proximity.radio.bleak_scanner")
    if name == BLEAK:
        return Radio(name, bleak.BleakScanner(clock, profile=profile), ListenOnly())
    bluez = importlib.import_module("proximity.radio.bluez_advertiser")
    scanner = bleak.BleakScanner(clock, profile=profile, check=bluez.check)
    return Radio(name, scanner, bluez.BluezAdvertiser())
