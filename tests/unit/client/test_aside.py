import asyncio
import threading

import pytest

from proximity.client.aside import in_thread
from proximity.errors import NetworkError


def test_work_is_done_in_another_thread_and_its_result_comes_back():
    async def main() -> tuple[int, bool]:
        here = threading.get_ident()
        there = await in_thread(threading.get_ident)
        return there, there != here

    there, is_other = asyncio.run(main())

    assert there
    assert is_other


def test_what_the_work_raises_comes_back():
    def fail() -> None:
        raise NetworkError("The server does not answer.", "Try again.")

    with pytest.raises(NetworkError):
        asyncio.run(in_thread(fail))


def test_the_end_of_a_program_does_not_wait_for_slow_work():
    release = threading.Event()

    async def main() -> None:
        task = asyncio.create_task(in_thread(release.wait))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())

    assert not release.is_set()
    release.set()
