"""`make demo-traffic`: a day of calls as a switch tells of them, through the public API only."""

import asyncio
import json
import math
import random
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import phonenumbers

from local.client import Client, Json
from local.processes import ROOT, StartError

CALLS_PER_USER: Final = 1.2
CALLS_PER_ACCOUNT_MAX: Final = 40
UNANSWERED: Final = 0.12
ABROAD: Final = 0.75
BUSY_HOURS: Final = (0.2, 0.1, 0.1, 0.1, 0.1, 0.2, 0.5, 1, 3, 6, 8, 8, 6, 7, 8, 7, 5, 3, 2, 1)
"""How many calls fall on each hour of the day, in proportion; later hours are like the last."""

MINUTES_TYPICAL: Final = 2.2
SECONDS_MAX: Final = 5_400
BATCH_CALLS: Final = 500
AUTHORIZED_FIRST: Final = 10
"""How many of the day's calls ask before, each at its own pace; the rest is only told of."""

SETTLED_SECONDS_MAX: Final = 60.0
POLL_SECONDS: Final = 0.05
PAGE: Final = 100


class Caller(NamedTuple):
    """An account that makes calls."""

    account_id: str
    users: int
    home: str
    countries: tuple[str, ...]
    opened_at: datetime


async def callers_of(reseller: Client) -> list[Caller]:
    """Return the active accounts of a reseller that have a plan."""
    found: list[Caller] = []
    cursor: str | None = None
    while True:
        page = await reseller.get("/v1/accounts", status="active", limit=PAGE, cursor=cursor)
        for account in page["data"]:
            if account.get("plan"):
                plan = await reseller.get(f"/v1/accounts/{account['id']}/plan")
                countries = tuple(opened["country"] for opened in plan["countries"])
                opened_at = datetime.fromisoformat(account["created_at"])
                found.append(
                    Caller(account["id"], plan["users"], account["country"], countries, opened_at)
                )
        cursor = page.get("next")
        if not cursor:
            return found


def calls_of_day(
    callers: Sequence[Caller], until: datetime, dice: random.Random, *, hours: int = 24
) -> list[Json]:
    """Return the records of the hours before a moment, in the order in which the calls ended."""
    records: list[Json] = []
    for caller in callers:
        number = min(
            round(caller.users * CALLS_PER_USER * dice.uniform(0.4, 1.6)), CALLS_PER_ACCOUNT_MAX
        )
        records += [_record(caller, until, dice, hours) for _ in range(max(number, 1))]
    return sorted(records, key=_ended_at)


def _ended_at(record: Json) -> datetime:
    return datetime.fromisoformat(record["answered_at"]) + timedelta(seconds=record["seconds"])


def _record(caller: Caller, until: datetime, dice: random.Random, hours: int) -> Json:
    # a log-normal, as the lengths of calls are spread
    lasts = int(60 * MINUTES_TYPICAL * math.exp(dice.gauss(0, 1.0)))
    seconds = 0 if dice.random() < UNANSWERED else min(max(lasts, 3), SECONDS_MAX)
    answered_at = until - timedelta(hours=hours) + timedelta(seconds=_second(dice, hours))
    answered_at = min(answered_at, until - timedelta(seconds=seconds + 1))
    answered_at = max(answered_at, caller.opened_at)
    abroad = caller.countries and dice.random() < ABROAD
    country = dice.choice(caller.countries) if abroad else caller.home
    return {
        "call_id": f"demo-{dice.getrandbits(64):016x}",
        "account_id": caller.account_id,
        "caller": _number(caller.home, dice),
        "destination": _number(country, dice),
        "answered_at": answered_at.astimezone(UTC).isoformat(timespec="seconds"),
        "seconds": seconds,
    }


def _second(dice: random.Random, hours: int) -> int:
    busy = [BUSY_HOURS[min(hour, len(BUSY_HOURS) - 1)] for hour in range(hours)]
    (hour,) = dice.choices(range(hours), weights=busy)
    return hour * 3_600 + dice.randrange(3_600)


@cache
def _examples(country: str) -> tuple[str, ...]:
    """Return the fixed and mobile example numbers of a country, in E.164."""
    kinds = (phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.MOBILE)
    found = (phonenumbers.example_number_for_type(country, kind) for kind in kinds)
    form = phonenumbers.PhoneNumberFormat.E164
    return tuple(phonenumbers.format_number(number, form) for number in found if number)


def _number(country: str, dice: random.Random) -> str:
    """Return a number of a country: an example with other last digits where that is one too."""
    example = dice.choice(_examples(country))
    other = f"{example[:-3]}{dice.randrange(1_000):03d}"
    return other if phonenumbers.is_valid_number(phonenumbers.parse(other)) else example


async def send(portal_url: str, switch_key: str, records: Sequence[Json]) -> None:
    """Authorise a few of the calls, then tell of all."""
    async with Client(portal_url, switch_key) as switch:
        for record in records[:AUTHORIZED_FIRST]:
            asked = {name: record[name] for name in ("call_id", "account_id", "destination")}
            await switch.post("/v1/calls/authorize", {**asked, "requested_seconds": 3_600})
        for start in range(0, len(records), BATCH_CALLS):
            batch = records[start : start + BATCH_CALLS]
            await switch.post("/v1/calls/batch", {"calls": batch})


async def settled(reseller: Client, records: Sequence[Json]) -> None:
    """Wait until the last call of every account stands in its ledger."""
    last = {record["account_id"]: record["call_id"] for record in records if record["seconds"]}
    until = time.monotonic() + SETTLED_SECONDS_MAX

    async def wait(account_id: str, call_id: str) -> None:
        path = f"/v1/accounts/{account_id}/transactions"
        while not any(
            entry["cause"] == call_id for entry in (await reseller.get(path, limit=20))["data"]
        ):
            assert time.monotonic() < until, f"{call_id} of {account_id} was not charged in time"
            await asyncio.sleep(POLL_SECONDS)

    for account_id, call_id in last.items():
        await wait(account_id, call_id)


async def _today(demo: Json) -> int:
    async with Client(demo["portal"], demo["keys"]["reseller"]) as reseller:
        callers = await callers_of(reseller)
        dice = random.Random()  # noqa: S311 - no secret
        records = calls_of_day(callers, datetime.now(UTC), dice)
        await send(demo["portal"], demo["keys"]["switch"], records)
        await settled(reseller, records)
    return len(records)


def main() -> int:
    """Send a day of calls to the system that `make run` has started."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / ".run"
    path = folder / "demo.json"
    if not path.exists():
        print("Start the system first: make run", file=sys.stderr)
        return 1
    try:
        number = asyncio.run(_today(json.loads(path.read_text())))
    except OSError as error:
        raise StartError("The system does not answer; start it with `make run`.") from error
    print(f"{number} calls were made, told of and charged.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
