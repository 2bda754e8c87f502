import asyncio
import logging

import pytest
from bumble import hci

from proximity.errors import RadioError, RadioOffError
from proximity.radio import hci_host
from proximity.radio.hci_host import ANSWER_S, FIRMWARE_S, QuietHost
from proximity.radio.hci_reports import AdvertisingReport, encode_report
from proximity.radio.virtual_time import VirtualTimeLoop

REPORT = AdvertisingReport(3, 1, bytes.fromhex("3a0102030405"), b"\x02\x01\x1a", -60)


class Controller:
    """Answers every command with one status, or not at all."""

    def __init__(self, status=0):
        self.status = status
        self.opcodes = []
        self.host = None

    def on_packet(self, packet):
        opcode = packet[1:3]
        self.opcodes.append(int.from_bytes(opcode, "little"))
        if self.status is not None:
            answer = b"\x04\x0e\x04\x01" + opcode + bytes([self.status])
            asyncio.get_running_loop().call_soon(self.host.on_packet, answer)


def with_host(main, status=0):
    async def run():
        controller = Controller(status)
        controller.host = QuietHost(None, controller)
        return await main(controller.host, controller)

    loop = VirtualTimeLoop()
    try:
        return loop.run_until_complete(run())
    finally:
        loop.close()


async def power_on(host, controller):
    await host.power_on()


def test_power_on_sends_no_extended_command():
    async def main(host, controller):
        await host.power_on()
        return controller.opcodes

    assert with_host(main) == [
        hci.HCI_RESET_COMMAND,
        hci.HCI_SET_EVENT_MASK_COMMAND,
        hci.HCI_LE_SET_EVENT_MASK_COMMAND,
    ]


def test_a_controller_that_does_not_answer_is_off():
    async def main(host, controller):
        with pytest.raises(RadioOffError):
            await host.power_on()
        return asyncio.get_running_loop().time()

    assert with_host(main, status=None) == ANSWER_S


def test_a_driver_that_waits_for_ever_is_given_up(monkeypatch):
    async def wait(host):
        await asyncio.sleep(10 * FIRMWARE_S)

    async def main(host, controller):
        with pytest.raises(RadioError, match="start"):
            await host.power_on()
        return asyncio.get_running_loop().time()

    monkeypatch.setattr(hci_host, "get_driver_for_host", wait)

    assert with_host(main) == FIRMWARE_S


def test_a_refusal_names_the_command():
    async def main(host, controller):
        with pytest.raises(RadioError, match="HCI_RESET"):
            await host.power_on()

    with_host(main, status=0x0C)


def test_a_controller_that_goes_away_during_a_command_is_off():
    async def main(host, controller):
        asyncio.get_running_loop().call_later(1, host.on_transport_lost)
        with pytest.raises(RadioOffError):
            await host.power_on()
        with pytest.raises(RadioOffError):
            await host.command(hci.HCI_Reset_Command())

    with_host(main, status=None)


def test_reports_arrive_and_broken_ones_do_not():
    async def main(host, controller):
        heard = []
        host.on_report = heard.append
        host.on_packet(encode_report(REPORT))
        host.on_packet(encode_report(REPORT)[:-3])
        return heard

    assert with_host(main) == [REPORT]


def test_no_packet_reaches_a_log(caplog):
    async def main(host, controller):
        await host.power_on()
        host.on_packet(encode_report(REPORT))
        address = hci.Address("3a:01:02:03:04:05")
        await host.command(hci.HCI_LE_Set_Random_Address_Command(address))

    with caplog.at_level(logging.DEBUG):
        with_host(main)

    assert "3A:01" not in caplog.text.upper()


def answer(opcode, status=0):
    return b"\x04\x0e\x04\x01" + opcode.to_bytes(2, "little") + bytes([status])


def test_a_cancellation_that_comes_together_with_the_answer_is_not_lost():
    async def main(host, controller):
        task = asyncio.create_task(host.command(hci.HCI_Reset_Command()))
        await asyncio.sleep(0.1)
        host.on_packet(answer(hci.HCI_RESET_COMMAND))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with_host(main, status=None)


def test_late_doubled_and_foreign_answers_count_for_no_other_command():
    async def main(host, controller):
        await power_on(host, controller)
        controller.status = None
        late = asyncio.create_task(host.command(hci.HCI_Reset_Command()))
        await asyncio.sleep(0.1)
        late.cancel()
        mask = hci.HCI_LE_Set_Event_Mask_Command(le_event_mask=bytes(8))
        task = asyncio.create_task(host.command(mask))
        await asyncio.sleep(0.1)
        host.on_packet(answer(hci.HCI_RESET_COMMAND))
        await asyncio.sleep(0.1)
        assert not task.done()
        for _ in range(2):
            host.on_packet(answer(hci.HCI_LE_SET_EVENT_MASK_COMMAND, 0x0C))
        with pytest.raises(RadioError, match="LE_SET_EVENT_MASK"):
            await task

    with_host(main)


def test_a_refusal_by_command_status_is_named_too():
    async def main(host, controller):
        await power_on(host, controller)
        controller.status = None
        task = asyncio.create_task(host.command(hci.HCI_Reset_Command()))
        await asyncio.sleep(0.1)
        opcode = hci.HCI_RESET_COMMAND.to_bytes(2, "little")
        host.on_packet(b"\x04\x0f\x04\x0c\x01" + opcode)
        with pytest.raises(RadioError, match="HCI_RESET"):
            await task

    with_host(main)


def test_the_log_of_bumble_stays_off_the_terminal():
    handlers = logging.getLogger("bumble").handlers

    assert any(isinstance(each, logging.NullHandler) for each in handlers)
