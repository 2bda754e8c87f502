"""Virtual radios: as many as wanted, in one process, on one virtual air."""

import errno
import os

import numpy as np
from bumble.transport.common import BaseSource, Transport

from proximity.radio.hci_host import QuietHost
from proximity.radio.hci_radio import HciRadio, HciSettings
from proximity.radio.virtual_link import Reach, VirtualController, VirtualLink


class VirtualAir:
    """An air, and the radios on it, each a host over a real controller interface.

    Parameters
    ----------
    reach : callable
        Sender, receiver (numbered in the order of `join` and `port`) and time of the
        event loop to the RSSI in dBm, or None if the advertisement is lost.
    generator : np.random.Generator
        Draws the random delays of advertising.
    """

    def __init__(self, reach: Reach, generator: np.random.Generator) -> None:
        self._link = VirtualLink(reach, generator)
        self._parts: dict[int, tuple[VirtualController, QuietHost]] = {}

    async def join(self, settings: HciSettings) -> HciRadio:
        """Put one more radio on the air.

        Parameters
        ----------
        settings : HciSettings

        Returns
        -------
        HciRadio
            Powered on.
        """
        controller = VirtualController(self._link)
        host = QuietHost(None, controller)
        controller.set_packet_sink(host)
        self._parts[len(self._parts)] = controller, host
        await host.power_on()
        return HciRadio(host, settings)

    def unplug(self, index: int) -> None:
        """Take a radio away, as if its adapter were pulled out."""
        controller, host = self._parts[index]
        self._link.leave(controller)
        host.on_transport_lost()

    def port(self) -> "VirtualPort":
        """Return a place for one more controller on the air, and plug one in."""
        return VirtualPort(self._link)


class VirtualPort:
    """A place for a controller, which can be pulled out and plugged in again.

    Its `open` is what a `TransportRadio` opens its transport with.

    Attributes
    ----------
    is_plugged_in : bool
    opens : int
        How often it was opened, also in vain.
    """

    def __init__(self, link: VirtualLink) -> None:
        self.is_plugged_in = True
        self.opens = 0
        self._link = link
        self._controller = VirtualController(link)
        self._wire: _Wire | None = None

    async def open(self, _name: str) -> Transport:
        """Open the controller, which has forgotten everything.

        Raises
        ------
        OSError
            If there is none.
        """
        self.opens += 1
        if not self.is_plugged_in:
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
        self._link.come_back(self._controller)
        self._wire = _Wire()
        self._controller.set_packet_sink(self._wire)
        return Transport(self._wire, self._controller)

    def unplug(self) -> None:
        """Pull the controller out."""
        self.is_plugged_in = False
        self._link.leave(self._controller)
        if self._wire is not None:
            self._wire.on_transport_lost()

    def plug_in(self) -> None:
        """Plug it in again; nobody is told, as nobody is on a real machine."""
        self.is_plugged_in = True


class _Wire(BaseSource):
    """What a controller says, on its way to the host."""

    def on_packet(self, packet: bytes) -> None:
        if self.sink is not None:
            self.sink.on_packet(packet)
