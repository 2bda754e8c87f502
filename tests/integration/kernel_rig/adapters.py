"""Adapters that the guest's kernel drives, over its virtual interface."""

import asyncio
import os
from typing import Any

from bumble import hci
from bumble.controller import AdvertisingSet

from proximity.radio.hci_reports import AdvertisingReport, ReportKind
from proximity.radio.virtual_link import VirtualController, VirtualLink

PUBLIC_ADDRESS = "00:1B:DC:00:00:01"

# The first packet to and from the kernel's virtual interface is about itself.
_VENDOR_PACKET = 0xFF
_DUAL_MODE = bytes([_VENDOR_PACKET, 0])
_PACKET_BYTES = 2_048
_SETS = 4
_UNIT_S = 0.000_625
_DURATION_UNIT_S = 0.010
_LONGEST_DELAY_S = 0.010


class Adapter(VirtualController):
    """A Bluetooth 4 adapter, from plugging in to pulling out.

    Parameters
    ----------
    link : VirtualLink
        Its air.
    filters_duplicates : bool
        Whether it reports an advertisement once, as long as a scan lasts, if that is
        asked for. Many controllers do not, or forget soon.
    """

    def __init__(self, link: VirtualLink, *, filters_duplicates: bool) -> None:
        super().__init__(link)
        self.public_address = hci.Address(f"{PUBLIC_ADDRESS}/P")
        self.refused: set[int] = set()
        self.received = 0
        self.filters_duplicates = filters_duplicates
        self._port = os.open("/dev/vhci", os.O_RDWR | os.O_NONBLOCK)
        self.set_packet_sink(self)
        os.write(self._port, _DUAL_MODE)
        asyncio.get_running_loop().add_reader(self._port, self._read)

    @property
    def is_like_new(self) -> bool:
        """Whether it refuses nothing and sends nothing."""
        return not self.refused and not self.on_air()

    def pull_out(self) -> None:
        """Let the kernel see the adapter go."""
        self.air.leave(self)
        asyncio.get_running_loop().remove_reader(self._port)
        os.close(self._port)

    def on_air(self) -> list[AdvertisingReport]:
        """Return what it sends now."""
        sends = self.le_legacy_advertiser
        return [sends._sent] if sends.enabled else []

    def receive(self, sent: AdvertisingReport, rssi_dbm: int) -> None:
        self.received += 1
        super().receive(sent, rssi_dbm)

    def on_hci_command_packet(self, command: hci.HCI_Command) -> None:
        if command.op_code in self.refused:
            status = hci.HCI_ErrorCode.COMMAND_DISALLOWED_ERROR
            opcode = command.op_code.to_bytes(2, "little")
            self._send(bytes([0x04, 0x0E, 4, 1]) + opcode + bytes([status]))
            return
        super().on_hci_command_packet(command)
        self.filter_duplicates &= self.filters_duplicates

    def _read(self) -> None:
        packet = os.read(self._port, _PACKET_BYTES)
        if packet[0] != _VENDOR_PACKET:
            self.on_packet(packet)

    def _send(self, packet: bytes) -> None:
        if not self.gone:
            os.write(self._port, packet)


class ExtendedAdapter(Adapter):
    """A Bluetooth 5 adapter: it sends several advertisements, each for a time."""

    def __init__(self, link: VirtualLink, *, filters_duplicates: bool) -> None:
        super().__init__(link, filters_duplicates=filters_duplicates)
        self.le_features |= hci.LeFeatureMask.LE_EXTENDED_ADVERTISING

    def on_air(self) -> list[AdvertisingReport]:
        return [
            each.report() for each in self.advertising_sets.values() if each.enabled
        ]

    def pull_out(self) -> None:
        for each in self.advertising_sets.values():
            each.stop()
        super().pull_out()

    def ended(self, handle: int) -> None:
        """Tell the kernel that an advertisement's time is over."""
        status = hci.HCI_ErrorCode.ADVERTISING_TIMEOUT_ERROR
        event = bytes([0x12, status, handle, 0, 0, 0])
        self._send(bytes([0x04, 0x3E, len(event)]) + event)

    def on_hci_reset_command(self, command: Any) -> Any:
        self.on_hci_le_clear_advertising_sets_command(command)
        return super().on_hci_reset_command(command)

    def on_hci_le_read_number_of_supported_advertising_sets_command(
        self, command: Any
    ) -> Any:
        answer = super().on_hci_le_read_number_of_supported_advertising_sets_command(
            command
        )
        answer.num_supported_advertising_sets = _SETS
        return answer

    def on_hci_le_set_extended_advertising_parameters_command(
        self, command: Any
    ) -> Any:
        handle = command.advertising_handle
        self.advertising_sets.setdefault(handle, _Set(self, handle))
        return super().on_hci_le_set_extended_advertising_parameters_command(command)

    def on_hci_le_set_extended_advertising_enable_command(self, command: Any) -> Any:
        answer = super().on_hci_le_set_extended_advertising_enable_command(command)
        if command.enable:
            times = zip(command.advertising_handles, command.durations, strict=True)
            for handle, duration in times:
                self.advertising_sets[handle].end_after(duration * _DURATION_UNIT_S)
        return answer


class _Set(AdvertisingSet):
    """One of several advertisements, in the form of Bluetooth 4."""

    controller: ExtendedAdapter
    ending: asyncio.TimerHandle | None = None

    def report(self) -> AdvertisingReport:
        assert self.address is not None
        return AdvertisingReport(
            ReportKind.NON_CONNECTABLE,
            self.address.address_type,
            bytes(self.address)[::-1],
            bytes(self.data),
            None,
        )

    def start(self) -> None:
        # Enabled again, its time begins anew.
        self.stop()
        super().start()

    def stop(self) -> None:
        super().stop()
        if self.ending is not None:
            self.ending.cancel()
            self.ending = None

    def end_after(self, seconds: float) -> None:
        """End by itself after a time, 0 for never."""
        if seconds:
            loop = asyncio.get_running_loop()
            self.ending = loop.call_later(seconds, self._end)

    def _end(self) -> None:
        self.stop()
        self.controller.ended(self.handle)

    def _on_extended_advertising_timer_fired(self) -> None:
        if not self.enabled or self.parameters is None:
            return
        air = self.controller.air
        air.transmit(self.controller, self.report())
        interval_s = self.parameters.primary_advertising_interval_min * _UNIT_S
        delay_s = _LONGEST_DELAY_S * air.generator.random()
        self.timer_handle = asyncio.get_running_loop().call_later(
            interval_s + delay_s, self._on_extended_advertising_timer_fired
        )
