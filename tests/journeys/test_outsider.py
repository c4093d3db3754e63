"""Another platform system listens to events, with nothing of ours but a user and the contracts."""

import asyncio
import json
from pathlib import Path
from typing import Any

import aio_pika
import jsonschema
import pytest
from aio_pika.exceptions import AMQPError

from local.servers import Addresses
from local.system import System
from tests.world import World

SCHEMAS = Path(__file__).parents[2] / "contracts" / "schemas"
PATIENCE_SECONDS = 20
LIFE = [
    "accounts.account-opening.v1",
    "accounts.account-activated.v1",
    "accounts.account-changed.v1",
    "accounts.account-disabled.v1",
    "accounts.account-enabled.v1",
    "accounts.account-closed.v1",
]


@pytest.fixture
def crm_url(system: System) -> str:
    """Give the URL of the outside subscriber `crm` on the running system's broker."""
    addresses: Addresses = system.addresses
    return addresses.rabbitmq_url("crm")


async def test_an_outsider_hears_every_event_of_an_accounts_life(
    world: World, crm_url: str
) -> None:
    reseller = await world.reseller(numbers=1)
    connection = await aio_pika.connect(crm_url)
    async with connection, connection.channel() as channel:
        exchange = await channel.get_exchange("events", ensure=False)
        queue = await channel.declare_queue("crm.on.accounts", exclusive=True)
        await queue.bind(exchange, routing_key="accounts.#")
        account = await reseller.client.open_account(reseller.order())
        path = f"/v1/accounts/{account['id']}"
        name = f"{account['name']} renamed"
        await reseller.client.patch(path, {"name": name}, account["version"])
        await reseller.client.post(f"{path}/disable", {"reason": "a test"})
        await reseller.client.post(f"{path}/enable")
        await reseller.client.delete(path, confirm_name=name)
        heard: list[tuple[str, dict[str, Any], Any]] = []
        async with asyncio.timeout(PATIENCE_SECONDS), queue.iterator() as messages:
            async for message in messages:
                body = json.loads(message.body)
                if body["account_id"] == account["id"]:
                    heard.append((message.routing_key or "", body, message))
                await message.ack()
                if message.routing_key == LIFE[-1] and body["account_id"] == account["id"]:
                    break
    assert [topic for topic, _, _ in sorted(heard, key=lambda item: item[1]["version"])] == LIFE
    for topic, body, message in heard:
        schema = json.loads((SCHEMAS / f"{topic}.json").read_text())
        jsonschema.validate(body, schema)
        assert message.type == topic
        assert message.message_id
        assert message.correlation_id
        assert message.timestamp is not None
        assert message.content_type == "application/json"
    assert len({message.message_id for _, _, message in heard}) == len(LIFE)


async def test_an_outsider_can_neither_order_anything_nor_pretend_to_be_a_service(
    world: World, crm_url: str
) -> None:
    del world  # the exchanges are there once the system runs
    for exchange_name in ("commands", "events"):
        connection = await aio_pika.connect(crm_url)
        async with connection:
            channel = await connection.channel()
            exchange = await channel.get_exchange(exchange_name, ensure=False)
            with pytest.raises(AMQPError):
                await exchange.publish(aio_pika.Message(b"{}"), "accounts.close-account.v1")
