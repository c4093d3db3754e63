"""Handing records of calls over to RabbitMQ: where they land, and what it refuses."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel, AbstractQueue
from pydantic import SecretStr

from contracts.accounts import User
from contracts.calls import CALLS_EXCHANGE, CallEnded
from gateway.features.calls import records as actions
from gateway.http.problems import RefusedWith
from gateway.identity.caller import Caller
from gateway.identity.keys import Key
from gateway.identity.runtime import Gateway
from gateway.memory import account_lookup as call_owners_module
from gateway.memory.account_lookup import AccountLookup, Name
from gateway.settings import GatewaySettings
from services.chassis.bus import Bus
from services.chassis.principal import Principal

SWITCH = Principal(id="key_1", account_id="platform", parent_id="", role="switch")


def record(account_id: str, number: int = 0) -> CallEnded:
    return CallEnded(
        call_id=f"{account_id}-{number}",
        account_id=account_id,
        caller="104",
        destination="+919876543210",
        answered_at=datetime(2026, 11, 22, 9, 0, tzinfo=UTC),
        seconds=61,
    )


@pytest.fixture
async def channel(rabbitmq_url: str) -> AsyncIterator[AbstractChannel]:
    """Give a channel on a broker where nothing takes calls yet."""
    connection = await aio_pika.connect(rabbitmq_url)
    async with connection, connection.channel() as channel:
        await channel.exchange_delete(CALLS_EXCHANGE)
        yield channel
        await channel.exchange_delete(CALLS_EXCHANGE)


async def queue_of(channel: AbstractChannel, **arguments: Any) -> AbstractQueue:  # noqa: ANN401 - what RabbitMQ takes
    """Declare a queue that takes calls, for as long as the test lasts."""
    exchange = await channel.declare_exchange(CALLS_EXCHANGE, "x-consistent-hash", durable=True)
    queue = await channel.declare_queue(
        f"test.{uuid.uuid4().hex}",
        exclusive=True,
        arguments={name.replace("_", "-"): value for name, value in arguments.items()},
    )
    await queue.bind(exchange, "10")
    return queue


@pytest.fixture
async def switch(
    channel: AbstractChannel, gateway_settings: GatewaySettings, rabbitmq_url: str
) -> AsyncIterator[Caller]:
    """Give the switch at a gateway that has a broker and nothing else."""
    del channel  # the exchange is this gateway's to declare
    url = {"rabbitmq_url": SecretStr(rabbitmq_url)}
    gateway = Gateway(gateway_settings.model_copy(update=url))
    async with gateway.bus:
        user = User.model_construct(account_status="active")
        yield Caller(gateway, "request", "127.0.0.1", user, SWITCH)
    gateway.passwords.stop()
    gateway.database.client.close()


async def bodies_in(queue: AbstractQueue) -> dict[str, list[list[dict[str, Any]]]]:
    """Return the messages of a queue, by routing key."""
    found: dict[str, list[list[dict[str, Any]]]] = {}
    while (message := await queue.get(no_ack=True, fail=False)) is not None:
        assert message.delivery_mode == aio_pika.DeliveryMode.PERSISTENT
        assert (message.type, message.correlation_id) == (CallEnded.topic, "request")
        found.setdefault(message.routing_key or "", []).append(json.loads(message.body))
    return found


async def test_records_travel_by_account_in_messages_of_a_hundred(
    switch: Caller, channel: AbstractChannel
) -> None:
    queue = await queue_of(channel)
    records = [record(f"acc_{number % 2}", number) for number in range(402)]
    taken = await actions.take_records(switch, records)
    assert taken.accepted == 402
    found = await bodies_in(queue)
    assert {key: [len(body) for body in bodies] for key, bodies in found.items()} == {
        "acc_0": [100, 100, 1],
        "acc_1": [100, 100, 1],
    }
    told = {one["call_id"] for bodies in found.values() for body in bodies for one in body}
    assert told == {one.call_id for one in records}


async def test_records_say_how_they_are_dialled_as_the_switchs_key_does(
    switch: Caller, channel: AbstractChannel
) -> None:
    queue = await queue_of(channel)
    key = Key(
        id="key_1",
        name="Switch",
        scope="calls",
        hint="am_12345",
        user_id="usr_1",
        account_id="platform",
        parent_id="",
        role="operator",
        created_at=datetime(2026, 11, 22, tzinfo=UTC),
        used_at=None,
        dial_format="e164",
    )
    records = [
        record("acc_1", 1),
        record("acc_1", 2).model_copy(update={"dial_format": "national"}),
    ]
    await actions.take_records(replace(switch, key=key), records)
    (body,) = (await bodies_in(queue))["acc_1"]
    assert [one["dial_format"] for one in body] == ["e164", "national"]


async def test_records_that_nothing_takes_are_refused_to_be_sent_again(switch: Caller) -> None:
    with pytest.raises(RefusedWith, match="unavailable") as refused:
        await actions.take_records(switch, (record("acc_1"),))
    assert refused.value.headers == {"Retry-After": "5"}
    assert "Send all of them again" in refused.value.problem.detail


async def test_a_queue_that_is_full_is_told_of(switch: Caller, channel: AbstractChannel) -> None:
    queue = await queue_of(channel, x_max_length=2, x_overflow="reject-publish")
    for number in range(2):
        await actions.take_records(switch, (record("acc_1", number),))
    with pytest.raises(RefusedWith, match="unavailable"):
        await actions.take_records(switch, (record("acc_1", 2),))
    await queue.purge()
    taken = await actions.take_records(switch, (record("acc_1"),))
    assert taken.accepted == 1


async def test_records_wait_no_longer_than_a_switch_does_for_a_broker_that_is_away(
    switch: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "HAND_OVER_SECONDS", 0.2)

    async def never(bus: Bus, message: object) -> None:
        del bus, message
        await asyncio.Event().wait()

    monkeypatch.setattr(Bus, "publish", never)
    with pytest.raises(RefusedWith, match="unavailable"):
        await actions.take_records(switch, (record("acc_1"),))


def test_owners_are_remembered_for_each_switch_and_not_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(call_owners_module, "OWNERS_REMEMBERED", 2)
    owners = AccountLookup()
    names = [Name("realm", f"{number}.example") for number in range(3)]
    owners.remember("platform", {names[0]: "acc_0", names[1]: "acc_1"})
    assert owners.known("platform", names) == {names[0]: "acc_0", names[1]: "acc_1"}
    assert owners.known("acc_r1", names) == {}
    owners.remember("platform", {names[2]: "acc_2"})
    assert owners.known("platform", names) == {names[1]: "acc_1", names[2]: "acc_2"}
