"""No process falls over a message that it cannot understand; what can be kept is kept."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from typing import Final

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel
from aiormq.channel import Channel

from contracts.accounts import AccountClosed
from contracts.base import CATALOGUE, Event, Message
from contracts.billing import AuthorizeCall, BalanceLow
from contracts.calls import CALLS_EXCHANGE, CallEnded
from services.chassis import wire
from services.chassis.dead_letters import dead_letters
from services.chassis.discover import load_service, service_names
from tests.faults import broken
from tests.waiting import eventually
from tests.world import World

VICTIM: Final = "operations.nobody-answers-here"
SETTLE_SECONDS: Final = 240.0
LARGE: Final = (AccountClosed, BalanceLow, AuthorizeCall)


def consumers() -> Iterator[tuple[type[Message], frozenset[str]]]:
    """Yield every kind of message that a process takes, with the services that do."""
    takers: defaultdict[type[Message], set[str]] = defaultdict(set)
    for name in service_names():
        service = load_service(name)
        for kind in service.handlers:
            takers[kind].add(name)
        for source in service.sources:
            takers[source.kind].add(name)
    for kind in CATALOGUE.values():
        # the gateway takes every event; tests have messages of their own beside the contracts'
        if issubclass(kind, Event) and kind.__module__.startswith("contracts."):
            takers[kind] |= set()
    for kind, names in takers.items():
        yield kind, frozenset(names)


def exchange_of(kind: type[Message]) -> str:
    """Return where a kind of message is published."""
    return CALLS_EXCHANGE if kind is CallEnded else wire.exchange_of(kind)


async def waiting_in(channel: AbstractChannel, service: str) -> int:
    """Return how many dead letters a service has."""
    queue = await channel.declare_queue(wire.dead_letter_queue(service), passive=True)
    return queue.declaration_result.message_count or 0


async def publish_broken(channel: Channel) -> dict[str, dict[str, str]]:
    """Publish broken messages of every kind; return which must be kept, and why, by service."""
    kept: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for kind, services in consumers():
        every = list(broken.messages(kind, VICTIM))
        if kind in LARGE:
            every.append(broken.large(kind))
        for one in every:
            await channel.basic_publish(
                one.body,
                exchange=exchange_of(kind),
                routing_key=kind.topic,
                properties=one.properties,
            )
            # a record of a call that is none is set aside as a rejected call, not as a dead letter
            if one.kept and kind is not CallEnded:
                for service in services:
                    assert one.properties.message_id
                    kept[service][one.properties.message_id] = f"{kind.topic}: {one.fault}"
    return kept


@pytest.mark.timeout(600)
async def test_no_process_falls_over_a_message_that_it_cannot_understand(world: World) -> None:
    system = world.system
    pids = {name: member.pid for name, member in system.members.items()}
    url = system.addresses.rabbitmq_url("operations")
    async with await aio_pika.connect(url) as connection, connection.channel() as channel:
        await channel.declare_queue(VICTIM)
        underlay = await channel.get_underlay_channel()
        assert isinstance(underlay, Channel)
        kept = await publish_broken(underlay)
        assert all(kept[service] for service in service_names())

        async def all_kept() -> bool:
            found = [await waiting_in(channel, service) for service in service_names()]
            wanted = [len(kept[service]) for service in service_names()]
            return all(one >= other for one, other in zip(found, wanted, strict=True))

        await eventually(all_kept, seconds=SETTLE_SECONDS)
        await asyncio.to_thread(system.wait_until_ready)
        for service in service_names():
            letters = await dead_letters(url, service)
            missing = kept[service].keys() - {dead_letter.id for dead_letter in letters}
            assert not missing, [kept[service][one] for one in missing]
            assert all(dead_letter.reason for dead_letter in letters)
        victim = await channel.declare_queue(VICTIM, passive=True)
        assert victim.declaration_result.message_count == 0, "an answer went where it was told to"

    await world.reseller()  # every service does its part, and the gateway hears of it
    system.check()
    await asyncio.to_thread(system.wait_until_ready)
    assert {name: member.pid for name, member in system.members.items()} == pids
    assert all("gateway failed" not in member.log.read_text() for member in system.members.values())
