"""The past of the demo: a month of calls, credit and a renewal, lived through day by day."""

import asyncio
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from local.client import Client, Json
from local.traffic import callers_of, calls_of_day, send, settled

DAYS: Final = 32
"""A month and a day: where clocks were changed meanwhile, 31 times 24 hours may be 30 days."""

SECONDS_PER_DAY: Final = 86_400
CREDIT_EVERY_DAYS: Final = 7
SEED: Final = 2_026
LATE_CREDIT: Final = "250.00"
RENEWED_SECONDS_MAX: Final = 60.0
POLL_SECONDS: Final = 0.5

SetClock = Callable[[int], None]
"""Puts the clock of all processes so many seconds back."""


async def make_history(demo: Json, set_clock: SetClock) -> None:
    """Live through the days up to now; the clock stands a month back when this begins.

    A renewal falls into the last ones of them. The customer with a log-in pays too late for it, and
    so has a bill to pay.
    """
    dice = random.Random(SEED)  # noqa: S311 - no secret, and the same calls each time
    async with Client(demo["portal"], demo["keys"]["reseller"]) as reseller:
        callers = await callers_of(reseller)
        customers = await reseller.get("/v1/accounts", q=demo["logins"]["customer"]["email"])
        late = customers["data"][0]["id"]
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
                    amount = dice.randrange(20, 60) + caller.users * 4
                    if caller.account_id != late:
                        await _add_credit(reseller, caller.account_id, f"{amount}.00")
        await _billed(reseller, late)
        await _add_credit(reseller, late, LATE_CREDIT)


async def _add_credit(reseller: Client, account_id: str, amount: str) -> None:
    order = {"amount": amount, "note": "Top-up"}
    await reseller.post(f"/v1/accounts/{account_id}/credits", order)


async def _billed(reseller: Client, account_id: str) -> None:
    """Wait until the account's renewal is billed; its balance does not cover it."""
    until = time.monotonic() + RENEWED_SECONDS_MAX
    path = f"/v1/accounts/{account_id}/invoices"
    while not (await reseller.get(path, status="unpaid"))["data"]:
        assert time.monotonic() < until, f"{account_id} was not billed in time"
        await asyncio.sleep(POLL_SECONDS)
