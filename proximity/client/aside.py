"""Slow work in a thread of its own, so that the radio is never kept waiting."""

import asyncio
import threading
from collections.abc import Callable
from typing import Protocol, TypeVar

T = TypeVar("T")


class Aside(Protocol):
    """Does work that would keep an event loop waiting."""

    async def __call__(self, work: Callable[[], T], /) -> T:
        """Return what the work returns, or raise what it raises."""
        ...


async def in_thread(work: Callable[[], T], /) -> T:
    """Do work in a thread that an ending program does not wait for.

    The threads of `asyncio.to_thread` would hold up the end until a slow server has
    answered; whatever the work stores must survive a kill anyway.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if done.cancelled():
            return
        if error is not None:
            done.set_exception(error)
        else:
            # Without an error there is a result.
            done.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        result, failure = None, None
        try:
            result = work()
        except BaseException as error:
            failure = error
        # A loop that has ended meanwhile wants no answer.
        try:
            loop.call_soon_threadsafe(settle, result, failure)
        except RuntimeError:
            return

    threading.Thread(target=run, name="aside", daemon=True).start()
    return await done
