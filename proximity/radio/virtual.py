"""Virtual radios: as many as wanted, in one process, on one virtual air."""

import numpy as np

from proximity.radio.hci_host import QuietHost
from proximity.radio.hci_radio import HciRadio, HciSettings
from proximity.radio.virtual_link import Reach, VirtualController, VirtualLink


class VirtualAir:
    """An air, and the radios on it, each a host over a real controller interface.

    Parameters
    ----------
    reach : callable
        Sender, receiver (numbered in the order of `join`) and time of the event loop
        to the RSSI in dBm, or None if the advertisement is lost.
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
