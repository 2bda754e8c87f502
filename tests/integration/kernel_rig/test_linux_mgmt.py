"""The management backend on a real kernel."""

import asyncio

import pytest
from kernel_rig.air_client import CLOCK, plugged_in

from proximity.protocol import gaen
from proximity.radio.linux_mgmt import LinuxAdvertiser
from itertools import pairwise

pytestmark = pytest.mark.kernel

FRAME = gaen.encode_advertisement(bytes(range(16)), bytes(4))


def test_a_bluetooth_5_adapter_sends_the_frame_byte_by_byte_at_its_interval():
    async def main():
        async with plugged_in(extended=True) as air:
            await LinuxAdvertiser(CLOCK).set_frame(FRAME, 250)
            await asyncio.sleep(5)
            return air("sent")

    sent = asyncio.run(main())
    gaps_s = [after[0] - before[0] for before, after in pairwise(sent)]

    assert {data for _, _, _, data in sent} == {FRAME.hex()}
    assert len(FRAME) == 31
    assert len({address for _, _, address, _ in sent}) == 1
    assert all(0.249 <= gap_s <= 0.265 for gap_s in gaps_s)
    assert len(gaps_s) >= 18
