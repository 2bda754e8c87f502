"""The air of the rig: virtual controllers that the guest's kernel takes for adapters.

Run as `python air.py SOCKET TRANSPORT`. It says "ready" when clients can come: whoever
connects to SOCKET calls the methods of `Air` by name, one JSON object per line. At
TRANSPORT, a controller waits for a program that drives it without the kernel.
"""

import asyncio
import json
import math
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import numpy as np
from adapters import Adapter, ExtendedAdapter
from bumble.transport import open_transport

from proximity.radio.hci_host import QuietHost
from proximity.radio.hci_radio import HciRadio, HciSettings
from proximity.radio.hci_reports import AdvertisingReport
from proximity.radio.virtual_link import VirtualController, VirtualLink
from proximity.units import Clock

# At one metre, falling as in the open.
_RSSI_AT_1_M_DBM = -54

Sent = tuple[float, str, str, str]


class WatchedLink(VirtualLink):
    """An air on which somebody always listens, and writes down what is sent."""

    def __init__(self, air: "Air", generator: np.random.Generator) -> None:
        super().__init__(air.reach, generator)
        self.sent: list[Sent] = []

    @property
    def is_silent(self) -> bool:
        return False

    def transmit(self, sender: VirtualController, sent: AdvertisingReport) -> None:
        now_s = asyncio.get_running_loop().time()
        name = "adapter" if isinstance(sender, Adapter) else "other"
        self.sent.append((now_s, name, sent.address.hex(), sent.data.hex()))
        super().transmit(sender, sent)


class Air:
    """What tests ask of the air, by the names of its methods."""

    def __init__(self) -> None:
        self._generator = np.random.default_rng(11)
        self.link = WatchedLink(self, self._generator)
        self._rssi_dbm = _RSSI_AT_1_M_DBM
        self._adapter: Adapter | None = None
        self._peer: HciRadio | None = None

    async def join_peer(self) -> None:
        """Put a sender on the air that no kernel drives."""
        controller = VirtualController(self.link)
        host = QuietHost(None, controller)
        controller.set_packet_sink(host)
        await host.power_on()
        loop = asyncio.get_running_loop()
        clock = Clock(loop.time, loop.time)
        self._peer = HciRadio(host, HciSettings("peer", clock, self._generator.bytes))

    def reach(self, sender: int, receiver: int, now_s: float) -> int:
        """Return the RSSI with which anything arrives."""
        return self._rssi_dbm

    def has(self, *, extended: bool, filters_duplicates: bool) -> bool:
        """Tell whether such an adapter is in, and refuses nothing."""
        adapter, kind = self._adapter, _kind(extended=extended)
        return (
            type(adapter) is kind
            and adapter.is_like_new
            and adapter.filters_duplicates == filters_duplicates
        )

    def plug(self, *, extended: bool, filters_duplicates: bool) -> None:
        """Plug an adapter in, of Bluetooth 5 or 4."""
        kind = _kind(extended=extended)
        self._adapter = kind(self.link, filters_duplicates=filters_duplicates)

    def unplug(self) -> None:
        """Pull the adapter out, if it is in."""
        if self._adapter is not None:
            self._adapter.pull_out()
        self._adapter = None

    def place(self, distance_m: float) -> int:
        """Put everybody so far from everybody; return the RSSI there."""
        self._rssi_dbm = round(_RSSI_AT_1_M_DBM - 20 * math.log10(distance_m))
        return self._rssi_dbm

    def measure_as(self, rssi_dbm: int) -> None:
        """Let receivers report this RSSI, or 127 for none."""
        self._rssi_dbm = rssi_dbm

    async def send(self, data: str, interval_ms: int) -> None:
        """Let the peer send this from now on, under a fresh address."""
        assert self._peer is not None
        await self._peer.set_frame(bytes.fromhex(data), interval_ms)

    async def fall_silent(self) -> None:
        """Let the peer send nothing."""
        assert self._peer is not None
        await self._peer.stop()

    def refuse(self, opcode: int) -> None:
        """Let the adapter refuse a command from now on."""
        assert self._adapter is not None
        self._adapter.refused.add(opcode)

    def on_air(self) -> list[tuple[str, str]]:
        """Return address and data of what the adapter sends now."""
        sent = [] if self._adapter is None else self._adapter.on_air()
        return [(each.address.hex(), each.data.hex()) for each in sent]

    def sent(self) -> list[Sent]:
        """Return, once, time, sender, address and data of everything sent."""
        sent, self.link.sent = self.link.sent, []
        return sent

    def listens(self) -> bool:
        """Tell whether the adapter listens now."""
        return self._adapter is not None and bool(self._adapter.le_scan_enable)

    def received(self) -> int:
        """Return, once, how many advertisements the adapter's receiver took."""
        assert self._adapter is not None
        received, self._adapter.received = self._adapter.received, 0
        return received


def _kind(*, extended: bool) -> type[Adapter]:
    return ExtendedAdapter if extended else Adapter


async def serve(air: Air, reader: asyncio.StreamReader, writer: Any) -> None:
    """Call methods of the air for one client."""
    while line := await reader.readline():
        request = json.loads(line)
        method: Callable[..., Any] = getattr(air, request.pop("do"))
        answer = method(**request)
        if isinstance(answer, Awaitable):
            answer = await answer
        writer.write(json.dumps(answer).encode() + b"\n")
    writer.close()


async def main(socket: str, transport: str) -> None:
    air = Air()
    await air.join_peer()
    served = await open_transport(f"unix-server:{transport}")
    phone = VirtualController(air.link)
    served.source.set_packet_sink(phone)
    phone.set_packet_sink(served.sink)
    server = await asyncio.start_unix_server(
        lambda reader, writer: serve(air, reader, writer), socket, limit=1 << 24
    )
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
