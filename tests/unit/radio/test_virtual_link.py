import asyncio

import numpy as np
from bumble import hci
from bumble.hci import (
    HCI_LE_Set_Advertising_Data_Command,
    HCI_LE_Set_Advertising_Enable_Command,
    HCI_LE_Set_Advertising_Parameters_Command,
    HCI_LE_Set_Random_Address_Command,
    HCI_LE_Set_Scan_Enable_Command,
    HCI_LE_Set_Scan_Parameters_Command,
)

from proximity.radio.hci_reports import (
    ReportKind,
    decode_reports,
    is_advertising_report,
)
from proximity.radio.virtual_link import VirtualController, VirtualLink
from proximity.radio.virtual_time import VirtualTimeLoop

ADDRESS = hci.Address("0a:01:02:03:04:05")
NON_CONNECTABLE, CONNECTABLE = 0x03, 0x00


class Sink:
    """Collects the reports of a controller with the time of each."""

    def __init__(self):
        self.reports = []
        self.answers = []

    def on_packet(self, packet):
        if is_advertising_report(packet):
            now_s = asyncio.get_running_loop().time()
            self.reports += [(now_s, report) for report in decode_reports(packet)]
        else:
            self.answers.append(packet)


def on_air(main, reach=lambda sender, receiver, t_s: -60, seed=0):
    """Run `main(link, sender, receiver, sink)` in virtual time."""

    async def run():
        link = VirtualLink(reach, np.random.default_rng(seed))
        sender, receiver = VirtualController(link), VirtualController(link)
        sink = Sink()
        receiver.set_packet_sink(sink)
        sender.set_packet_sink(Sink())
        await main(link, sender, receiver, sink)
        return sink.reports

    loop = VirtualTimeLoop()
    try:
        return loop.run_until_complete(run())
    finally:
        loop.close()


def scan(controller, *, interval=96, window=96, filter_duplicates=0):
    controller.on_packet(
        bytes(HCI_LE_Set_Scan_Parameters_Command(0, interval, window, 1, 0))
    )
    controller.on_packet(bytes(HCI_LE_Set_Scan_Enable_Command(1, filter_duplicates)))


def advertise(controller, units=400, kind=NON_CONNECTABLE):
    for command in (
        HCI_LE_Set_Random_Address_Command(ADDRESS),
        HCI_LE_Set_Advertising_Parameters_Command(
            units, units, kind, 1, 0, hci.Address.ANY, 7, 0
        ),
        HCI_LE_Set_Advertising_Data_Command(b"\x02\x01\x1a"),
        HCI_LE_Set_Advertising_Enable_Command(1),
    ):
        controller.on_packet(bytes(command))


async def listen_for(link, sender, receiver, sink, *, seconds=25.0, **scanning):
    scan(receiver, **scanning)
    advertise(sender)
    await asyncio.sleep(seconds)


def test_each_advertisement_is_reported_once_at_its_interval():
    reports = on_air(listen_for)
    gaps = np.diff([t_s for t_s, _ in reports])

    # 250 ms and a delay of 0..10 ms.
    assert 96 <= len(reports) <= 101
    assert gaps.min() >= 0.25
    assert gaps.max() <= 0.26
    assert gaps.std() > 0.002


def test_a_non_connectable_advertisement_is_reported_as_one():
    (_, report), *_ = on_air(listen_for)

    assert report.kind == ReportKind.NON_CONNECTABLE
    assert report.address == bytes.fromhex("0a0102030405")
    assert report.data == b"\x02\x01\x1a"


def test_the_air_gives_the_rssi_and_loses_what_does_not_arrive():
    def reach(sender, receiver, t_s):
        return None if t_s < 12.5 else -40 - 10 * sender - receiver

    reports = on_air(listen_for, reach)

    assert {report.rssi_dbm for _, report in reports} == {-41}
    assert min(t_s for t_s, _ in reports) >= 12.5


def test_a_half_open_window_hears_half():
    async def main(*parts):
        await listen_for(*parts, seconds=250.0, interval=96, window=48)

    assert 0.4 < len(on_air(main)) / 980 < 0.6


def test_duplicates_are_filtered_where_the_host_asks():
    async def main(*parts):
        await listen_for(*parts, filter_duplicates=1)

    assert len(on_air(main)) == 1


def test_nothing_is_sent_while_nobody_listens():
    asked = []

    def reach(sender, receiver, t_s):
        asked.append(t_s)
        return -60

    async def main(link, sender, receiver, sink):
        advertise(sender)
        await asyncio.sleep(3_600)
        scan(receiver)
        await asyncio.sleep(2.5)

    reports = on_air(main, reach)

    assert 8 <= len(reports) <= 11
    assert min(asked) >= 3_600


def test_an_address_does_not_change_under_an_advertisement():
    async def main(link, sender, receiver, sink):
        advertise(sender)
        sender.on_packet(
            bytes(HCI_LE_Set_Random_Address_Command(hci.Address("0b:00:00:00:00:01")))
        )
        await asyncio.sleep(0)
        assert sender.hci_sink.answers[-1][-1] == 0x0C

    on_air(main)


def test_a_controller_that_left_neither_sends_nor_hears():
    async def main(link, sender, receiver, sink):
        scan(receiver)
        advertise(sender)
        link.leave(sender)
        await asyncio.sleep(10)

    assert len(on_air(main)) <= 1


def test_the_same_seed_gives_the_same_air():
    assert on_air(listen_for, seed=4) == on_air(listen_for, seed=4)
    assert on_air(listen_for, seed=4) != on_air(listen_for, seed=5)
