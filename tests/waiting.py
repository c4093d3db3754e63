"""Waiting for what happens by itself, never longer than a bound."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

Value = TypeVar("Value")

WAIT_SECONDS = 60.0
POLL_SECONDS = 0.02
PAUSE_PER_LOOK = 3
"""A look that takes long keeps others from what is waited for; it gets a quarter of the time."""

PAUSE_SECONDS_MAX = 0.5


async def eventually(
    look: Callable[[], Awaitable[Value] | Value], *, seconds: float = WAIT_SECONDS
) -> Value:
    """Return the first true value that `look` gives; fails when none comes in time.

    An AssertionError of `look` counts as not yet: the last one says what was still missing.
    """
    until = time.monotonic() + seconds
    while True:
        began = time.monotonic()
        missing: AssertionError | None = None
        try:
            found: Any = look()
            value: Value = await found if inspect.isawaitable(found) else found
            if value:
                return value
        except AssertionError as error:
            missing = error
        if time.monotonic() > until:
            raise AssertionError(f"it did not come about within {seconds:.0f} s") from missing
        took = time.monotonic() - began
        await asyncio.sleep(min(max(POLL_SECONDS, took * PAUSE_PER_LOOK), PAUSE_SECONDS_MAX))
