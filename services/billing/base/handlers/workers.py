"""Working off what is due in the background: a few at a time, so that calls are not held up."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

import structlog

AT_ONCE: Final = 4

Item = TypeVar("Item")

log = structlog.get_logger()


async def process_each(
    items: Sequence[Item], work: Callable[[Item], Awaitable[object]], name: Callable[[Item], str]
) -> list[Item]:
    """Do the work for each item; return those for which it failed, which is logged.

    They are taken in any order, for other processes are at work on the same. When all fail it is
    not for what they are, and the first failure is raised.
    """
    waiting = list(items)
    random.shuffle(waiting)
    failures: list[tuple[Item, Exception]] = []

    async def worker() -> None:
        while waiting:
            item = waiting.pop()
            try:
                await work(item)
            except Exception as error:  # noqa: BLE001 - whatever it is, it must keep no other back
                failures.append((item, error))

    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
    if failures and len(failures) == len(items):
        raise failures[0][1]
    for item, error in failures:
        log.error("left for the next time", item=name(item), exc_info=error)
    return [item for item, _ in failures]
