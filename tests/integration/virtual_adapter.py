"""An adapter behind a socket, near a sender that changes ID and address each second.

Run as `python virtual_adapter.py SOCKET`; it says when it is ready and when it scans,
and goes on until it is killed.
"""

import asyncio
import sys
from itertools import count

import numpy as np
from bumble.transport import open_transport

from proximity.protocol import gaen
from proximity.radio.hci_host import QuietHost
from proximity.radio.hci_radio import HciRadio, HciSettings
from proximity.radio.virtual_link import VirtualController, VirtualLink
from proximity.units import Clock


async def main() -> None:
    generator = np.random.default_rng(3)
    link = VirtualLink(lambda *_: -58, generator)
    server = await open_transport(f"unix-server:{sys.argv[1]}")
    adapter = VirtualController(link)
    server.source.set_packet_sink(adapter)
    adapter.set_packet_sink(server.sink)
    controller = VirtualController(link)
    host = QuietHost(None, controller)
    controller.set_packet_sink(host)
    await host.power_on()
    loop = asyncio.get_running_loop()
    clock = Clock(loop.time, loop.time)
    sender = HciRadio(host, HciSettings("virtual", clock, generator.bytes))
    say("ready")
    await asyncio.gather(send_for_ever(sender), tell_of_scan(adapter))


async def send_for_ever(sender: HciRadio) -> None:
    for number in count():
        data = gaen.encode_advertisement(number.to_bytes(16, "big"), bytes(4))
        await sender.set_frame(data, 100)
        await asyncio.sleep(1)


def say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


async def tell_of_scan(adapter: VirtualController) -> None:
    while not adapter.le_scan_enable:
        await asyncio.sleep(0.02)
    say("scanning")


if __name__ == "__main__":
    asyncio.run(main())
