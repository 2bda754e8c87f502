import asyncio
import logging

import numpy as np
import pytest

from proximity.radio.bumble_transport import TransportRadio
from proximity.radio.hci_radio import HciSettings
from proximity.radio.virtual import VirtualAir
from proximity.radio.virtual_time import VirtualTimeLoop
from proximity.units import Clock

FRAME = bytes.fromhex("02011a")


def on_air(main, reach):
    async def run():
        loop = asyncio.get_running_loop()
        generator = np.random.default_rng(0)
        clock = Clock(wall=loop.time, monotonic=loop.time)
        air = VirtualAir(reach, generator)
        settings = HciSettings("virtual", clock, generator.bytes)
        return await main(air, [await air.join(settings) for _ in range(3)])

    loop = VirtualTimeLoop()
    try:
        return loop.run_until_complete(run())
    finally:
        loop.close()


async def everyone_hears(air, radios):
    for number, radio in enumerate(radios):
        await radio.set_frame(bytes((2, 0xFF, number)), 250)

    async def hear(radio):
        return [each async for each in radio.listen(2.0)][:-1]

    return await asyncio.gather(*map(hear, radios))


def test_radios_are_numbered_in_the_order_of_joining():
    heard = on_air(everyone_hears, lambda a, b, t_s: -10 * a - b)

    for receiver, scan in enumerate(heard):
        senders = {each.data[2]: each.rssi_dbm for each in scan}
        assert senders == {
            sender: -10 * sender - receiver for sender in {0, 1, 2} - {receiver}
        }


def test_who_is_out_of_reach_is_not_heard():
    heard = on_air(everyone_hears, lambda a, b, t_s: -60 if {a, b} != {0, 2} else None)

    assert [{each.data[2] for each in scan} for scan in heard] == [{1}, {0, 2}, {1}]


def test_neither_addresses_nor_frames_reach_a_log(caplog):
    async def main(air, radios):
        frame = bytes.fromhex("0716beefcafef00d")
        await radios[0].set_frame(frame, 250)
        heard = [each async for each in radios[1].listen(1.0)]
        return heard[0]

    with caplog.at_level(logging.DEBUG):
        heard = on_air(main, lambda a, b, t_s: -60)

    log = caplog.text.lower().replace(":", "")
    for secret in (heard.address, heard.address[::-1], heard.data[2:]):
        assert secret.hex() not in log


def test_who_is_unplugged_is_not_heard():
    async def main(air, radios):
        await radios[0].set_frame(FRAME, 100)
        air.unplug(0)
        return [each async for each in radios[1].listen(1.0)]

    assert len(on_air(main, lambda a, b, t_s: -60)) == 1


def test_a_controller_that_is_plugged_in_again_has_its_place_and_no_memory():
    async def main(air, radios):
        port = air.port()
        settings = HciSettings("virtual", Clock(float, float), bytes)
        radio = TransportRadio("port", settings, port.open)
        await radio.set_frame(FRAME, 250)
        before = [each async for each in radios[0].listen(1.0)][:-1]
        port.unplug()
        with pytest.raises(OSError, match="No such device"):
            await port.open("port")
        port.plug_in()
        await port.open("port")
        forgotten = [each async for each in radios[0].listen(1.0)][:-1]
        await radio.close()
        return before, forgotten

    before, forgotten = on_air(main, lambda sender, receiver, t_s: -sender)

    assert {each.rssi_dbm for each in before} == {-3}
    assert forgotten == []
