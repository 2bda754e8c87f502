import asyncio
import time

from proximity.radio.virtual_time import VirtualTimeLoop


def run(main, start_s=0.0):
    loop = VirtualTimeLoop(start_s)
    try:
        return loop.run_until_complete(main)
    finally:
        loop.close()


async def note(log, name, after_s):
    await asyncio.sleep(after_s)
    log.append((asyncio.get_running_loop().time(), name))


def test_an_hour_passes_at_once():
    began = time.perf_counter()

    async def main():
        await asyncio.sleep(3_600)
        return asyncio.get_running_loop().time()

    assert run(main()) == 3_600
    assert time.perf_counter() - began < 1


def test_time_starts_where_it_is_told_to():
    async def main():
        return asyncio.get_running_loop().time()

    assert run(main(), 1_600_000_000.0) == 1_600_000_000.0


def test_timers_fire_at_the_size_of_unix_times():
    async def main():
        for _ in range(1_000):
            await asyncio.sleep(0.1)
        return asyncio.get_running_loop().time()

    assert abs(run(main(), 1_780_000_000.0) - 1_780_000_100.0) < 0.01


def test_timers_fire_in_their_order():
    log = []

    async def main():
        await asyncio.gather(note(log, "b", 20), note(log, "a", 10), note(log, "c", 30))

    run(main())

    assert log == [(10, "a"), (20, "b"), (30, "c")]


def test_a_thread_is_waited_for():
    async def main():
        return await asyncio.to_thread(lambda: 7)

    assert run(main()) == 7
