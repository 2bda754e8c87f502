"""A host for one controller: bumble's, which logs every packet, made silent."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from bumble import hci
from bumble.drivers import get_driver_for_host
from bumble.host import Host
from bumble.transport.common import TransportLostError, TransportSink, TransportSource

from proximity.errors import FormatError, RadioError, RadioOffError
from proximity.radio.hci_reports import (
    AdvertisingReport,
    decode_reports,
    is_advertising_report,
)

OnReport = Callable[[AdvertisingReport], None]
OnGone = Callable[[], None]

# A controller answers within milliseconds; one that does not is gone.
ANSWER_S = 5.0
# Firmware is loaded within seconds; the drivers themselves would wait for ever.
FIRMWARE_S = 30.0

# What bumble logs would go to the terminal, tracebacks too; the errors here say it.
logging.getLogger("bumble").addHandler(logging.NullHandler())

# The events of LE controllers (bit 61) on top of those enabled by default.
_EVENT_MASK = bytes.fromhex("ffffffffffff1f20")
_LE_EVENT_MASK = bytes.fromhex("1f00000000000000")


class QuietHost(Host):
    """The host's side of the interface, legacy commands only.

    Bumble's own host formats every packet for its log, which would hold addresses
    and IDs, and reads the reports of a controller into objects that cost more time
    than all else. After extended commands a controller refuses the legacy ones, so
    this host sends none.

    Parameters
    ----------
    source, sink : TransportSource, TransportSink
        The controller.
    """

    def __init__(self, source: TransportSource | None, sink: TransportSink) -> None:
        super().__init__(source, sink)
        self.is_gone = False
        self.on_report: OnReport = lambda report: None
        self.on_gone: OnGone = lambda: None

    async def power_on(self) -> None:
        """Load what firmware the controller needs, reset it, and enable its events.

        Raises
        ------
        RadioOffError, RadioError
            As `command`.
        """
        try:
            async with asyncio.timeout(FIRMWARE_S):
                driver = await get_driver_for_host(self)
                if driver is not None:
                    # The library leaves this one without types.
                    await driver.init_controller()  # type: ignore[no-untyped-call]
        except (hci.HCI_Error, OSError, TimeoutError) as error:
            raise _refused("start") from error
        await self.command(hci.HCI_Reset_Command())
        self.ready = True
        await self.command(hci.HCI_Set_Event_Mask_Command(event_mask=_EVENT_MASK))
        await self.command(
            hci.HCI_LE_Set_Event_Mask_Command(le_event_mask=_LE_EVENT_MASK)
        )

    async def command(self, command: hci.HCI_SyncCommand[Any]) -> None:
        """Have the controller carry out one command.

        Parameters
        ----------
        command : hci.HCI_SyncCommand

        Raises
        ------
        RadioOffError
            If the controller is gone or does not answer.
        RadioError
            If it refuses.
        """
        if self.is_gone:
            raise _gone()
        try:
            # Bumble's own timeout would lose a cancellation that comes together with
            # the answer, before Python 3.12.
            async with asyncio.timeout(ANSWER_S):
                await self.send_command(command, check_result=True)
        except (TimeoutError, TransportLostError) as error:
            raise _gone() from error
        except hci.HCI_Error as error:
            raise _refused(command.name.removesuffix("_COMMAND")) from error

    def on_packet(self, packet: bytes) -> None:
        """Take one packet of the controller."""
        if not is_advertising_report(packet):
            super().on_packet(packet)
            return
        try:
            for report in decode_reports(packet):
                self.on_report(report)
        except FormatError:
            # One broken event must not end a scan.
            return

    def on_hci_packet(self, packet: hci.HCI_Packet) -> None:
        """Take a packet that is no report, without a log."""
        if isinstance(packet, hci.HCI_Event):
            self.on_hci_event_packet(packet)

    def on_command_processed(self, event: Any) -> None:
        """Take an answer, unless it is late: to a command that nobody waits for."""
        awaited, waiting = self.pending_command, self.pending_response
        if awaited is None or waiting is None or waiting.done():
            return
        if awaited.op_code == event.command_opcode:
            waiting.set_result(event)

    def on_hci_event(self, event: hci.HCI_Event) -> None:
        """Leave out events that nobody asked for, without a log."""

    def send_hci_packet(self, packet: hci.HCI_Packet) -> None:
        """Send a packet, without a log."""
        if self.hci_sink is not None:
            self.hci_sink.on_packet(bytes(packet))

    def on_transport_lost(self) -> None:
        """Note that the controller is gone."""
        self.is_gone = True
        if self.pending_response is not None and self.pending_response.done():
            self.pending_response = None
        # The library leaves this one without types.
        super().on_transport_lost()  # type: ignore[no-untyped-call]
        self.on_gone()


def _gone() -> RadioOffError:
    return RadioOffError(
        "The Bluetooth controller does not answer.",
        "Plug it in, or switch it on, and start again.",
    )


def _refused(what: str) -> RadioError:
    return RadioError(
        f"The Bluetooth controller refuses: {what}.",
        "Unplug it and plug it in again; no other program may use it meanwhile.",
    )
