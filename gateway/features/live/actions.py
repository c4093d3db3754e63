"""Watching what happens, as it happens."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from gateway.events.live import LiveEvent, Subscription
from gateway.identity.caller import Caller, action

CHECK_SECONDS: Final = 15.0
"""How often a stream checks that its session or key still holds, when nothing has ended it."""


@action("operator", "reseller", "customer")
async def watch(caller: Caller, last_id: str = "") -> Subscription:
    """Begin to watch the events of the caller's account, after the event `last_id` if given.

    `unwatch` is to follow, whatever happens.
    """
    live = caller.gateway.live
    return live.subscribe(caller.account_id, caller.credential_id, last_id)


def unwatch(caller: Caller, subscription: Subscription) -> None:
    """Stop watching."""
    caller.gateway.live.unsubscribe(subscription)


async def events_of(caller: Caller, subscription: Subscription) -> AsyncIterator[LiveEvent]:
    """Yield events until the session or key ends, the browser falls behind or the gateway stops."""
    clock = asyncio.get_running_loop().time
    checked_at = clock()
    while not subscription.ended:
        try:
            event = await subscription.next(CHECK_SECONDS)
        except TimeoutError:
            event = None
        if clock() - checked_at >= CHECK_SECONDS:
            if not await caller.is_still_in():
                return
            checked_at = clock()
        if event is not None:
            yield event
