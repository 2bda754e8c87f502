"""Waiting more exactly than an event loop does."""

import asyncio
import time

import pytest

from proximity.authority.service.precise_timer import PreciseTimer


@pytest.fixture
def timer():
    timer = PreciseTimer()
    yield timer
    timer.stop()


def test_whoever_waits_is_woken_in_the_order_of_time(timer):
    woken = []

    async def wait(name: str, seconds: float) -> None:
        await timer.sleep_until(time.perf_counter() + seconds)
        woken.append(name)

    async def run() -> None:
        await asyncio.gather(wait("late", 0.02), wait("soon", 0.002), wait("now", -1))

    asyncio.run(run())
    assert woken == ["now", "soon", "late"]


def test_half_of_all_wake_after_their_time(timer):
    async def run() -> list[float]:
        late = []
        for _ in range(200):
            due_s = time.perf_counter() + 0.0002
            await timer.sleep_until(due_s)
            late.append(time.perf_counter() - due_s)
        return late

    late = sorted(asyncio.run(run())[100:])
    # Without looking at how late it was before, all would be.
    assert late[0] < 0 < late[-1]


def test_a_client_that_went_away_does_not_end_the_timer(timer):
    async def run() -> None:
        gone = asyncio.ensure_future(timer.sleep_until(time.perf_counter() + 0.005))
        await asyncio.sleep(0)
        gone.cancel()
        await timer.sleep_until(time.perf_counter() + 0.01)

    asyncio.run(run())


def test_who_still_waits_at_the_end_is_woken():
    async def run() -> None:
        timer = PreciseTimer()
        waiting = asyncio.ensure_future(timer.sleep_until(time.perf_counter() + 60))
        await asyncio.sleep(0)
        await asyncio.to_thread(timer.stop)
        await asyncio.wait_for(waiting, 5)

    asyncio.run(run())
