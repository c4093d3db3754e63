"""The past of the demo: a month of calls and credit, lived through day by day."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from local.client import Client, Json
from local.traffic import callers_of, calls_of_day, send, settled

DAYS: Final = 31
SECONDS_PER_DAY: Final = 86_400
CREDIT_EVERY_DAYS: Final = 7
SEED: Final = 2_026

SetClock = Callable[[int], None]
"""Puts the clock of all processes so many seconds back."""


async def make_history(demo: Json, set_clock: SetClock) -> None:
    """Live through the days up to now; the clock stands a month back when this begins."""
    dice = random.Random(SEED)  # noqa: S311 - no secret, and the same calls each time
    async with Client(demo["portal"], demo["keys"]["reseller"]) as reseller:
        callers = await callers_of(reseller)
        for days_back in range(DAYS - 1, -1, -1):
            set_clock(days_back * SECONDS_PER_DAY)
            now = datetime.now(UTC) - timedelta(days=days_back)
            records = calls_of_day(callers, now, dice)
            await send(demo["portal"], demo["keys"]["switch"], records)
            answered = [record for record in records if record["seconds"]]
            # the last one is enough to let a day end with its calls; all are looked at in the end
            await settled(reseller, answered if days_back == 0 else answered[-1:])
            if days_back % CREDIT_EVERY_DAYS == CREDIT_EVERY_DAYS - 1:
                for caller in callers:
                    amount = dice.randrange(20, 60) + caller.users * 2
                    order = {"amount": f"{amount}.00", "note": "Top-up"}
                    await reseller.post(f"/v1/accounts/{caller.account_id}/credits", order)
