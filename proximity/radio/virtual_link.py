"""Virtual controllers on one air: bumble's, with what a radio really does.

Mended against bumble's own controller: reports carry the RSSI that the air gives, and
come once; non-connectable advertising is sent; intervals are in units of 0.625 ms with
the random delay of 0..10 ms; a scan hears during its windows only; duplicates are
filtered if the host asks; an address does not change under an advertisement.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import numpy as np
from bumble import hci
from bumble.controller import Controller, LegacyAdvertiser
from bumble.link import LocalLink

from proximity.radio.hci_reports import AdvertisingReport, ReportKind, encode_report

# Sender, receiver (in the order of joining) and time of the loop in seconds; the RSSI
# with which the advertisement arrives, or None if it is lost.
Reach = Callable[[int, int, float], int | None]

_UNIT_S = 0.000_625
_LONGEST_DELAY_S = 0.010
_KINDS = {
    0x00: ReportKind.CONNECTABLE,
    0x02: ReportKind.SCANNABLE,
    0x03: ReportKind.NON_CONNECTABLE,
}


class VirtualLink(LocalLink):
    """The air between virtual controllers.

    Parameters
    ----------
    reach : callable
        See `Reach`.
    generator : np.random.Generator
        Draws the random delays; with a virtual-time loop, the same state gives the
        same air.
    """

    def __init__(self, reach: Reach, generator: np.random.Generator) -> None:
        # The library leaves this one without types.
        super().__init__()  # type: ignore[no-untyped-call]
        self._reach = reach
        self.generator = generator
        # In the order of joining: bumble's own set has no order to repeat.
        self._members: list[VirtualController] = []
        self._listening: list[tuple[int, VirtualController]] = []

    def join(self, controller: "VirtualController") -> None:
        """Put a controller on the air."""
        self._members.append(controller)

    def leave(self, controller: "VirtualController") -> None:
        """Take a controller off the air: it neither sends nor hears any more."""
        controller.gone = True
        self.listeners_changed()

    def come_back(self, controller: "VirtualController") -> None:
        """Put a controller on the air again in its place; it has forgotten the rest."""
        controller.power_off()
        controller.gone = False
        self.listeners_changed()

    @property
    def is_silent(self) -> bool:
        """Whether nobody listens, so that sending may rest."""
        return not self._listening

    def listeners_changed(self) -> None:
        """Note who listens; called by a controller when that changes."""
        was_silent = self.is_silent
        self._listening = [
            (index, member)
            for index, member in enumerate(self._members)
            if member.le_scan_enable and not member.gone
        ]
        if was_silent and self._listening:
            for member in self._members:
                member.le_legacy_advertiser.wake()

    def transmit(self, sender: "VirtualController", sent: AdvertisingReport) -> None:
        """Give one advertisement to everyone whom it reaches."""
        now_s = asyncio.get_running_loop().time()
        index = self._members.index(sender)
        for at, member in self._listening:
            if member is sender or not member.in_window(now_s):
                continue
            rssi_dbm = self._reach(index, at, now_s)
            if rssi_dbm is not None:
                member.receive(sent, rssi_dbm)


class VirtualController(Controller):
    """A controller that speaks the legacy commands of a Bluetooth 4 radio.

    Parameters
    ----------
    link : VirtualLink
        It joins this air.
    """

    le_legacy_advertiser: "_Advertiser"

    def __init__(self, link: VirtualLink) -> None:
        super().__init__("virtual")
        self.air = link
        self.gone = False
        self.le_legacy_advertiser = _Advertiser(self)
        self.le_features &= ~(
            hci.LeFeatureMask.LE_EXTENDED_ADVERTISING
            | hci.LeFeatureMask.LE_PERIODIC_ADVERTISING
            | hci.LeFeatureMask.LL_PRIVACY
        )
        self._scan_from_s = 0.0
        self._heard: set[tuple[bytes, bytes]] = set()
        link.join(self)

    def on_packet(self, packet: bytes) -> None:
        """Take one packet of the host."""
        if self.gone:
            return
        # Not bumble's own way, which formats every packet for the log: slow, and
        # addresses and IDs belong in no log.
        command = hci.HCI_Packet.from_bytes(packet)
        if isinstance(command, hci.HCI_Command):
            self.on_hci_command_packet(command)

    def send_hci_packet(self, packet: hci.HCI_Packet) -> None:
        """Send one packet to the host."""
        self._send(bytes(packet))

    def power_off(self) -> None:
        """Neither send nor listen any more."""
        self.le_legacy_advertiser.stop()
        self.le_scan_enable = False

    def in_window(self, now_s: float) -> bool:
        """Tell whether the receiver is on just now."""
        if self.le_scan_window >= self.le_scan_interval:
            return True
        phase_s = (now_s - self._scan_from_s) % (self.le_scan_interval * _UNIT_S)
        return phase_s < self.le_scan_window * _UNIT_S

    def receive(self, sent: AdvertisingReport, rssi_dbm: int) -> None:
        """Report one advertisement to the host."""
        if self.filter_duplicates:
            if (sent.address, sent.data) in self._heard:
                return
            self._heard.add((sent.address, sent.data))
        self._send(
            encode_report(
                AdvertisingReport(
                    sent.kind, sent.address_type, sent.address, sent.data, rssi_dbm
                )
            )
        )

    def on_hci_reset_command(self, command: Any) -> Any:
        """Forget what was set, as a reset does."""
        self.power_off()
        self.air.listeners_changed()
        return super().on_hci_reset_command(command)

    def on_hci_le_set_random_address_command(self, command: Any) -> Any:
        """Refuse a change of address under an advertisement or a scan (7.8.4)."""
        if self.le_legacy_advertiser.enabled or self.le_scan_enable:
            return hci.HCI_StatusReturnParameters(
                hci.HCI_ErrorCode.COMMAND_DISALLOWED_ERROR
            )
        # Not through bumble's property, which logs the address.
        self._random_address = command.random_address
        return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.SUCCESS)

    def on_hci_le_set_scan_enable_command(self, command: Any) -> Any:
        """Start or stop listening."""
        self._heard.clear()
        self._scan_from_s = asyncio.get_running_loop().time()
        answer = super().on_hci_le_set_scan_enable_command(command)
        self.air.listeners_changed()
        return answer

    def _send(self, packet: bytes) -> None:
        if self.hci_sink is not None and not self.gone:
            asyncio.get_running_loop().call_soon(self.hci_sink.on_packet, packet)


class _Advertiser(LegacyAdvertiser):
    """Advertising events at their interval, while somebody may hear them."""

    controller: VirtualController

    def start(self) -> None:
        """Begin with an event, as the specification has it."""
        self.stop()
        self.enabled = True
        self._sent = AdvertisingReport(
            _KINDS.get(self.advertising_type, ReportKind.CONNECTABLE),
            self.address.address_type,
            bytes(self.address)[::-1],
            bytes(self.advertising_data),
            None,
        )
        if not self.controller.air.is_silent:
            self._on_timer_fired()

    def wake(self) -> None:
        """Go on somewhere within the interval, now that somebody listens."""
        if self.enabled and self.timer_handle is None and not self.controller.gone:
            first_s = self._interval_s() * self.controller.air.generator.random()
            self._after(first_s)

    def _on_timer_fired(self) -> None:
        self.timer_handle = None
        air = self.controller.air
        if air.is_silent or self.controller.gone:
            return
        delay_s = _LONGEST_DELAY_S * air.generator.random()
        self._after(self._interval_s() + delay_s)
        air.transmit(self.controller, self._sent)

    def _after(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        self.timer_handle = loop.call_later(seconds, self._on_timer_fired)

    def _interval_s(self) -> float:
        return max(self.advertising_interval_min, 0x20) * _UNIT_S
