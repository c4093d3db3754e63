"""Opening accounts end to end: from the POST to `account-activated` at an outside subscriber."""

import asyncio
import json
import uuid
from typing import Final

import aio_pika
from aio_pika.abc import AbstractIncomingMessage

from benchmarks.load import Measured, measure
from local.client import Client

ACCOUNTS: Final = 300
IN_FLIGHT: Final = 8


async def open_accounts(client: Client, rabbitmq_url: str, rate_sheet_id: str) -> Measured:
    """Measure whole openings through gateway, accounts, billing and accounts again."""
    active: dict[str, asyncio.Event] = {}
    connection = await aio_pika.connect_robust(rabbitmq_url)
    async with connection, connection.channel() as channel:
        await channel.set_qos(prefetch_count=200)
        queue = await channel.declare_queue(f"crm.{uuid.uuid4().hex}", exclusive=True)
        await queue.bind("events", "accounts.account-activated.v1")

        async def heard(message: AbstractIncomingMessage) -> None:
            account_id = json.loads(message.body)["account_id"]
            active.setdefault(account_id, asyncio.Event()).set()
            await message.ack()

        await queue.consume(heard)

        async def open_one(number: int) -> None:
            answer = await client.post("/v1/accounts", _order(number, rate_sheet_id))
            await active.setdefault(answer["id"], asyncio.Event()).wait()

        await measure(lambda number: open_one(-1 - number), count=20, in_flight=IN_FLIGHT)
        return await measure(open_one, count=ACCOUNTS, in_flight=IN_FLIGHT)


def _order(number: int, rate_sheet_id: str) -> dict[str, object]:
    mark = f"{number} {uuid.uuid4().hex[:6]}".replace("-", "w")
    return {
        "name": f"Bench {mark}",
        "administrator": {
            "email": f"bench{mark.replace(' ', '')}@customer.example",
            "first_name": "Wei",
            "last_name": "Okafor",
            "phone": "+14155550142",
        },
        "plan": {
            "name": f"Office {mark}",
            "users": 5,
            "cost_per_user": "12.00",
            "rate_sheet_id": rate_sheet_id,
            "numbers": [],
            "countries": [{"country": "IN", "minutes": 300}],
        },
        "credit": {"amount": "100.00", "note": "benchmark"},
        "send_welcome": False,
    }
