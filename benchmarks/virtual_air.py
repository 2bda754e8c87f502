"""Twenty virtual radios in one process, all sending and listening in real time.

Prints the share of the reports that arrived, and the share of a core that it took;
then how fast an hour passes in virtual time.
"""

import asyncio
import time

import numpy as np

from proximity.radio.hci_radio import HciRadio, HciSettings
from proximity.radio.scanner import Heard
from proximity.radio.virtual import VirtualAir
from proximity.radio.virtual_time import VirtualTimeLoop
from proximity.units import Clock

RADIOS = 20
INTERVAL_MS = 250
# The mean of the random delay of 0..10 ms comes on top. A radio that falls behind
# sends less than that, and the share falls.
PERIOD_S = 0.255
REAL_S = 10.0
VIRTUAL_S = 3_600.0
VIRTUAL_RADIOS = 4
LEAST_SHARE = 0.98
MOST_CORE = 0.20


async def run(radios: int, seconds: float) -> tuple[int, float]:
    """Return how many reports arrived, and the processor time of listening."""
    loop = asyncio.get_running_loop()
    generator = np.random.default_rng(0)
    clock = Clock(wall=loop.time, monotonic=loop.time)
    settings = HciSettings("virtual", clock, generator.bytes)
    air = VirtualAir(lambda sender, receiver, t_s: -60, generator)
    joined = [await air.join(settings) for _ in range(radios)]
    for number, radio in enumerate(joined):
        await radio.set_frame(bytes((2, 0xFF, number)), INTERVAL_MS)
    began_s = time.process_time()
    heard = await asyncio.gather(*(count(radio, seconds) for radio in joined))
    return sum(heard), time.process_time() - began_s


async def count(radio: HciRadio, seconds: float) -> int:
    """Return how many reports one radio hears."""
    return sum([isinstance(each, Heard) async for each in radio.listen(seconds)])


def main() -> None:
    """Measure, print, and fail where a target is missed."""
    heard, core_s = asyncio.run(run(RADIOS, REAL_S))
    share = heard / (RADIOS * (RADIOS - 1) * REAL_S / PERIOD_S)
    core = core_s / REAL_S
    print(
        f"{RADIOS} radios, {REAL_S:.0f} s: {heard:,} reports, {100 * share:.1f} % of"
        f" those due (target >= {100 * LEAST_SHARE:.0f} %), {100 * core:.1f} % of a"
        f" core (target <= {100 * MOST_CORE:.0f} %)"
    )
    loop = VirtualTimeLoop()
    began_s = time.perf_counter()
    heard, _ = loop.run_until_complete(run(VIRTUAL_RADIOS, VIRTUAL_S))
    loop.close()
    print(
        f"{VIRTUAL_RADIOS} radios listening for a virtual hour: {heard:,} reports in"
        f" {time.perf_counter() - began_s:.1f} s"
    )
    if share < LEAST_SHARE or core > MOST_CORE:
        raise SystemExit("a target is missed")


if __name__ == "__main__":
    main()
